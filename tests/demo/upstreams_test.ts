import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { HOUR_MS } from "../../lib/core/time.ts";
import type { DemoPace } from "../../lib/demo/calendar.ts";
import { createSimulatedGoldApi } from "../../lib/demo/gold_api.ts";
import { createSimulatedYahoo } from "../../lib/demo/yahoo.ts";
import { DEFAULT_INSTRUMENTS } from "./support.ts";

const NINE = [...DEFAULT_INSTRUMENTS.values()];

const START = Date.UTC(2026, 10, 20, 15, 30);
const MINUTE_MS = 60_000;

const period = z.strictObject({
  timezone: z.string(),
  start: z.int(),
  end: z.int(),
  gmtoffset: z.int(),
});
const bars = z.array(z.number().nullable());

/** The shape of the recorded samples. */
const CHART = z.strictObject({
  chart: z.strictObject({
    result: z.tuple([z.strictObject({
      meta: z.object({
        currency: z.literal("USD"),
        symbol: z.string(),
        instrumentType: z.enum(["FUTURE", "INDEX"]),
        regularMarketTime: z.int(),
        regularMarketPrice: z.number().positive(),
        exchangeTimezoneName: z.string(),
        chartPreviousClose: z.number().positive(),
        previousClose: z.number().positive(),
        priceHint: z.int(),
        currentTradingPeriod: z.strictObject({ pre: period, regular: period, post: period }),
        tradingPeriods: z.array(z.array(period)),
        range: z.literal("1d"),
      }),
      timestamp: z.array(z.int()),
      indicators: z.strictObject({
        quote: z.tuple([
          z.strictObject({ open: bars, high: bars, low: bars, close: bars, volume: bars }),
        ]),
      }),
    })]),
    error: z.null(),
  }),
});

const GOLD = z.object({
  name: z.string(),
  price: z.number().positive(),
  symbol: z.string(),
  currency: z.literal("USD"),
  updatedAt: z.iso.datetime({ precision: 0 }),
});

function chart(symbol: string, ms: number, pace: DemoPace = { startedAt: START, speed: 1 }) {
  const url = new URL(
    `https://query1.finance.yahoo.com/v8/finance/chart/${symbol}?range=1d&interval=5m`,
  );
  const { status, body } = createSimulatedYahoo(NINE, pace).respond(url, ms);
  assertEquals(status, 200);
  return CHART.parse(JSON.parse(JSON.stringify(body))).chart.result[0];
}

function gold(metal: string, ms: number) {
  const { status, body } = createSimulatedGoldApi(NINE).respond(
    new URL(`https://api.gold-api.com/price/${metal}`),
    ms,
  );
  assertEquals(status, 200);
  return GOLD.parse(body);
}

Deno.test("simulated Yahoo charts oil and indices in the shape of the real one", () => {
  for (const symbol of ["BZ%3DF", "CL=F", "%5EGSPC", "%5EDJI", "%5EIXIC"]) {
    const { meta, timestamp, indicators } = chart(symbol, START);
    const [{ close }] = indicators.quote;
    assertEquals(meta.symbol, decodeURIComponent(symbol));
    const [delayS, closesInS] = symbol.includes("F") ? [600, 3660] : [900, 60];
    assertEquals(meta.regularMarketTime, START / 1000 - delayS);
    assertEquals(meta.currentTradingPeriod.regular.end, START / 1000 + closesInS);
    assertEquals(close.length, timestamp.length);
    assert(close.includes(null) && close.at(-1) !== null, symbol);
    assert(
      timestamp.every((time, index) => index === 0 || time > (timestamp[index - 1] ?? Infinity)),
    );
  }
});

/** Lists the keys of an object and of nested objects, as paths. */
function listPaths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Array.isArray(value)
    ? value.slice(0, 1).map((item) => ["0", item])
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, entry]) => listPaths(entry, `${path}/${key}`))];
}

async function readSample(name: string): Promise<unknown> {
  const folder = new URL("../topics/quotes/samples/", import.meta.url);
  return JSON.parse(await Deno.readTextFile(new URL(encodeURIComponent(name), folder)));
}

Deno.test("simulated upstreams send no field that the real ones do not send", async () => {
  const chartUrl = new URL("https://query1.finance.yahoo.com/v8/finance/chart/%5EGSPC");
  const goldUrl = new URL("https://api.gold-api.com/price/XAU");
  const responses = [
    [
      "yahoo_v8_chart_^GSPC.synthetic.json",
      createSimulatedYahoo(NINE, { startedAt: START, speed: 1 }).respond(chartUrl, START),
    ],
    ["goldapi_price_XAU.200.json", createSimulatedGoldApi(NINE).respond(goldUrl, START)],
  ] as const;
  for (const [name, { body }] of responses) {
    const samplePaths = new Set(listPaths(await readSample(name)));
    assertEquals(listPaths(body).filter((path) => !samplePaths.has(path)), [], name);
  }
});

Deno.test("simulated Yahoo keeps the bars of a short day whole seconds apart", () => {
  const { timestamp } = chart("CL=F", START, { startedAt: START, speed: 960 });
  assert(timestamp.length > 40);
  assertEquals(new Set(timestamp).size, timestamp.length);
});

/** The close and the opening of SPX as Yahoo reports them: 15 minutes late. */
const CLOSE = START + 16 * MINUTE_MS;
const OPENING = CLOSE + 17.5 * HOUR_MS;

Deno.test("simulated Yahoo repeats its last price while the market is closed, and continues when it opens", () => {
  const lastTradeOf = (ms: number) => {
    const { regularMarketPrice, regularMarketTime } = chart("%5EGSPC", ms).meta;
    return { regularMarketPrice, regularMarketTime };
  };
  assertEquals(lastTradeOf(CLOSE).regularMarketTime, START / 1000 + 60);
  for (const ms of [CLOSE + MINUTE_MS, CLOSE + 10 * HOUR_MS, OPENING - 1]) {
    assertEquals(lastTradeOf(ms), lastTradeOf(CLOSE));
  }
  assertEquals(lastTradeOf(OPENING).regularMarketTime, OPENING / 1000 - 900);
});

Deno.test("simulated Yahoo keeps the last price of the previous day as the previous close all day", () => {
  const previousCloseAt = (ms: number) => chart("%5EGSPC", ms).meta.previousClose;
  assertEquals(previousCloseAt(START), previousCloseAt(OPENING - 1));
  assertEquals(previousCloseAt(OPENING), chart("%5EGSPC", CLOSE).meta.regularMarketPrice);
  assertEquals(previousCloseAt(OPENING + 6 * HOUR_MS), previousCloseAt(OPENING));
});

Deno.test("simulated Yahoo responds with its own error to an unknown symbol", () => {
  const url = new URL("https://query1.finance.yahoo.com/v8/finance/chart/XXX");
  const { status, body } = createSimulatedYahoo(NINE, { startedAt: START, speed: 1 }).respond(
    url,
    START,
  );
  const error = { code: "Not Found", description: "No data found, symbol may be delisted" };
  assertEquals({ status, body }, { status: 404, body: { chart: { result: null, error } } });
});

Deno.test("simulated gold-api sends metals in the shape of the real one, with times in whole seconds", () => {
  for (const [metal, name] of [["XAU", "Gold"], ["XAG", "Silver"]] as const) {
    const { symbol, name: metalName, updatedAt } = gold(metal, START + 999);
    assertEquals([symbol, metalName, updatedAt], [metal, name, "2026-11-20T15:30:00Z"]);
  }
  const { status } = createSimulatedGoldApi(NINE).respond(
    new URL("https://api.gold-api.com/price/XPT"),
    START,
  );
  assertEquals(status, 404);
});

Deno.test("simulated gold-api repeats its last price over the weekend", () => {
  const friday = Date.UTC(2026, 10, 20, 22);
  assertEquals(gold("XAU", friday + 30 * HOUR_MS), gold("XAU", friday));
  assertEquals(gold("XAU", friday + 48 * HOUR_MS).updatedAt, "2026-11-22T22:00:00Z");
});
