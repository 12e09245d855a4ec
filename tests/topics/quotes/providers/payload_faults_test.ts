/**
 * Payloads that differ from the documented ones. A good price is kept whatever is wrong beside it, and a member of a batch
 * harms no other member.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import type { Upstream } from "../../../../lib/upstream/upstream.ts";
import { createCoinbase } from "../../../../lib/topics/quotes/providers/coinbase.ts";
import { createCoinGecko } from "../../../../lib/topics/quotes/providers/coingecko.ts";
import { createFred } from "../../../../lib/topics/quotes/providers/fred.ts";
import { createGoldApi } from "../../../../lib/topics/quotes/providers/gold_api.ts";
import { createKraken } from "../../../../lib/topics/quotes/providers/kraken.ts";
import type { Provider, Reading } from "../../../../lib/topics/quotes/providers/provider.ts";
import { createTwelveData } from "../../../../lib/topics/quotes/providers/twelve_data.ts";
import { createYahoo } from "../../../../lib/topics/quotes/providers/yahoo.ts";
import { createSampleUpstream, RECEIVED_AT, RECEIVED_ELAPSED } from "../samples.ts";

const COINS = { "BTC-USD": "BTC-USD", "ETH-USD": "ETH-USD" };
const coinbase = createCoinbase(COINS);
const kraken = createKraken({ "BTC-USD": "XBTUSD", "ETH-USD": "ETHUSD" });
const coingecko = createCoinGecko({ "BTC-USD": "bitcoin", "ETH-USD": "ethereum" }, "a-key");
const goldApi = createGoldApi({ "XAU-USD": "XAU" });
const twelveData = createTwelveData({ "XAU-USD": "XAU/USD", "XAG-USD": "XAG/USD" }, "a-key");
const yahoo = createYahoo({ SPX: "^GSPC", "USD-JPY": "USDJPY=X", "BRK.B": "BRK-B" });
const fred = createFred({ WTI: "DCOILWTICO" }, "a-key");

/** Lists the members of a JSON object without its braces, with some of them replaced or, if undefined, left out. */
function withMembers(
  members: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ ...members, ...changes });
}

const COINBASE_TICKER = { price: "60000.10", time: "2026-05-18T08:19:58.123456Z", bid: "60000" };
const COINBASE_STATS = { open: "59000.0", high: "61000.0", low: "58000.0", volume: "12.5" };

function coinbaseAnswers(ticker: unknown, stats: unknown): Record<string, string> {
  return { "/ticker": JSON.stringify(ticker), "/stats": JSON.stringify(stats) };
}

const KRAKEN_TICKER = {
  a: ["60001", "1", "1.0"],
  b: ["60000", "1", "1.0"],
  c: ["60000.50", "0.1"],
  v: ["10.0", "20.0"],
  l: ["58000", "57000"],
  h: ["61000", "62000"],
  o: "59000.0",
};

/** The response of Kraken with these changes of bitcoin, and an intact ether. */
function krakenAnswers(changes: Record<string, unknown>, error: unknown = []) {
  const result = { XXBTZUSD: { ...KRAKEN_TICKER, ...changes }, XETHZUSD: KRAKEN_TICKER };
  return { "/Ticker": JSON.stringify({ error, result }) };
}

const COIN = { usd: 60000.5, usd_24h_change: 1.5, last_updated_at: 1779092258 };
const METAL = { symbol: "XAU", currency: "USD", price: 4165.25, updatedAt: "2026-05-18T08:19:00Z" };

const TWELVE_QUOTE = {
  currency: "USD",
  close: "4165.25",
  previous_close: "4100.00",
  open: "4101",
  high: "4170",
  low: "4099",
  is_market_open: true,
  last_quote_at: 1779092258,
};

/** The response of Twelve Data with these changes of gold, and an intact silver. */
function twelveAnswers(changes: Record<string, unknown>) {
  const body = { "XAU/USD": { ...TWELVE_QUOTE, ...changes }, "XAG/USD": TWELVE_QUOTE };
  return { "/quote": JSON.stringify(body) };
}

const REGULAR = { start: 1791207000, end: 1791230400 };
const YAHOO_META = {
  symbol: "^GSPC",
  currency: "USD",
  regularMarketPrice: 7738.79,
  regularMarketTime: 1791208707,
  previousClose: 7747.71,
  chartPreviousClose: 7747.71,
  range: "1d",
  regularMarketDayHigh: 7750.1,
  regularMarketDayLow: 7730.2,
  currentTradingPeriod: { regular: REGULAR },
};
const YAHOO_BARS = { quote: [{ open: [null, 7740.004] }] };

function yahooAnswers(changes: Record<string, unknown>, indicators: unknown = YAHOO_BARS) {
  const result = { meta: { ...YAHOO_META, ...changes }, indicators };
  return { "/chart/": JSON.stringify({ chart: { result: [result], error: null } }) };
}

function fredAnswers(...observations: unknown[]) {
  return { "/observations": JSON.stringify({ observations }) };
}

const FRED_DAY = { date: "2026-05-15", value: "67.45" };
const FRED_EARLIER_DAY = { date: "2026-05-14", value: "67.00" };

/** A fault: its name, the provider, the symbol that is read, the responses, and the fields of the reading. */
type Case = readonly [string, Provider, string, Record<string, string>, Partial<Reading>];

const NO_BASELINE = { baseline: null, basis: "none" } as const;
const BTC_PRICE = { price: "60000.10" };
const KRAKEN_PRICE = { price: "60000.50" };
const COIN_PRICE = { price: "60000.5" };
const GOLD_PRICE = { price: "4165.25" };
const SPX_PRICE = { price: "7738.79", as_of: "2026-10-05T13:58:27.000Z" };
const OF_SPX_CLOSE = { baseline: "7747.71", basis: "prev_close" } as const;

const CASES: readonly Case[] = [
  // Coinbase
  ...([
    ["without an opening price", { open: undefined }],
    ["with an opening price of null", { open: null }],
    ["with an opening price that is no number", { open: "n/a" }],
  ] as const).map(([name, changes]): Case => [
    `coinbase, stats ${name}`,
    coinbase,
    "BTC-USD",
    coinbaseAnswers(COINBASE_TICKER, { ...COINBASE_STATS, ...changes }),
    { ...BTC_PRICE, ...NO_BASELINE, high: "61000.0", volume: "12.5" },
  ]),
  ...[{}, null, [], "text", { message: "Internal server error" }].map((stats): Case => [
    `coinbase, stats ${JSON.stringify(stats)}`,
    coinbase,
    "BTC-USD",
    coinbaseAnswers(COINBASE_TICKER, stats),
    { ...BTC_PRICE, ...NO_BASELINE, open: null, bid: "60000" },
  ]),
  [
    "coinbase, no stats at all",
    coinbase,
    "BTC-USD",
    { "/ticker": JSON.stringify(COINBASE_TICKER) },
    { ...BTC_PRICE, ...NO_BASELINE },
  ],
  [
    "coinbase, bid and ask that are no numbers",
    coinbase,
    "BTC-USD",
    coinbaseAnswers({ ...COINBASE_TICKER, bid: null, ask: {} }, COINBASE_STATS),
    { ...BTC_PRICE, baseline: "59000.0", bid: null, ask: null },
  ],
  [
    "coinbase, bare numbers, and a time with an offset",
    coinbase,
    "BTC-USD",
    {
      "/ticker": `{"price":60000.10,"time":"2026-05-18T10:19:58+02:00"}`,
      "/stats": `{"open":59000.0}`,
    },
    { ...BTC_PRICE, as_of: "2026-05-18T08:19:58.000Z", baseline: "59000.0" },
  ],
  // Kraken
  ...["0.00000", null, undefined, "", {}].map((o): Case => [
    `kraken, an opening price of ${JSON.stringify(o)}`,
    kraken,
    "BTC-USD",
    krakenAnswers({ o }),
    o === "0.00000" ? { ...KRAKEN_PRICE, baseline: o } : { ...KRAKEN_PRICE, ...NO_BASELINE },
  ]),
  [
    "kraken, figures of other types",
    kraken,
    "BTC-USD",
    krakenAnswers({ a: null, b: [], v: "1", l: [null], h: undefined }),
    { ...KRAKEN_PRICE, ask: null, bid: null, volume: null, low: null, high: null },
  ],
  ...[{ c: null }, { c: [] }, { c: ["n/a"] }, { c: "60000" }].map((changes): Case => [
    `kraken, ether beside bitcoin with ${JSON.stringify(changes)}`,
    kraken,
    "ETH-USD",
    krakenAnswers(changes),
    KRAKEN_PRICE,
  ]),
  [
    "kraken, a warning beside a result",
    kraken,
    "BTC-USD",
    krakenAnswers({}, ["WGeneral:Deprecated"]),
    KRAKEN_PRICE,
  ],
  [
    "kraken, no list of errors",
    kraken,
    "BTC-USD",
    krakenAnswers({}, null),
    KRAKEN_PRICE,
  ],
  ...["XBTUSD", "XXBTZUSD", "XBT/USD", "BTC/USD"].map((key): Case => [
    `kraken, the key ${key}`,
    kraken,
    "BTC-USD",
    { "/Ticker": JSON.stringify({ error: [], result: { [key]: KRAKEN_TICKER } }) },
    KRAKEN_PRICE,
  ]),
  // CoinGecko
  ...[{}, null, { usd: null }, { usd: "n/a" }, { ...COIN, last_updated_at: null }].map((
    ethereum,
  ): Case => [
    `coingecko, bitcoin beside ether with ${JSON.stringify(ethereum)}`,
    coingecko,
    "BTC-USD",
    { "ids=": JSON.stringify({ bitcoin: COIN, ethereum }) },
    { ...COIN_PRICE, basis: "rolling_24h" },
  ]),
  ...[null, undefined, "", "n/a", -100, -250].map((usd_24h_change): Case => [
    `coingecko, a change of ${JSON.stringify(usd_24h_change)}`,
    coingecko,
    "BTC-USD",
    { "ids=": JSON.stringify({ bitcoin: { ...COIN, usd_24h_change } }) },
    { ...COIN_PRICE, ...NO_BASELINE },
  ]),
  [
    "coingecko, a time with a fraction",
    coingecko,
    "BTC-USD",
    { "ids=": JSON.stringify({ bitcoin: { ...COIN, last_updated_at: 1779092258.25 } }) },
    { ...COIN_PRICE, as_of: "2026-05-18T08:17:38.250Z" },
  ],
  // gold-api
  ...[undefined, null, "", "$", 0].map((currency): Case => [
    `gold-api, a currency of ${JSON.stringify(currency)}`,
    goldApi,
    "XAU-USD",
    { "/price/XAU": withMembers(METAL, { currency }) },
    { ...GOLD_PRICE, currency: null, as_of: null },
  ]),
  ...[undefined, null, "a few seconds ago"].map((updatedAt): Case => [
    `gold-api, an update at ${JSON.stringify(updatedAt)}`,
    goldApi,
    "XAU-USD",
    { "/price/XAU": withMembers(METAL, { updatedAt }) },
    GOLD_PRICE,
  ]),
  [
    "gold-api, no symbol, and a price as a text",
    goldApi,
    "XAU-USD",
    { "/price/XAU": withMembers(METAL, { symbol: undefined, price: "4165.25" }) },
    GOLD_PRICE,
  ],
  // Twelve Data
  ...[null, undefined, "", "0", {}].map((previous_close): Case => [
    `twelve-data, a previous close of ${JSON.stringify(previous_close)}`,
    twelveData,
    "XAU-USD",
    twelveAnswers({ previous_close }),
    previous_close === "0"
      ? { ...GOLD_PRICE, baseline: "0" }
      : { ...GOLD_PRICE, ...NO_BASELINE, open: "4101" },
  ]),
  ...[null, undefined, 0, -1, "", "soon"].map((last_quote_at): Case => [
    `twelve-data, a time of ${JSON.stringify(last_quote_at)}`,
    twelveData,
    "XAU-USD",
    twelveAnswers({ last_quote_at }),
    { ...GOLD_PRICE, as_of: null, session: "open" },
  ]),
  ...[null, undefined, "yes"].map((is_market_open): Case => [
    `twelve-data, an open market of ${JSON.stringify(is_market_open)}`,
    twelveData,
    "XAU-USD",
    twelveAnswers({ is_market_open, currency: undefined }),
    { ...GOLD_PRICE, session: null, currency: null },
  ]),
  ...[{ close: null }, { close: "n/a" }, { close: undefined, status: "error", code: 404 }].map((
    changes,
  ): Case => [
    `twelve-data, silver beside gold with ${JSON.stringify(changes)}`,
    twelveData,
    "XAG-USD",
    twelveAnswers(changes),
    GOLD_PRICE,
  ]),
  [
    "twelve-data, the one symbol of a request",
    createTwelveData({ "XAU-USD": "XAU/USD" }, "a-key"),
    "XAU-USD",
    { "?symbol=XAU/USD": JSON.stringify(TWELVE_QUOTE) },
    GOLD_PRICE,
  ],
  // Yahoo
  ...[null, undefined, 0, "", "n/a"].map((previousClose): Case => [
    `yahoo, a previous close of ${JSON.stringify(previousClose)} beside that of the chart`,
    yahoo,
    "SPX",
    yahooAnswers({ previousClose }),
    { ...SPX_PRICE, ...OF_SPX_CLOSE },
  ]),
  [
    "yahoo, no previous close at all",
    yahoo,
    "SPX",
    yahooAnswers({ previousClose: null, chartPreviousClose: null }),
    { ...SPX_PRICE, ...NO_BASELINE },
  ],
  [
    "yahoo, the close before a longer range",
    yahoo,
    "SPX",
    yahooAnswers({ previousClose: undefined, range: "5d" }),
    { ...SPX_PRICE, ...NO_BASELINE },
  ],
  ...[
    undefined,
    null,
    {},
    { regular: null },
    { regular: { start: null, end: 1791230400 } },
    {
      regular: { start: 0, end: 1791230400 },
    },
    { regular: { start: 1791230400, end: 1791207000 } },
    {
      regular: { start: 1791207000, end: 0 },
    },
  ].map((currentTradingPeriod): Case => [
    `yahoo, a trading period of ${JSON.stringify(currentTradingPeriod)}`,
    yahoo,
    "SPX",
    yahooAnswers({ currentTradingPeriod }),
    { ...SPX_PRICE, ...OF_SPX_CLOSE, session: null },
  ]),
  ...[null, undefined, "", 0, 1e-45].map((currency): Case => [
    `yahoo, a currency of ${JSON.stringify(currency)}`,
    yahoo,
    "SPX",
    yahooAnswers({ currency }),
    { ...SPX_PRICE, currency: null },
  ]),
  ...[undefined, null, {}, { quote: [] }, { quote: [null] }, { quote: [{}] }, {
    quote: [{ open: [] }],
  }, { quote: [{ open: [null, null] }] }].map((indicators): Case => [
    `yahoo, bars of ${JSON.stringify(indicators)}`,
    yahoo,
    "SPX",
    yahooAnswers({}, indicators ?? null),
    { ...SPX_PRICE, open: null, high: "7750.1" },
  ]),
  [
    "yahoo, bars whose first one has no trade, and further lists",
    yahoo,
    "SPX",
    yahooAnswers({}, { quote: [{ open: [null, 7740.004] }, {}], adjclose: [{}] }),
    { ...SPX_PRICE, open: "7740.00" },
  ],
  [
    "yahoo, exponents, and a time with a fraction",
    yahoo,
    "SPX",
    {
      "/chart/": `{"chart":{"result":[{"meta":{"symbol":"^GSPC","regularMarketPrice":7.73879E3,` +
        `"regularMarketTime":1791208707.0}},{}]}}`,
    },
    SPX_PRICE,
  ],
  ...["^gspc", undefined].map((symbol): Case => [
    `yahoo, the symbol ${symbol}`,
    yahoo,
    "SPX",
    yahooAnswers({ symbol }),
    SPX_PRICE,
  ]),
  [
    "yahoo, the short name of a pair with the dollar",
    yahoo,
    "USD-JPY",
    yahooAnswers({ symbol: "JPY=X", currency: "JPY", regularMarketPrice: 151.2 }),
    { price: "151.2", currency: "JPY", is_delayed: false },
  ],
  // FRED
  ...[
    { date: "2026-05-14" },
    { date: "2026-05-14", value: null },
    { date: "2026-05-14", value: "" },
    { value: "67.00" },
    null,
    "text",
  ].map((earlier): Case => [
    `fred, an earlier day ${JSON.stringify(earlier)}`,
    fred,
    "WTI",
    fredAnswers(FRED_DAY, earlier),
    { price: "67.45", ...NO_BASELINE, as_of: "2026-05-15T00:00:00.000Z" },
  ]),
  [
    "fred, a newest day that is no number",
    fred,
    "WTI",
    fredAnswers({ date: "2026-05-16", value: "#N/A" }, FRED_DAY, FRED_EARLIER_DAY),
    { price: "67.45", baseline: "67.00" },
  ],
  [
    "fred, a negative day among the earlier ones",
    fred,
    "WTI",
    fredAnswers(FRED_DAY, { date: "2020-04-20", value: "-36.98" }),
    { price: "67.45", baseline: "-36.98" },
  ],
  [
    "fred, days in another order",
    fred,
    "WTI",
    fredAnswers(FRED_EARLIER_DAY, FRED_DAY),
    { price: "67.45", baseline: "67.00" },
  ],
  [
    "fred, bare numbers",
    fred,
    "WTI",
    { "/observations": `{"observations":[{"date":"2026-05-15","value":67.450}]}` },
    { price: "67.450" },
  ],
];

for (const [name, provider, symbol, answers, expected] of CASES) {
  Deno.test(`a good price is kept: ${name}`, async () => {
    const reading = await provider.read(createSampleUpstream(answers), symbol);
    const actual = Object.fromEntries(
      Object.keys(expected).map((
        key,
      ) => [key, Object.entries(reading).find(([k]) => k === key)?.[1]]),
    );
    assertEquals(actual, expected);
  });
}

Deno.test("yahoo leaves out a trading period that cannot be one, so the calendar applies", async () => {
  const regulars = [{ start: 0, end: 1791230400 }, { start: 1791230400, end: 1791207000 }];
  for (const regular of regulars) {
    const upstream = createSampleUpstream(yahooAnswers({ currentTradingPeriod: { regular } }));
    assertEquals((await yahoo.read(upstream, "SPX")).period, undefined);
  }
  const period = { start: REGULAR.start * 1000, end: REGULAR.end * 1000 };
  const upstream = createSampleUpstream(yahooAnswers({}));
  assertEquals((await yahoo.read(upstream, "SPX")).period, period);
});

/** Payloads without a price of the symbol that is read. */
const REFUSALS: readonly (readonly [string, Provider, string, Record<string, string>])[] = [
  ...[null, undefined, "", "n/a", "1,000.5", "NaN", {}].map((price) =>
    [
      `coinbase, a price of ${JSON.stringify(price)}`,
      coinbase,
      "BTC-USD",
      coinbaseAnswers({ ...COINBASE_TICKER, price }, COINBASE_STATS),
    ] as const
  ),
  ...[null, undefined, "", "yesterday"].map((time) =>
    [
      `coinbase, a time of ${JSON.stringify(time)}`,
      coinbase,
      "BTC-USD",
      coinbaseAnswers({ ...COINBASE_TICKER, time }, COINBASE_STATS),
    ] as const
  ),
  ["kraken, a price of null", kraken, "BTC-USD", krakenAnswers({ c: null })],
  ["kraken, no result", kraken, "BTC-USD", { "/Ticker": `{"error":[]}` }],
  ["kraken, a list", kraken, "BTC-USD", { "/Ticker": `[]` }],
  ["coingecko, a price of null", coingecko, "BTC-USD", { "ids=": `{"bitcoin":{"usd":null}}` }],
  ["coingecko, a list", coingecko, "BTC-USD", { "ids=": `[1,2]` }],
  ["gold-api, no price", goldApi, "XAU-USD", {
    "/price": withMembers(METAL, { price: undefined }),
  }],
  ["twelve-data, a close of null", twelveData, "XAU-USD", twelveAnswers({ close: null })],
  ["twelve-data, an empty body", twelveData, "XAU-USD", { "/quote": "{}" }],
  ["yahoo, a price of null", yahoo, "SPX", yahooAnswers({ regularMarketPrice: null })],
  ["yahoo, a time of null", yahoo, "SPX", yahooAnswers({ regularMarketTime: null })],
  ["yahoo, another symbol", yahoo, "SPX", yahooAnswers({ symbol: "^DJI" })],
  ["yahoo, no result", yahoo, "SPX", { "/chart/": `{"chart":{"result":null,"error":{}}}` }],
  ["yahoo, an empty result", yahoo, "SPX", { "/chart/": `{"chart":{"result":[],"error":null}}` }],
  ["fred, no observations", fred, "WTI", { "/observations": `{"observations":[]}` }],
  ["fred, only days without trades", fred, "WTI", fredAnswers({ date: "2026-05-15", value: "." })],
];

for (const [name, provider, symbol, answers] of REFUSALS) {
  Deno.test(`no price is invented: ${name}`, async () => {
    await assertRejects(() => provider.read(createSampleUpstream(answers), symbol));
  });
}

Deno.test("coinbase uses statistics of the last minutes while there are no newer ones, and no older ones", async () => {
  const failure = new UpstreamFailure("http", "Coinbase answered with HTTP 500", { status: 500 });
  const baselineAt = async (age: number) => {
    const upstream: Pick<Upstream, "get"> = {
      // deno-lint-ignore require-await
      async get(url, parse) {
        const isStats = url.endsWith("/stats");
        return {
          value: parse(JSON.stringify(isStats ? COINBASE_STATS : COINBASE_TICKER)),
          receivedAt: RECEIVED_AT,
          receivedElapsed: RECEIVED_ELAPSED - (isStats ? age : 0),
          failure: isStats ? failure : null,
        };
      },
    };
    return (await coinbase.read(upstream, "BTC-USD")).baseline;
  };
  assertEquals(await baselineAt(60_000), "59000.0");
  assertEquals(await baselineAt(3_600_000), null);
});

Deno.test("kraken's numbers may be strings or bare, and none loses a digit", async () => {
  const bare = JSON.stringify({ error: [], result: { XXBTZUSD: KRAKEN_TICKER } })
    .replaceAll(/"(\d+(?:\.\d+)?)"/g, "$1");
  const { price, open, bid } = await kraken.read(
    createSampleUpstream({ "/Ticker": bare }),
    "BTC-USD",
  );
  assertEquals([price, open, bid], ["60000.50", "59000.0", "60000"]);
});

Deno.test("kraken states no time, so only a price, a bid or an ask that moves is news", async () => {
  const body = krakenAnswers({});
  assertEquals((await kraken.read(createSampleUpstream(body), "BTC-USD")).isRepeated, true);
});

Deno.test("twelve-data's price without a time may be its last one, so only another price is news", async () => {
  const repeated = async (last_quote_at: unknown) => {
    const upstream = createSampleUpstream(twelveAnswers({ last_quote_at }));
    return (await twelveData.read(upstream, "XAU-USD")).isRepeated ?? false;
  };
  assertEquals([await repeated(1779092258), await repeated(null), await repeated(undefined)], [
    false,
    true,
    true,
  ]);
});

/** Creates Kraken's upstream, which refuses a request with a pair that it does not know, and is not asked again for it. */
function createStrictKraken(known: Set<string>) {
  const calls: string[] = [];
  const paused = new Set<string>();
  const upstream: Pick<Upstream, "get"> = {
    // deno-lint-ignore require-await
    async get(url, parse) {
      const pairs = url.split("?pair=")[1]?.split(",") ?? [];
      if (pairs.length > 1 && paused.has(url)) {
        const cause = new UpstreamFailure("http", "Kraken does not know a pair", { status: 404 });
        throw new UpstreamFailure("waiting", "Kraken is not called", { cause });
      }
      if (!calls.includes(pairs.join())) calls.push(pairs.join());
      const isKnown = pairs.every((pair) => known.has(pair));
      if (!isKnown) queueMicrotask(() => paused.add(url));
      const result = Object.fromEntries(pairs.map((pair) => [pair, KRAKEN_TICKER]));
      const body = isKnown ? { error: [], result } : { error: ["EQuery:Unknown asset pair"] };
      return {
        value: parse(JSON.stringify(body)),
        receivedAt: RECEIVED_AT,
        receivedElapsed: RECEIVED_ELAPSED,
        failure: null,
      };
    },
  };
  /** Reads all symbols at once. Returns the symbols that failed, and the pairs of each request. */
  async function readAll(provider: Provider) {
    calls.length = 0;
    const failed: string[] = [];
    await Promise.all(
      provider.symbols.map((symbol) =>
        provider.read(upstream, symbol).catch((thrown) => {
          assert(thrown instanceof UpstreamFailure && thrown.status === 404);
          failed.push(`${symbol}: ${thrown.message}`);
        })
      ),
    );
    return { failed, calls: [...calls] };
  }
  return { upstream, readAll, endPauses: () => paused.clear() };
}

Deno.test("kraken serves one pair of a batch again and again while another one is unknown", async () => {
  const { upstream } = createStrictKraken(new Set(["XBTUSD", "ETHUSD", "SOLUSD"]));
  const provider = createKraken({ A: "XBTUSD", B: "ETHUSD", C: "GONEUSD", D: "SOLUSD" });
  for (let poll = 0; poll < 3; poll++) {
    assertEquals((await provider.read(upstream, "A")).price, "60000.50");
  }
});

Deno.test("kraken finds the unknown pair of a batch, and asks for the others without it", async () => {
  const known = new Set(["XBTUSD", "ETHUSD", "SOLUSD"]);
  const pairs = { A: "XBTUSD", B: "ETHUSD", C: "GONEUSD", D: "SOLUSD" };
  const provider = createKraken(pairs);
  const { readAll, endPauses } = createStrictKraken(known);
  const gone = ["C: Kraken does not know GONEUSD"];
  assertEquals(await readAll(provider), {
    failed: gone,
    calls: ["XBTUSD,ETHUSD,GONEUSD,SOLUSD", "XBTUSD,ETHUSD", "GONEUSD,SOLUSD", "GONEUSD", "SOLUSD"],
  });
  assertEquals(await readAll(provider), {
    failed: gone,
    calls: ["XBTUSD,ETHUSD,SOLUSD", "GONEUSD"],
  });
  known.add("GONEUSD");
  assertEquals(await readAll(provider), {
    failed: [],
    calls: ["XBTUSD,ETHUSD,SOLUSD", "GONEUSD"],
  });
  // The batch with the pair is asked for again once its pause is over.
  endPauses();
  assertEquals(await readAll(provider), { failed: [], calls: [Object.values(pairs).join()] });
});

Deno.test("kraken serves a pair although all others are unknown", async () => {
  const tickers = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`S${n}`, `P${n}USD`]));
  const provider = createKraken(tickers);
  const { failed } = await createStrictKraken(new Set(["P5USD"])).readAll(provider);
  assertEquals(failed.length, 8);
  assert(failed.every((text) => !text.startsWith("S5:")));
});

Deno.test("kraken's refusals of a rate make the upstream pause, in all their forms", async () => {
  const statusOf = async (error: string) => {
    const upstream = createSampleUpstream({ "/Ticker": JSON.stringify({ error: [error] }) });
    const thrown = await assertRejects(() => kraken.read(upstream, "BTC-USD"), UpstreamFailure);
    return thrown.status;
  };
  for (
    const error of [
      "EAPI:Rate limit exceeded",
      "EGeneral:Too many requests",
      "EGeneral:Temporary lockout",
      "EService: Throttled",
    ]
  ) assertEquals(await statusOf(error), 429, error);
  assertEquals(await statusOf("EService:Unavailable"), 200);
});

Deno.test("tickers of a setting cannot change the path or the query of a request", async () => {
  const urls: string[] = [];
  const upstream: Pick<Upstream, "get"> = {
    get(url) {
      urls.push(url);
      return Promise.reject(new UpstreamFailure("http", "unused"));
    },
  };
  const odd = { ODD: "A/B?c=d&e#f" };
  const providers = [createCoinbase(odd), createKraken(odd), createYahoo(odd), createGoldApi(odd)];
  const keyed = [createTwelveData, createCoinGecko, createFred].map((create) => create(odd, "key"));
  for (const provider of [...providers, ...keyed]) {
    await assertRejects(() => provider.read(upstream, "ODD"), provider.name);
    await provider.readHistory?.(upstream, "ODD", "1y", RECEIVED_AT).catch(() => {});
  }
  assertEquals(urls.length, 13);
  for (const url of urls) assert(!/[?&]c=d|&e|#f/.test(url), url);
});

Deno.test("twelve-data cuts the symbols into requests of eight, the same ones for all symbols, which cost a credit per symbol", async () => {
  const tickers = Object.fromEntries(Array.from({ length: 19 }, (_, n) => [`S${n}`, `T${n}`]));
  const provider = createTwelveData(tickers, "a-key");
  const credits = new Map<string, number>();
  const upstream: Pick<Upstream, "get"> = {
    // deno-lint-ignore require-await
    async get(url, parse, cost = 1) {
      credits.set(url, cost);
      const names = url.split("?symbol=")[1]?.split(",") ?? [];
      return {
        value: parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, TWELVE_QUOTE])))),
        receivedAt: RECEIVED_AT,
        receivedElapsed: RECEIVED_ELAPSED,
        failure: null,
      };
    },
  };
  for (const symbol of provider.symbols) await provider.read(upstream, symbol);
  assertEquals([...credits.keys()].map((url) => url.split(",").length), [8, 8, 3]);
  assertEquals([...credits.values()], [8, 8, 3]);
});
