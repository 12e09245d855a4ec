import { assert, assertAlmostEquals, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { z } from "zod";
import { SIMULATED_MODEL } from "../../lib/demo/model.ts";
import { createScript, type Fault, ROUND_S } from "../../lib/demo/script.ts";
import type { ChatPart, Finish } from "../../lib/topics/chat/part.ts";
import { ChatFailure } from "../../lib/topics/chat/upstream.ts";
import { createOpenAiUpstream } from "../../lib/topics/chat/upstreams/openai.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { QUESTION } from "../topics/chat/upstreams/support.ts";
import { createDemoAt, DEFAULT_INSTRUMENTS } from "./support.ts";

const FRIDAY = Date.UTC(2026, 10, 20, 15, 30);

type Demo = ReturnType<typeof createDemoAt>;

const createDemo = (hasFaults = false) => createDemoAt(FRIDAY, { hasFaults });

/** Asks the demo's model through the upstream that the server uses. */
function ask({ runtime }: Demo, text: string) {
  const upstream = createOpenAiUpstream(runtime, SIMULATED_MODEL_OPTIONS);
  const controller = new AbortController();
  const pieces: (ChatPart | Finish)[] = [];
  const request = { ...QUESTION, messages: [{ role: "user" as const, text }] };
  const end = (async () => {
    for await (const piece of upstream.answer(request, controller.signal)) pieces.push(piece);
  })();
  // A test that awaits the end later must not leave an unhandled rejection until then.
  end.catch(() => {});
  return { pieces, end, controller };
}

const SIMULATED_MODEL_OPTIONS = { url: SIMULATED_MODEL.url, model: SIMULATED_MODEL.name };

/** Asks, and returns the whole answer. */
async function askForAll(demo: Demo, text: string) {
  const { pieces, end } = ask(demo, text);
  await demo.clock.advance(60_000);
  await end;
  return pieces;
}

function textOf(pieces: readonly (ChatPart | Finish)[], kind: "text" | "reasoning" = "text") {
  return pieces.map((piece) => piece.kind === kind ? piece.text : "").join("");
}

function componentsOf(pieces: readonly (ChatPart | Finish)[]) {
  return pieces.flatMap((piece) => piece.kind === "component" ? [piece.component] : []);
}

const Table = z.object({
  type: z.literal("table"),
  data: z.object({
    columns: z.array(z.object({ key: z.string(), title: z.string() })),
    rows: z.array(z.record(z.string(), z.string())),
  }),
});

const Chart = z.object({
  type: z.literal("chart"),
  data: z.object({
    chart_type: z.literal("line"),
    data: z.array(
      z.object({ name: z.string(), x: z.array(z.iso.datetime()), y: z.array(z.number()) }),
    ),
  }),
});

const GoldPrice = z.object({ price: z.number() });

/** Polls the price of gold as the server does. */
async function pollGold({ runtime, clock }: Demo): Promise<number> {
  const pending = runtime.fetch(new URL("https://api.gold-api.com/price/XAU"), {});
  await clock.advance(100);
  return GoldPrice.parse(await (await pending).json()).price;
}

Deno.test("the model answers a question about gold with the price that was polled last, as text, table and chart", async () => {
  const demo = createDemo();
  const price = (await pollGold(demo)).toFixed(2);
  await demo.clock.advance(3000);
  const pieces = await askForAll(demo, "How is gold doing?");
  const shown = Number(price).toLocaleString("en-US", { minimumFractionDigits: 2 });
  assert(textOf(pieces).startsWith(`Gold is at $${shown} per troy ounce.`), textOf(pieces));
  const [table, chart] = componentsOf(pieces);
  const { rows } = Table.parse(table).data;
  assertEquals([rows[0]?.name, rows[0]?.price], ["Gold", price]);
  const [line] = Chart.parse(chart).data.data;
  assertEquals([line?.name, line?.x.length, line?.y.length], ["Gold", 13, 13]);
  assertAlmostEquals(line?.y.at(-1) ?? 0, Number(price), 0.01 * Number(price));
  const finish = pieces.at(-1);
  assert(finish?.kind === "finish" && finish.finishReason === "stop" && finish.usage !== null);
});

Deno.test("the model knows every instrument of the page, by its name and by its symbol", async () => {
  for (const { name, symbol } of DEFAULT_INSTRUMENTS.values()) {
    for (const word of [name, symbol]) {
      const text = textOf(await askForAll(createDemo(), `What about ${word}?`));
      assert(text.startsWith(`${name} is at `), text);
    }
  }
});

Deno.test("the model knows instruments of every class, in their currencies and units", async () => {
  const instruments = instrumentsFor({
    SYMBOLS: ["AAPL", "EUR-USD", "USD-JPY", "NATGAS", "US10Y", "DAX", "TRX-USD", "BRK.B"],
  });
  const demo = createDemoAt(FRIDAY, {}, instruments);
  const answers = await askForAll(demo, "AAPL, USD-JPY, NATGAS, US10Y, DAX, TRX-USD and BRK.B");
  const sentences = textOf(answers).split("\n")[0]?.split(/(?<=\.) /)
    .map((sentence) => sentence.replace(/is at (\$?)[\d,]+(\.\d+)?/, "is at $1N"));
  assertEquals(sentences, [
    "Apple is at $N.",
    "US dollar / Yen is at N JPY per USD.",
    "Natural gas is at $N per mmbtu.",
    "US 10-year yield is at N percent.",
    "DAX is at N points.",
    "TRON is at $N.",
    "Berkshire Hathaway is at $N.",
  ]);
});

Deno.test("the model names what it knows if a question names no instrument, and has nothing to show", async () => {
  const pieces = await askForAll(createDemo(), "Hello");
  for (const { name } of DEFAULT_INSTRUMENTS.values()) assert(textOf(pieces).includes(name), name);
  assertEquals(componentsOf(pieces), []);
});

Deno.test("the model thinks first on /think", async () => {
  const pieces = await askForAll(createDemo(), "Gold /think");
  assertEquals(pieces[0]?.kind, "reasoning");
  assert(textOf(pieces, "reasoning").includes("Gold"));
});

Deno.test("the model sends 50 tokens a second, and a thousand of them on /long", async () => {
  const demo = createDemo();
  const { pieces, end } = ask(demo, "Gold /long");
  await demo.clock.advance(5320);
  const early = pieces.length;
  await demo.clock.advance(2000);
  assertEquals(pieces.length - early, 100);
  await demo.clock.advance(60_000);
  await end;
  const finish = pieces.at(-1);
  assert(finish?.kind === "finish");
  const tokens = finish.usage?.output_tokens ?? 0;
  assert(tokens > 900 && tokens < 1300, `${tokens}`);
  assertEquals(demo.clock.timers, 0);
});

Deno.test("the model begins late on /slow", async () => {
  const demo = createDemo();
  const { pieces, end } = ask(demo, "Gold /slow");
  await demo.clock.advance(4900);
  assertEquals(pieces, []);
  await demo.clock.advance(60_000);
  await end;
  assert(pieces.length > 10);
});

Deno.test("the model ends in the middle on /cut, without a finish", async () => {
  const pieces = await askForAll(createDemo(), "Gold /cut");
  assert(pieces.length > 5);
  assertFalse(pieces.some(({ kind }) => kind === "finish"));
});

Deno.test("the model reports an error in the middle on /error", async () => {
  const demo = createDemo();
  const { pieces, end } = ask(demo, "Gold /error");
  await demo.clock.advance(60_000);
  const failure = await assertRejects(() => end, ChatFailure);
  assertEquals(failure.code, "upstream_failed");
  assert(pieces.length > 5);
});

/** Returns the seconds from the start of a demo to a fault of its model. */
function startOfFault(fault: Fault): number {
  const script = createScript(FRIDAY);
  for (let s = 0; s < ROUND_S; s++) {
    if (script(SIMULATED_MODEL.host, FRIDAY + s * 1000)?.fault === fault) return s;
  }
  throw new Error(`The model has no fault ${fault}`);
}

Deno.test("the fault script delays the model's first byte", async () => {
  const demo = createDemo(true);
  await demo.clock.advance(startOfFault("slow") * 1000);
  const { pieces, end } = ask(demo, "Hello");
  await demo.clock.advance(4900);
  assertEquals(pieces, []);
  await demo.clock.advance(60_000);
  await end;
  assertEquals(pieces.at(-1)?.kind, "finish");
});

Deno.test("the fault script cuts the model's answer", async () => {
  const demo = createDemo(true);
  await demo.clock.advance(startOfFault("cut") * 1000);
  const pieces = await askForAll(demo, "Hello");
  assert(pieces.length > 5);
  assertFalse(pieces.some(({ kind }) => kind === "finish"));
});

Deno.test("the model ends when the request's signal is aborted, before and during its answer", async () => {
  for (const advanceMs of [100, 1000]) {
    const demo = createDemo();
    const { pieces, end, controller } = ask(demo, "Gold /long");
    await demo.clock.advance(advanceMs);
    controller.abort(new Error("stopped"));
    const received = pieces.length;
    await assertRejects(() => end, Error, "stopped");
    await demo.clock.advance(1000);
    assertEquals([pieces.length, demo.clock.timers], [received, 0]);
  }
});

Deno.test("the model refuses requests that are not its own", async () => {
  const demo = createDemo();
  const statusOf = async (path: string, body: string) => {
    const url = new URL(`https://${SIMULATED_MODEL.host}${path}`);
    const pending = demo.runtime.fetch(url, { method: "POST", body });
    await demo.clock.advance(1000);
    const response = await pending;
    await response.body?.cancel();
    return response.status;
  };
  const body = JSON.stringify({
    model: "m",
    stream: true,
    messages: [{ role: "user", content: "" }],
  });
  assertEquals(await statusOf("/v1/chat/completions", body), 200);
  assertEquals(await statusOf("/v1/completions", body), 404);
  assertEquals(await statusOf("/v1/chat/completions", "{"), 400);
});
