import { assert, assertEquals, assertRejects } from "@std/assert";
import { createAlpaca } from "../../../../lib/topics/quotes/providers/alpaca.ts";
import { createCoinbase } from "../../../../lib/topics/quotes/providers/coinbase.ts";
import { createFrankfurter } from "../../../../lib/topics/quotes/providers/frankfurter.ts";
import { createFred } from "../../../../lib/topics/quotes/providers/fred.ts";
import { createKraken } from "../../../../lib/topics/quotes/providers/kraken.ts";
import { createTwelveData } from "../../../../lib/topics/quotes/providers/twelve_data.ts";
import { createYahoo } from "../../../../lib/topics/quotes/providers/yahoo.ts";
import type { HistoryRange } from "../../../../lib/topics/quotes/history/range.ts";
import type {
  Provider,
  ProviderHistory,
} from "../../../../lib/topics/quotes/providers/provider.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import type { Upstream } from "../../../../lib/upstream/upstream.ts";
import { createSampleUpstream, readSample, RECEIVED_AT } from "../samples.ts";

/** Reads a history that a provider has of its own. */
function historyOf(
  { name, readHistory }: Provider,
  upstream: Pick<Upstream, "get">,
  symbol: string,
  range: HistoryRange,
): Promise<ProviderHistory> {
  assert(readHistory !== undefined, `${name} has no history`);
  return readHistory(upstream, symbol, range, RECEIVED_AT);
}

const coinbase = createCoinbase({ "BTC-USD": "BTC-USD" });
const kraken = createKraken({ "BTC-USD": "XBTUSD" });
const yahoo = createYahoo({ SPX: "^GSPC", WTI: "CL=F" });

Deno.test("Coinbase's candles are sorted and in the order open, high, low, close, with all digits", async () => {
  const upstream = createSampleUpstream({
    "/products/BTC-USD/candles?granularity=300":
      "[[1779092100,76900.10,77001.5,76950,77000.00,12.5],[1779091800,76800,76990,76850,76950,1e-3]]",
  });
  assertEquals(await historyOf(coinbase, upstream, "BTC-USD", "1d"), {
    intervalMs: 300_000,
    bars: [
      [1_779_091_800_000, "76850", "76990", "76800", "76950", "0.001"],
      [1_779_092_100_000, "76950", "77001.5", "76900.10", "77000.00", "12.5"],
    ],
    prevClose: null,
  });
});

Deno.test("a year of Coinbase takes two responses, because one has at most 300 candles", async () => {
  const day = (n: number) => 1_748_736_000 + n * 86_400;
  const candles = (from: number, count: number) =>
    JSON.stringify(
      Array.from({ length: count }, (_, n) => [day(from + n), 1, 2, 1, 2, 5]).toReversed(),
    );
  const upstream = createSampleUpstream({
    "&start=": candles(0, 66),
    "granularity=86400": candles(66, 300),
  });
  const history = await historyOf(coinbase, upstream, "BTC-USD", "1y");
  assertEquals(history.bars.length, 366);
  assertEquals(history.bars.at(0)?.[0], day(0) * 1000);
});

Deno.test("a bar that cannot be parsed is left out, and the others remain", async () => {
  const upstream = createSampleUpstream({
    candles: '[[1779092100,1,2,1,2,5],[1779091800,null,2,1,2,5],"x",[1779091500,1,2,1,2]]',
  });
  const history = await historyOf(coinbase, upstream, "BTC-USD", "1d");
  assertEquals(history.bars.map(([startAt]) => startAt), [1_779_092_100_000]);
});

Deno.test("Kraken's bars are found under any name of the pair, and an error with HTTP 200 is a failure", async () => {
  const body = (error: string[]) =>
    JSON.stringify({
      error,
      result: {
        XXBTZUSD: [[1779091800, "1.0", "1.2", "0.9", "1.1", "1.05", "12.5", 7]],
        last: 1779091500,
      },
    });
  const history = await historyOf(
    kraken,
    createSampleUpstream({ "OHLC?pair=XBTUSD&interval=15": body([]) }),
    "BTC-USD",
    "5d",
  );
  assertEquals(history, {
    intervalMs: 900_000,
    bars: [[1_779_091_800_000, "1.0", "1.2", "0.9", "1.1", "12.5"]],
    prevClose: null,
  });
  const failing = createSampleUpstream({ OHLC: body(["EAPI:Rate limit exceeded"]) });
  const failure = await assertRejects(
    () => historyOf(kraken, failing, "BTC-USD", "1d"),
    UpstreamFailure,
  );
  assertEquals(failure.status, 429);
});

Deno.test("Yahoo's chart of a day has the URL of its quote, and its bars have the decimals to show", async () => {
  const urls: string[] = [];
  const sample = createSampleUpstream({ "GSPC": readSample("yahoo_v8_chart_^GSPC.synthetic") });
  const upstream: typeof sample = {
    get(url, parse) {
      urls.push(url);
      return sample.get(url, parse);
    },
  };
  await yahoo.read(upstream, "SPX");
  const history = await historyOf(yahoo, upstream, "SPX", "1d");
  assertEquals(urls[0], urls[1]);
  const prices = history.bars.flatMap(([, open, high, low, close]) => [open, high, low, close]);
  assertEquals(prices.every((price) => /^\d+\.\d\d$/.test(price)), true, prices.join());
  assertEquals(history.bars.length > 0, true);
});

Deno.test("Yahoo's bars without a trade are left out, and the close before the range is told", async () => {
  const body = {
    chart: {
      result: [{
        meta: { symbol: "CL=F", chartPreviousClose: -37.63, priceHint: 2 },
        timestamp: [100, 400, 700],
        indicators: {
          quote: [{
            open: [-1.005, null, 3],
            high: [-1, null, 3],
            low: [-2, null, 3],
            close: [-1.5, null, 3.456],
            volume: [10, null, 0],
          }],
        },
      }],
      error: null,
    },
  };
  const upstream = createSampleUpstream({ "CL%3DF?range=5d": JSON.stringify(body) });
  assertEquals(await historyOf(yahoo, upstream, "WTI", "5d"), {
    intervalMs: 900_000,
    bars: [
      [100_000, "-1.01", "-1.00", "-2.00", "-1.50", "10"],
      [700_000, "3.00", "3.00", "3.00", "3.46", "0"],
    ],
    prevClose: "-37.63",
  });
});

Deno.test("Twelve Data's times are in UTC, a day has no hour, and an error is a failure", async () => {
  const twelveData = createTwelveData({ "XAU-USD": "XAU/USD" }, "key");
  const bar = { open: "4100.1", high: "4102", low: "4099", close: "4101.50" };
  const body = (datetime: string) =>
    JSON.stringify({ values: [{ datetime, ...bar }], status: "ok" });
  const read = (text: string, range: "1d" | "1y") =>
    historyOf(
      twelveData,
      createSampleUpstream({ "time_series?symbol=XAU/USD": text }),
      "XAU-USD",
      range,
    );
  const prices = ["4100.1", "4102", "4099", "4101.50", null] as const;
  assertEquals((await read(body("2026-05-18 08:15:00"), "1d")).bars, [
    [Date.UTC(2026, 4, 18, 8, 15), ...prices],
  ]);
  assertEquals((await read(body("2026-05-18"), "1y")).bars, [[Date.UTC(2026, 4, 18), ...prices]]);
  const error = '{"code":429,"message":"out of credits","status":"error"}';
  const failure = await assertRejects(
    () => read(error, "1d"),
    UpstreamFailure,
  );
  assertEquals(failure.status, 429);
});

Deno.test("FRED's closes are bars of a day, without the days that have no number, and it has no shorter bars", async () => {
  const fred = createFred({ WTI: "DCOILWTICO" }, "key");
  const observations = [
    { date: "2020-04-21", value: "8.91" },
    { date: "2020-04-20", value: "-36.98" },
    { date: "2020-04-19", value: "." },
    { date: "2020-04-18" },
  ];
  const upstream = createSampleUpstream({ "limit=366": JSON.stringify({ observations }) });
  assertEquals((await historyOf(fred, upstream, "WTI", "1y")).bars, [
    [Date.UTC(2020, 3, 20), "-36.98", "-36.98", "-36.98", "-36.98", null],
    [Date.UTC(2020, 3, 21), "8.91", "8.91", "8.91", "8.91", null],
  ]);
  assertEquals((await historyOf(fred, upstream, "WTI", "1d")).bars, []);
});

Deno.test("Alpaca's bars are requested from the beginning of the range, newest first, and have the volume of IEX", async () => {
  const alpaca = createAlpaca({ AAPL: "AAPL" }, { id: "id", secret: "secret" });
  const bar = (t: string, c: number) => `{"t":"${t}","o":191.20,"h":192,"l":191,"c":${c},"v":1200}`;
  const bars = [bar("2026-05-15T19:55:00Z", 191.5), bar("2026-05-15T19:50:00Z", 191.4), "null"];
  const upstream = createSampleUpstream({
    "bars?symbols=AAPL&timeframe=5Min&start=2026-05-13&sort=desc":
      `{"bars":{"AAPL":[${bars.join()}]},"next_page_token":null}`,
    "timeframe=1Day": '{"bars":{"AAPL":null},"next_page_token":null}',
  });
  assertEquals(await historyOf(alpaca, upstream, "AAPL", "1d"), {
    intervalMs: 300_000,
    bars: [
      [Date.UTC(2026, 4, 15, 19, 50), "191.20", "192", "191", "191.4", "1200"],
      [Date.UTC(2026, 4, 15, 19, 55), "191.20", "192", "191", "191.5", "1200"],
    ],
    prevClose: null,
  });
  assertEquals((await historyOf(alpaca, upstream, "AAPL", "1y")).bars, []);
});

Deno.test("Frankfurter's rates are bars of a day, without the days that lack the currency, and it has no shorter bars", async () => {
  const frankfurter = createFrankfurter({ "EUR-USD": "EUR/USD" });
  const body = `{"amount":1.0,"base":"EUR","rates":{"2026-05-18":{"USD":1.1010},` +
    `"2026-05-15":{"USD":1.1},"2026-05-14":{"GBP":0.85}}}`;
  const upstream = createSampleUpstream({ "/v1/2026-04-17..?base=EUR&symbols=USD": body });
  assertEquals((await historyOf(frankfurter, upstream, "EUR-USD", "1mo")).bars, [
    [Date.UTC(2026, 4, 15), "1.1", "1.1", "1.1", "1.1", null],
    [Date.UTC(2026, 4, 18), "1.1010", "1.1010", "1.1010", "1.1010", null],
  ]);
  assertEquals((await historyOf(frankfurter, upstream, "EUR-USD", "1h")).bars, []);
});

Deno.test("Yahoo's chart of a time without trades has no bars, in every shape", async () => {
  const yahooIndex = createYahoo({ SPX: "^GSPC" });
  const meta = { symbol: "^GSPC", chartPreviousClose: 7700.1 };
  const nothing = { open: null, high: null, low: null, close: null, volume: null };
  for (
    const [timestamp, quote] of [[null, {}], [undefined, nothing], [[1791208707], nothing], [
      [],
      {},
    ]]
  ) {
    const result = [{ meta, timestamp, indicators: { quote: [quote] } }];
    const upstream = createSampleUpstream({ "/chart/": JSON.stringify({ chart: { result } }) });
    const history = await yahooIndex.readHistory?.(upstream, "SPX", "5d", 0);
    assertEquals([history?.bars, history?.prevClose], [[], "7700.10"]);
  }
});
