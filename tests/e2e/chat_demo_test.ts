/** Chats with the demo's model on real servers: its answers and faults, curl, a reload, a stop, and readers that move. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { askChat, type ChatReader, resumeChat, stopChat } from "../support/chat.ts";
import { startFleet } from "../support/fleet.ts";
import { print } from "../support/print.ts";
import { redisTest } from "../support/programs.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { parse, QUOTES } from "../support/shapes.ts";
import { until } from "../support/within.ts";

const SETTINGS = { ...PUBLISHER_SETTINGS, DEMO: "1" };

/** A question whose answer takes about 20 s. */
const LONG_QUESTION = "How is gold doing? /long";

/** The text that shows that an answer is under way. */
const UNDERWAY_CHARS = 200;

/** The longest time from a stop to the end of the upstream's request, on a machine that may be busy. */
const MAX_STOP_MS = 5000;

/** Returns the type and the reason of the last frame. */
function endOf({ frames }: ChatReader): readonly [string | undefined, string | undefined] {
  const last = frames.at(-1);
  return [last?.type, last?.finishReason];
}

async function priceOfGold(origin: string): Promise<number> {
  const { quotes } = parse(QUOTES, await (await fetch(`${origin}/v1/quotes`)).text());
  const gold = quotes.find(({ symbol }) => symbol === "XAU-USD");
  assert(gold !== undefined);
  return Number(gold.price);
}

Deno.test("the demo answers a question about gold with the price of its row, its table and its chart", async () => {
  // Prices that are polled once a minute cannot change between the row and the answer.
  await using server = await startServer({ ...SETTINGS, QUOTE_POLL_MS: "60000" });
  const { origin } = server;
  const price = await until("a price of gold", async () => {
    const { quotes } = parse(QUOTES, await (await fetch(`${origin}/v1/quotes`)).text());
    return quotes.some(({ symbol }) => symbol === "XAU-USD")
      ? await priceOfGold(origin)
      : undefined;
  });
  using answer = await askChat(origin, { chat: "gold", text: "How is gold doing?" });
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("x-vercel-ai-ui-message-stream"), "v1");
  await answer.rest();
  const shown = price.toLocaleString("en-US", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  assert(answer.text.startsWith(`Gold is at $${shown} per troy ounce.`), answer.text);
  const types = answer.frames.map(({ type }) => type);
  assertEquals(types.filter((type) => type === "data-component").length, 2);
  assertEquals(endOf(answer), ["finish", "stop"]);
  assert(answer.isDone);
});

Deno.test("curl -N shows an answer as it is written", async () => {
  await using server = await startServer(SETTINGS);
  const body = {
    id: "curl",
    messages: [{ id: "m1", role: "user", parts: [{ type: "text", text: "Hello" }] }],
  };
  const child = new Deno.Command("curl", {
    args: [
      ...["-sN", "-H", "content-type: application/json", "-d", JSON.stringify(body)],
      `${server.origin}/v1/chat`,
    ],
    stdout: "piped",
  }).spawn();
  const arrivals: number[] = [];
  let output = "";
  for await (const chunk of child.stdout) {
    arrivals.push(performance.now());
    output += new TextDecoder().decode(chunk);
  }
  assert((await child.status).success);
  assertMatch(output, /"type":"start".*"messageId":"/);
  assert(output.endsWith("data: [DONE]\n\n"), output.slice(-200));
  assert(!/^event:/m.test(output));
  const durationMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
  assert(arrivals.length > 5 && durationMs > 300, `${arrivals.length} chunks in ${durationMs} ms`);
});

Deno.test("a reload in the middle of an answer shows it from its start, and it continues to its end, the same on every device", async () => {
  await using server = await startServer(SETTINGS);
  const { origin } = server;
  const question = { chat: "reload", text: "How is gold doing? /think", messageId: "m1" };
  using first = await askChat(origin, question);
  using device = await resumeChat(origin, "reload");
  await first.untilText(10);
  first.hangUp();
  using again = await resumeChat(origin, "reload");
  using repeated = await askChat(origin, question);
  for (const reader of [again, device, repeated]) {
    await reader.rest();
    assertEquals(reader.messageId, first.messageId);
    assertEquals(reader.text, again.text);
    assert(reader.text.startsWith(first.text));
    assertEquals(endOf(reader), ["finish", "stop"]);
    assert(reader.isDone);
  }
  // A finished answer is replayed while it is retained, and an unknown chat has nothing to resume.
  using later = await resumeChat(origin, "reload");
  await later.rest();
  assertEquals([later.text, later.messageId], [again.text, first.messageId]);
  using unknown = await resumeChat(origin, "unknown");
  assertEquals(unknown.status, 204);
});

Deno.test("a stop ends the answer of every reader at once, and nothing follows", async () => {
  await using server = await startServer(SETTINGS);
  const { origin } = server;
  using first = await askChat(origin, { chat: "stop", text: LONG_QUESTION });
  await first.untilText(UNDERWAY_CHARS);
  using device = await resumeChat(origin, "stop");
  const startedAt = performance.now();
  assertEquals(await stopChat(origin, "stop"), { status: 200, body: { success: true } });
  await first.rest(MAX_STOP_MS);
  await device.rest(MAX_STOP_MS);
  print(`a stop took ${Math.round(performance.now() - startedAt)} ms`);
  assertEquals(device.text, first.text);
  for (const reader of [first, device]) assertEquals(endOf(reader), ["finish", "stop"]);
  assertEquals((await stopChat(origin, "stop")).status, 200);
  using replay = await resumeChat(origin, "stop");
  await replay.rest();
  assertEquals(replay.text, first.text);
});

Deno.test("a model that is cut in the middle, or reports an error, fails the answer in plain words", async () => {
  await using server = await startServer(SETTINGS);
  for (const fault of ["/cut", "/error"]) {
    using answer = await askChat(server.origin, {
      chat: `fault${fault.replace("/", "-")}`,
      text: `How is gold doing? ${fault}`,
    });
    await answer.rest();
    const error = answer.frames.find(({ type }) => type === "error");
    assertMatch(error?.errorText ?? "", /^[A-Z].*\.$/);
    assert(!error?.errorText?.includes("memory"), "the upstream's own text");
    assertEquals(endOf(answer), ["finish", "error"]);
    assert(answer.text.length > 0);
  }
});

redisTest(
  "two servers on one Redis, and the one that only reads shuts down: its readers lose their connection, and resume at the other",
  async () => {
    await using fleet = await startFleet({ DEMO: "1" });
    const { one, other } = fleet;
    using answer = await askChat(one.origin, { chat: "moved", text: "How is gold doing? /think" });
    using device = await resumeChat(other.origin, "moved");
    await device.nextOf("reasoning-delta");
    const rest = device.rest();
    other.signal("SIGTERM");
    await assertRejects(() => rest, TypeError);
    assert(!device.isDone);
    using resumed = await resumeChat(one.origin, "moved");
    await Promise.all([answer.rest(), resumed.rest()]);
    assertEquals(resumed.text, answer.text);
    assertEquals(endOf(resumed), ["finish", "stop"]);
  },
);
