import { assertEquals, assertMatch } from "@std/assert";
import { createChat, messageText } from "../../lib/client/client/chat.js";
import { browserRuntime } from "../../lib/client/client/runtime.js";
import { createManualClock } from "../support/manual_clock.ts";

const SERVER = "https://edge.test";
const ID = "trip";

/** Writes frames of the AI SDK's dialect. */
function uiFrames(...parts: readonly unknown[]): string {
  return parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join("");
}

const START = { type: "start", messageId: "run-1" };
const FINISH = { type: "finish", finishReason: "stop" };

function delta(text: string) {
  return { type: "text-delta", id: "1", delta: text };
}

function createStorage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** Creates a chat whose server responds with the given bodies, one per request. "hang" never ends. */
function createChatUnderTest(
  bodies: readonly (string | Response | "hang")[],
  storage = createStorage(),
) {
  const clock = createManualClock();
  const requests: SentRequest[] = [];
  const pending = [...bodies];
  async function fetchFromTest(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const text = await request.text();
    const { pathname } = new URL(request.url);
    requests.push({ method: request.method, path: pathname, body: text && JSON.parse(text) });
    if (pathname.endsWith("/stop")) return Response.json({ success: true });
    const body = pending.shift();
    if (body === "hang") {
      return await new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => reject(request.signal.reason))
      );
    }
    if (body === undefined) throw new TypeError("Failed to fetch");
    const response = body instanceof Response
      ? body
      : new Response(body, { headers: { "content-type": "text/event-stream" } });
    return Object.defineProperty(response, "url", { value: request.url });
  }
  const runtime = { ...browserRuntime(), ...clock, random: () => 0.5, fetch: fetchFromTest };
  const chat = createChat({ id: ID, url: SERVER, storage: () => storage }, runtime);
  const texts = () => chat.state().messages.map((message) => [message.role, messageText(message)]);
  return { chat, clock, requests, texts, storage };
}

Deno.test("createChat() sends a message with those before it, and keeps the answer", async () => {
  const first = uiFrames(START, delta("Gold "), delta("rose."), FINISH);
  const second = uiFrames({ ...START, messageId: "run-2" }, delta("Yes."), FINISH);
  const { chat, requests, texts, storage } = createChatUnderTest([first, second]);
  await chat.send("Gold?");
  assertEquals(texts(), [["user", "Gold?"], ["assistant", "Gold rose."]]);
  await chat.send("Sure?");
  const ids = chat.state().messages.map(({ id }) => id);
  assertEquals(requests.map(({ method, path }) => [method, path]), [
    ["POST", "/v1/chat"],
    ["POST", "/v1/chat"],
  ]);
  assertEquals(requests[1]?.body, {
    id: ID,
    messages: [
      { id: ids[0], role: "user", parts: [{ type: "text", text: "Gold?" }] },
      { id: "run-1", role: "assistant", parts: [{ type: "text", text: "Gold rose." }] },
      { id: ids[2], role: "user", parts: [{ type: "text", text: "Sure?" }] },
    ],
    trigger: "submit-message",
  });
  assertEquals(createChatUnderTest([], storage).texts(), texts());
});

Deno.test("createChat() resumes natively after a cut, and shows the answer once", async () => {
  const cut = uiFrames(START, delta("Gold "));
  const native = [
    `event: sync\ndata: {"resumed":false,"heartbeat_ms":15000}\n\n`,
    `event: part\ndata: {"run":"run-1","kind":"text","text":"Gold rose"}\nid: 5-1\n\n`,
    `event: part\ndata: {"run":"run-1","kind":"text","text":"."}\nid: 5-2\n\n`,
    `event: done\ndata: {"run":"run-1","finish_reason":"stop"}\nid: 5-3\n\n`,
  ].join("");
  const { chat, clock, requests, texts } = createChatUnderTest([cut, native]);
  const sent = chat.send("Gold?");
  await clock.advance(5000);
  await sent;
  assertEquals(texts(), [["user", "Gold?"], ["assistant", "Gold rose."]]);
  assertEquals(requests.map(({ method, path }) => [method, path]), [
    ["POST", "/v1/chat"],
    ["GET", `/v1/chat/${ID}/stream`],
  ]);
});

Deno.test("createChat() resumes an answer that a reload has interrupted, with its first listener", async () => {
  const before = createChatUnderTest(["hang"]);
  void before.chat.send("Gold?");
  await before.clock.advance(0);
  const replay = [
    `event: sync\ndata: {"resumed":false,"heartbeat_ms":15000}\n\n`,
    `event: part\ndata: {"run":"run-1","kind":"text","text":"Gold rose."}\nid: 5-1\n\n`,
    `event: done\ndata: {"run":"run-1","finish_reason":"stop"}\nid: 5-2\n\n`,
  ].join("");
  const { chat, clock, requests, texts } = createChatUnderTest([replay], before.storage);
  assertEquals(requests, []);
  const unsubscribe = chat.subscribe(() => {});
  await clock.advance(100);
  unsubscribe();
  assertEquals(requests.map(({ method }) => method), ["GET"]);
  assertEquals(chat.state().messages.at(-1)?.id, "run-1");
  assertEquals(texts(), [["user", "Gold?"], ["assistant", "Gold rose."]]);
  await before.chat.stop();
});

Deno.test("createChat() stops an answer here and on the server, and keeps its text", async () => {
  const whole = uiFrames(START, delta("Silver rose."), FINISH);
  const { chat, clock, requests } = createChatUnderTest(["hang", whole]);
  const sent = chat.send("Gold?");
  await clock.advance(0);
  assertEquals(chat.state().isBusy, true);
  await chat.stop();
  await sent;
  assertEquals([chat.state().isBusy, chat.state().messages.at(-1)?.state], [false, "stopped"]);
  assertEquals(requests.at(-1)?.path, `/v1/chat/${ID}/stop`);
  await chat.send("Silver?");
  const { messages } = Object(requests.at(-1)?.body);
  assertEquals(messages.map(({ role }: { role: string }) => role), ["user", "user"]);
});

Deno.test("createChat() shows why an answer failed, and regenerates it on retry", async () => {
  const failed = uiFrames(START, delta("Go"), { type: "error", errorText: "The model broke off." });
  const whole = uiFrames({ ...START, messageId: "run-2" }, delta("Gold rose."), FINISH);
  const { chat, requests, texts } = createChatUnderTest([failed, whole]);
  await chat.send("Gold?");
  const answer = chat.state().messages.at(-1);
  assertEquals([answer?.state, answer?.error], ["failed", "The model broke off."]);
  await chat.retry();
  assertEquals(texts(), [["user", "Gold?"], ["assistant", "Gold rose."]]);
  assertMatch(JSON.stringify(requests[1]?.body), /"trigger":"regenerate-message"/);
});

Deno.test("createChat() sends a message again that was refused, under its first id", async () => {
  const whole = uiFrames(START, delta("Gold rose."), FINISH);
  const { chat, requests, texts } = createChatUnderTest(
    [Response.json({ detail: "Bad." }, { status: 400 }), whole],
  );
  await chat.send("Gold?");
  assertEquals(chat.state().messages.at(-1)?.error, "Bad.");
  await chat.retry();
  assertEquals(texts(), [["user", "Gold?"], ["assistant", "Gold rose."]]);
  assertEquals(requests[1]?.body, requests[0]?.body);
});
