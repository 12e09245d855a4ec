import { HttpAgent } from "@ag-ui/client";
import { assert, assertEquals } from "@std/assert";
import { ChatClient, fetchServerSentEvents } from "@tanstack/ai-client";
import { z } from "zod";
import type { ChatPart } from "../../lib/topics/chat/part.ts";
import { until } from "../support/within.ts";
import { answerOf, CHAT_ID, CLIENTS } from "./clients.ts";
import { type ChatServer, MODEL_SECRET, startChatServer } from "./server.ts";
import { ClientTable } from "./table.ts";
import { UI_CHATS, type UiChat } from "./ui_chats.ts";
import type { TestWire } from "./wire.ts";

const TABLE = new ClientTable([
  "answer",
  "reasoning",
  "tools",
  "components",
  "errors",
  "resume after a cut",
  "reload",
  "second device",
  "stop",
  "repeat",
]);

const QUESTION = "How is gold doing?";

/** An answer in which calls of tools overlap, and a character is cut. */
const PARTS: readonly ChatPart[] = [
  { kind: "reasoning", text: "The user " },
  { kind: "reasoning", text: "means gold." },
  { kind: "text", text: "Gold is " },
  { kind: "text", text: "up \ud83d" },
  { kind: "text", text: "\udcc8\r\nby 1%." },
  { kind: "component", id: "prices", operation: "create", component: { type: "table" } },
  { kind: "text", text: " Silver?" },
  { kind: "tool", id: "call-1", name: "look_up", text: '{"symbol":' },
  { kind: "tool", id: "call-2", name: "list_all", text: "" },
  { kind: "tool", id: "call-1", name: "look_up", text: '"XAG-USD"}' },
];

const text = (text: string): ChatPart => ({ kind: "text", text });

/** Waits until a client shows a text. */
async function untilShown(expected: string, shown: () => string): Promise<void> {
  await until(
    `a client that shows ${expected}`,
    () => shown().includes(expected) || undefined,
    { deadlineMs: 5_000, everyMs: 1 },
  );
}

/** Stops the chat's answer as the documentation of `useChat` recommends. */
async function stop({ fetch }: TestWire): Promise<void> {
  const response = await fetch(`/v1/chat/${CHAT_ID}/stop`, { method: "POST" });
  assertEquals(await response.json(), { success: true });
}

for (const { name, isOpenAi, ask } of CLIENTS) {
  const shows = ["answer", "reasoning", "tools", ...isOpenAi ? [] : ["components"]];
  TABLE.test(name, shows, "yes", "shows text, reasoning, components and tool calls", async () => {
    await using server = startChatServer();
    const asked = ask(server.wire, QUESTION);
    const answer = await server.nextAnswer();
    for (const part of PARTS) answer.add(part);
    answer.finish("tool_calls");
    assertEquals(await asked, {
      text: "Gold is up \u{1f4c8}\r\nby 1%. Silver?",
      reasoning: "The user means gold.",
      calls: [
        { id: "call-1", name: "look_up", input: { symbol: "XAG-USD" } },
        { id: "call-2", name: "list_all", input: {} },
      ],
      components: isOpenAi ? [] : ["table"],
      error: null,
    });
    assertEquals(server.wire.openResponses, 0);
  });

  TABLE.test(name, ["answer"], "yes", "shows an empty answer", async () => {
    await using server = startChatServer();
    const asked = ask(server.wire, QUESTION);
    (await server.nextAnswer()).finish();
    const { text, error, calls } = await asked;
    assertEquals([text, error, calls], ["", null, []]);
  });

  for (const fault of ["fail", "breakOff"] as const) {
    TABLE.test(
      name,
      ["errors"],
      "yes",
      `reports ${fault}() of the model in our words`,
      async () => {
        await using server = startChatServer();
        const asked = ask(server.wire, QUESTION);
        const answer = await server.nextAnswer();
        answer.add(text("Gold is "));
        answer.add({ kind: "tool", id: "call-1", name: "look_up", text: '{"sym' });
        answer[fault]();
        const { text: shown, error } = await asked;
        assertEquals(shown, name === "openai, no stream" ? "" : "Gold is ");
        assert(error?.includes("The model's service"), String(error));
        assert(!error?.includes(MODEL_SECRET));
        // A repeated request would cost another answer.
        assertEquals(server.answers, 1);
      },
    );
  }

  TABLE.test(name, ["errors"], "yes", "reports the model's refusal in our words", async () => {
    await using server = startChatServer();
    server.refuse();
    const { text: shown, error } = await ask(server.wire, QUESTION);
    assertEquals(shown, "");
    assert(error?.includes("It has too many requests. Try again later."), String(error));
    assert(![error, ...server.lines].join().includes(MODEL_SECRET));
  });

  TABLE.test(name, ["errors"], "yes", "reports a server without an upstream", async () => {
    await using server = startChatServer({ CHAT_UPSTREAM_URL: "", CHAT_MODEL: "" });
    assert((await ask(server.wire, QUESTION)).error !== null);
  });

  if (isOpenAi) continue;
  TABLE.test(name, ["stop"], "yes", "takes a stopped answer for a complete one", async () => {
    await using server = startChatServer();
    const asked = ask(server.wire, QUESTION);
    const answer = await server.nextAnswer();
    answer.add(text("Gold is "));
    await stop(server.wire);
    const { text: shown, error } = await asked;
    assertEquals([shown, error], ["Gold is ", null]);
    assert(answer.isAborted);
  });
}

function shownBy(chat: UiChat): string {
  return answerOf(chat.messages, undefined).text;
}

/** The version that appends a replay to the parts it has, if it resumes without a reload. Nothing on the wire prevents it. */
const KEEPS_PARTS = "ai 5";

for (const { name, create } of UI_CHATS) {
  const isDoubled = name === KEEPS_PARTS;
  const resumes = isDoubled ? "repeats what it has shown" : "shows the answer once";
  const mark = isDoubled ? "only by a reload" : "yes";
  TABLE.test(name, ["resume after a cut"], mark, `after a cut ${resumes}`, async () => {
    await using server = startChatServer();
    const { wire } = server;
    const chat = create(wire, { id: CHAT_ID });
    const sent = chat.sendMessage({ text: QUESTION });
    const answer = await server.nextAnswer();
    answer.add({ kind: "reasoning", text: "Gold." }, text("Gold is "));
    await untilShown("Gold is", () => shownBy(chat));
    wire.cut();
    await sent;
    assertEquals(chat.status, "error");
    answer.add(text("up "));
    const resumed = chat.resumeStream();
    await untilShown("up", () => shownBy(chat));
    answer.add(text("by 1%."));
    answer.finish();
    await resumed;
    const { text: shown, reasoning, error } = answerOf(chat.messages, chat.error);
    const once = ["Gold is up by 1%.", "Gold.", null];
    const twice = ["Gold is Gold is up by 1%.", "Gold.Gold.", null];
    assertEquals([shown, reasoning, error], isDoubled ? twice : once);
    assertEquals([chat.messages.length, server.answers], [2, 1]);
  });

  for (const stored of ["half of the answer", "the question alone", "nothing"] as const) {
    TABLE.test(
      name,
      ["reload"],
      "yes",
      `after a reload with ${stored} shows the answer once`,
      async () => {
        await using server = startChatServer();
        const { wire } = server;
        const before = create(wire, { id: CHAT_ID });
        const sent = before.sendMessage({ text: QUESTION });
        const answer = await server.nextAnswer();
        answer.add(text("Gold is "));
        await untilShown("Gold is", () => shownBy(before));
        const count = { "half of the answer": 2, "the question alone": 1, nothing: 0 }[stored];
        const messages = before.messages.slice(0, count);
        wire.cut();
        await sent;
        const reloaded = create(wire, { id: CHAT_ID, messages });
        const resumed = reloaded.resumeStream();
        await untilShown("Gold is", () => shownBy(reloaded));
        answer.add(text("up."));
        answer.finish();
        await resumed;
        assertEquals(shownBy(reloaded), "Gold is up.");
        assertEquals(reloaded.messages.length, stored === "nothing" ? 1 : 2);
        // A finished answer is replayed too.
        const again = create(wire, { id: CHAT_ID, messages: reloaded.messages });
        await again.resumeStream();
        assertEquals(again.messages, reloaded.messages);
        assertEquals(server.answers, 1);
      },
    );
  }

  TABLE.test(name, ["second device"], "yes", "follows the answer on a second device", async () => {
    await using server = startChatServer();
    const first = create(server.wire, { id: CHAT_ID });
    const second = create(server.wire, { id: CHAT_ID });
    const sent = first.sendMessage({ text: QUESTION });
    const answer = await server.nextAnswer();
    answer.add(text("Gold is "));
    await untilShown("Gold is", () => shownBy(first));
    const joined = second.resumeStream();
    await untilShown("Gold is", () => shownBy(second));
    answer.add(text("up."));
    answer.finish();
    await Promise.all([sent, joined]);
    assertEquals([shownBy(first), shownBy(second)], ["Gold is up.", "Gold is up."]);
    assertEquals(server.answers, 1);
  });

  TABLE.test(name, ["second device"], "yes", "shows nothing of an unknown chat", async () => {
    await using server = startChatServer();
    const chat = create(server.wire, { id: CHAT_ID });
    await chat.resumeStream();
    assertEquals([chat.status, chat.messages.length], ["ready", 0]);
  });

  TABLE.test(name, ["repeat"], "yes", "replaces an answer that the user repeats", async () => {
    await using server = startChatServer();
    const chat = create(server.wire, { id: CHAT_ID });
    const requests: unknown[] = [];
    for (const ask of [() => chat.sendMessage({ text: QUESTION }), chat.regenerate]) {
      const asked = ask();
      const answer = await server.nextAnswer();
      answer.add(text(`Answer ${requests.push(answer.request.messages)}`));
      answer.finish();
      await asked;
    }
    assertEquals([shownBy(chat), chat.messages.length], ["Answer 2", 2]);
    assertEquals(requests, Array(2).fill([{ role: "user", content: QUESTION }]));
  });

  TABLE.test(name, ["tools"], "yes", "continues its message after a tool's result", async () => {
    await using server = startChatServer();
    const chat = create(server.wire, { id: CHAT_ID, isAutomatic: true });
    const sent = chat.sendMessage({ text: QUESTION });
    const first = await server.nextAnswer();
    first.add(text("I look it up. "));
    first.add({ kind: "tool", id: "call-1", name: "look_up", text: '{"symbol":"XAU-USD"}' });
    first.finish("tool_calls");
    await sent;
    chat.addToolResult({
      tool: "look_up" as never,
      toolCallId: "call-1",
      output: { price: "4200" } as never,
    });
    const second = await server.nextAnswer();
    second.add(text("4200."));
    second.finish();
    await until("an answer to the tool's result", () => chat.status === "ready" || undefined);
    assertEquals([shownBy(chat), chat.messages.length], ["I look it up. 4200.", 2]);
    assertEquals(second.request.messages.at(-1), {
      role: "tool",
      tool_call_id: "call-1",
      content: '{"price":"4200"}',
    });
    for (const stored of [chat.messages, chat.messages.slice(0, 1)]) {
      const reloaded = create(server.wire, { id: CHAT_ID, messages: stored });
      await reloaded.resumeStream();
      assertEquals(answerOf(reloaded.messages, reloaded.error), answerOf(chat.messages, undefined));
      assertEquals(reloaded.messages.length, 2);
    }
  });
}

/** Creates a client. It joins the run whose id its device has stored. */
function tanStack({ wire }: ChatServer, storedRunId?: string) {
  const connection = fetchServerSentEvents("http://localhost/v1/chat/agui", {
    fetchClient: wire.fetch,
    reconnect: { delayMs: 0 },
  });
  const resumeState = storedRunId && { threadId: CHAT_ID, runId: storedRunId };
  const client = new ChatClient({
    connection,
    threadId: CHAT_ID,
    ...resumeState ? { initialResumeSnapshot: { resumeState } } : {},
  });
  const answers = () => client.getMessages().filter(({ role }) => role === "assistant");
  const parts = () =>
    answers().flatMap(({ parts }) => parts).map((part) =>
      part.type === "text" || part.type === "thinking" ? part.content : part.type
    );
  return { client, answers, parts };
}

TABLE.test(
  "tanstack",
  ["resume after a cut"],
  "yes",
  "resumes by itself after each cut",
  async () => {
    await using server = startChatServer();
    const { client, parts } = tanStack(server);
    const sent = client.sendMessage(QUESTION);
    const answer = await server.nextAnswer();
    answer.add({ kind: "reasoning", text: "Gold " });
    const { wire } = server;
    for (const [i, piece] of ["metal.", "It is ", "up ", "by 1%."].entries()) {
      await until("a connection", () => wire.requests.length > i || undefined);
      answer.add(i === 0 ? { kind: "reasoning", text: piece } : text(piece));
      await untilShown(piece, () => parts().join());
      wire.cut();
    }
    answer.finish();
    await sent;
    assertEquals(parts(), ["Gold metal.", "It is up by 1%."]);
    assertEquals(client.getError(), undefined);
    const cursors = wire.requests.map(({ headers }) => headers.get("last-event-id") !== null);
    assertEquals(cursors, [false, true, true, true, true]);
    assertEquals(server.answers, 1);
    client.dispose();
  },
);

TABLE.test(
  "tanstack",
  ["reload", "second device"],
  "yes",
  "joins a run by its id, after a reload or on a second device",
  async () => {
    await using server = startChatServer();
    const first = tanStack(server);
    const sent = first.client.sendMessage(QUESTION);
    const answer = await server.nextAnswer();
    answer.add(text("Gold is "));
    await untilShown("Gold is", () => first.parts().join());
    const { runId = "" } = z.object({ runId: z.string() }).parse(
      await server.wire.requests[0]?.json(),
    );
    const second = tanStack(server, runId);
    second.client.attach();
    await untilShown("Gold is", () => second.parts().join());
    answer.add(text("up."));
    answer.finish();
    await sent;
    await until("the end of the answer", () => second.client.getStatus() === "ready" || undefined);
    assertEquals([first.parts(), second.parts()], [["Gold is up."], ["Gold is up."]]);
    assertEquals(server.answers, 1);
    for (const { client } of [first, second]) client.dispose();
  },
);

TABLE.test("tanstack", ["repeat"], "yes", "replaces an answer that the user repeats", async () => {
  await using server = startChatServer();
  const { client, answers, parts } = tanStack(server);
  for (const [i, ask] of [() => client.sendMessage(QUESTION), () => client.reload()].entries()) {
    const asked = ask();
    const answer = await server.nextAnswer();
    answer.add(text(`Answer ${i}`));
    answer.finish();
    await asked;
  }
  assertEquals([parts(), answers().length], [["Answer 1"], 1]);
  client.dispose();
});

function agui({ wire }: ChatServer) {
  const { fetch } = wire;
  const agent = new HttpAgent({ url: "http://localhost/v1/chat/agui", threadId: CHAT_ID, fetch });
  agent.addMessage({ id: "message-1", role: "user", content: QUESTION });
  const shown = () =>
    agent.messages.filter(({ role }) => role === "assistant").map(({ content }) => content).join();
  return { agent, shown };
}

TABLE.test(
  "ag-ui",
  ["second device", "reload"],
  "by the same `runId`",
  "joins the run of a request with its `runId`",
  async () => {
    await using server = startChatServer();
    const [first, second] = [agui(server), agui(server)];
    const sent = first.agent.runAgent({ runId: "run-1" });
    const answer = await server.nextAnswer();
    answer.add(text("Gold is "));
    await untilShown("Gold is", first.shown);
    const joined = second.agent.runAgent({ runId: "run-1" });
    await untilShown("Gold is", second.shown);
    answer.add(text("up."));
    answer.finish();
    await Promise.all([sent, joined]);
    assertEquals([first.shown(), second.shown()], ["Gold is up.", "Gold is up."]);
    assertEquals(server.answers, 1);
  },
);

TABLE.test(
  "ag-ui",
  ["repeat"],
  "by a new `runId`",
  "receives another answer for another `runId`",
  async () => {
    await using server = startChatServer();
    for (const i of [1, 2]) {
      const { agent, shown } = agui(server);
      const sent = agent.runAgent({ runId: `run-${i}` });
      const answer = await server.nextAnswer();
      answer.add(text(`Answer ${i}`));
      answer.finish();
      await sent;
      assertEquals(shown(), `Answer ${i}`);
    }
  },
);

Deno.test("the guide lists the behaviours of clients that these tests show", async () => {
  const guide = await Deno.readTextFile(new URL("../../lib/docs/chat.md", import.meta.url));
  const rows = guide.split("\n").filter((line) => line.startsWith("|")).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  for (const row of TABLE.rows()) {
    assert(
      rows.some((each) => each.join() === row.join()),
      `lib/docs/chat.md lacks | ${row.join(" | ")} |`,
    );
  }
});
