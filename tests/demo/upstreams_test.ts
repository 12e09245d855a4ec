import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { DemoPace } from "../../lib/demo/calendar.ts";
import { simulatedGoldApi } from "../../lib/demo/gold_api.ts";
import { createSimulatedYahoo } from "../../lib/demo/yahoo.ts";

const START = Date.UTC(2026, 10, 20, 15, 30);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const period = z.strictObject({
  timezone: z.string(),
  start: z.int(),
  end: z.int(),
  gmtoffset: z.int(),
});
const bars = z.array(z.number().nullable());

/** A chart in the shape of the samples. */
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
  const { status, body } = createSimulatedYahoo(pace).answer(url, ms);
  assertEquals(status, 200);
  return CHART.parse(JSON.parse(JSON.stringify(body))).chart.result[0];
}

function gold(metal: string, ms: number) {
  const { status, body } = simulatedGoldApi.answer(
    new URL(`https://api.gold-api.com/price/${metal}`),
    ms,
  );
  assertEquals(status, 200);
  return GOLD.parse(body);
}

Deno.test("demo's Yahoo charts oil and indices in Yahoo's shape", () => {
  for (const symbol of ["BZ%3DF", "CL=F", "%5EGSPC", "%5EDJI", "%5EIXIC"]) {
    const { meta, timestamp, indicators } = chart(symbol, START);
    const [{ close }] = indicators.quote;
    assertEquals(meta.symbol, decodeURIComponent(symbol));
    const [lateS, closesS] = symbol.includes("F") ? [600, 3660] : [900, 60];
    assertEquals(meta.regularMarketTime, START / 1000 - lateS);
    assertEquals(meta.currentTradingPeriod.regular.end, START / 1000 + closesS);
    assertEquals(close.length, timestamp.length);
    assert(close.includes(null) && close.at(-1) !== null, symbol);
    assert(timestamp.every((each, n) => n === 0 || each > (timestamp[n - 1] ?? 0)));
  }
});

/** Returns the keys of an object and of nested objects, as paths. */
function paths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const within = Array.isArray(value)
    ? value.slice(0, 1).map((each) => ["0", each])
    : Object.entries(value);
  return [path, ...within.flatMap(([key, each]) => paths(each, `${path}/${key}`))];
}

async function sample(name: string): Promise<unknown> {
  const folder = new URL("../topics/quotes/samples/", import.meta.url);
  return JSON.parse(await Deno.readTextFile(new URL(encodeURIComponent(name), folder)));
}

Deno.test("demo's upstreams send only fields that the real ones send", async () => {
  const chartUrl = new URL("https://query1.finance.yahoo.com/v8/finance/chart/%5EGSPC");
  const goldUrl = new URL("https://api.gold-api.com/price/XAU");
  const pairs = [
    [
      "yahoo_v8_chart_^GSPC.synthetic.json",
      createSimulatedYahoo({ startedAt: START, speed: 1 }).answer(chartUrl, START),
    ],
    ["goldapi_price_XAU.200.json", simulatedGoldApi.answer(goldUrl, START)],
  ] as const;
  for (const [name, { body }] of pairs) {
    const known = new Set(paths(await sample(name)));
    assertEquals(paths(body).filter((path) => !known.has(path)), [], name);
  }
});

Deno.test("demo's Yahoo keeps the bars of a short day whole seconds apart", () => {
  const { timestamp } = chart("CL=F", START, { startedAt: START, speed: 960 });
  assert(timestamp.length > 40);
  assertEquals(new Set(timestamp).size, timestamp.length);
});

/** Returns the close and the opening of SPX as Yahoo reports them: 15 minutes later. */
const CLOSE = START + 16 * MINUTE_MS;
const OPENING = CLOSE + 17.5 * HOUR_MS;

Deno.test("demo's Yahoo halts while the market is closed, and continues when it opens", () => {
  const told = (ms: number) => {
    const { regularMarketPrice, regularMarketTime } = chart("%5EGSPC", ms).meta;
    return { regularMarketPrice, regularMarketTime };
  };
  assertEquals(told(CLOSE).regularMarketTime, START / 1000 + 60);
  for (const ms of [CLOSE + MINUTE_MS, CLOSE + 10 * HOUR_MS, OPENING - 1]) {
    assertEquals(told(ms), told(CLOSE));
  }
  assertEquals(told(OPENING).regularMarketTime, OPENING / 1000 - 900);
});

Deno.test("demo's Yahoo keeps one previous close all day: the last price of the day before", () => {
  const previous = (ms: number) => chart("%5EGSPC", ms).meta.previousClose;
  assertEquals(previous(START), previous(OPENING - 1));
  assertEquals(previous(OPENING), chart("%5EGSPC", CLOSE).meta.regularMarketPrice);
  assertEquals(previous(OPENING + 6 * HOUR_MS), previous(OPENING));
});

Deno.test("demo's Yahoo answers an unknown symbol as Yahoo does", () => {
  const url = new URL("https://query1.finance.yahoo.com/v8/finance/chart/XXX");
  const { status, body } = createSimulatedYahoo({ startedAt: START, speed: 1 }).answer(url, START);
  const error = { code: "Not Found", description: "No data found, symbol may be delisted" };
  assertEquals({ status, body }, { status: 404, body: { chart: { result: null, error } } });
});

Deno.test("demo's gold-api has metals in its shape, with the current second", () => {
  for (const [metal, name] of [["XAU", "Gold"], ["XAG", "Silver"]] as const) {
    const { symbol, name: told, updatedAt } = gold(metal, START + 999);
    assertEquals([symbol, told, updatedAt], [metal, name, "2026-11-20T15:30:00Z"]);
  }
  const { status } = simulatedGoldApi.answer(new URL("https://api.gold-api.com/price/XPT"), START);
  assertEquals(status, 404);
});

Deno.test("demo's gold-api repeats its price over the weekend", () => {
  const friday = Date.UTC(2026, 10, 20, 22);
  assertEquals(gold("XAU", friday + 30 * HOUR_MS), gold("XAU", friday));
  assertEquals(gold("XAU", friday + 48 * HOUR_MS).updatedAt, "2026-11-22T22:00:00Z");
});
