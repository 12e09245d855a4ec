import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../../../lib/core/config.ts";
import { DAY_MS } from "../../../../lib/core/time.ts";
import {
  type ProviderConfig,
  providersFor,
} from "../../../../lib/topics/quotes/providers/registry.ts";
import { instrumentsFor } from "../../../../lib/topics/quotes/instruments.ts";

const INSTRUMENTS = instrumentsFor({});

/** Lists the providers of a configuration: by default without FRED's key. */
function listProviders(config: Partial<ProviderConfig> = {}) {
  return providersFor({
    DEMO: false,
    STREAMING_SOURCES: ["coinbase", "kraken"],
    QUORUM_BOUND_PCT: 1,
    UNOFFICIAL_SOURCES: ["yahoo", "swissquote"],
    COINGECKO_API_KEY: "CG-key",
    TWELVE_DATA_API_KEY: "TD-key",
    ...config,
  }, INSTRUMENTS);
}

function pacesFor(config: Partial<ProviderConfig>): Record<string, readonly number[]> {
  return Object.fromEntries(
    listProviders(config).map(({ name, intervalMs, closedIntervalMs = intervalMs, ttlMs }) => [
      name,
      [intervalMs, closedIntervalMs, ttlMs],
    ]),
  );
}

Deno.test("providersFor() lists a keyed provider after the keyless ones of its symbols, and only with its key", () => {
  const keyless = ["coinbase", "kraken", "gold-api", "yahoo"];
  const namesFor = (config: Partial<ProviderConfig>) =>
    listProviders(config).map(({ name }) => name);
  assertEquals(providersFor(readConfig({}), INSTRUMENTS).map(({ name }) => name), keyless);
  assertEquals(
    providersFor(readConfig({ UNOFFICIAL_SOURCES: "none" }), INSTRUMENTS).map(({ name }) => name),
    [
      "coinbase",
      "kraken",
      "gold-api",
    ],
  );
  assertEquals(namesFor({}), [
    "coinbase",
    "kraken",
    "coingecko",
    "gold-api",
    "swissquote",
    "twelve-data",
    "yahoo",
  ]);
});

Deno.test("providersFor() prefers real-time sources of shares, needs both halves of a key, and has daily rates last", () => {
  const instruments = instrumentsFor({ SYMBOLS: ["AAPL", "EUR-USD"] });
  const namesFor = (env: Readonly<Record<string, string>>) =>
    providersFor(readConfig(env), instruments).map(({ name }) => name);
  assertEquals(namesFor({}), ["yahoo", "frankfurter"]);
  const both = { UNOFFICIAL_SOURCES: "yahoo,swissquote" };
  assertEquals(namesFor(both), ["swissquote", "yahoo", "frankfurter"]);
  assertEquals(
    namesFor({
      FINNHUB_API_KEY: "FH-key",
      ALPACA_API_KEY: "AL-key",
      ALPACA_API_SECRET: "AL-secret",
      TWELVE_DATA_API_KEY: "TD-key",
    }),
    ["finnhub", "alpaca", "twelve-data", "yahoo", "frankfurter"],
  );
});

Deno.test("providersFor() keeps Finnhub within 60 calls a minute, however many shares there are", () => {
  const intervals = [
    "AAPL",
    "AAPL,MSFT,NVDA,GOOGL,AMZN,META,TSLA,AVGO,BRK.B,LLY,JPM,V,MA,UNH,XOM,WMT",
  ]
    .map((list) => {
      const instruments = instrumentsFor({ SYMBOLS: list.split(",") });
      const config = readConfig({ FINNHUB_API_KEY: "FH-key", QUOTE_POLL_MS: "1000" });
      return providersFor(config, instruments)[0]?.intervalMs ?? 0;
    });
  const [one = 0, sixteen = 0] = intervals;
  assert(one >= 1000 && sixteen >= 16_000 && sixteen < 40_000, `${one}, ${sixteen}`);
});

Deno.test("providersFor() covers every symbol, and no unknown symbol", () => {
  const served = providersFor(readConfig({}), INSTRUMENTS).flatMap(({ symbols }) => symbols);
  assertEquals([...new Set(served)], [...INSTRUMENTS.keys()]);
});

Deno.test("providersFor() keeps the quotas of keyed providers", () => {
  const callsPerDay = Object.entries(pacesFor({})).map(([name, [intervalMs = 0]]) => [
    name,
    Math.floor(DAY_MS / intervalMs),
  ]);
  const calls = Object.fromEntries(callsPerDay);
  assertEquals(calls["coingecko"] * 31 <= 10_000, true);
  assertEquals(calls["twelve-data"] * 2 <= 800, true);
});

Deno.test("providersFor() applies the settings of intervals and TTLs", () => {
  assertEquals(pacesFor({}), {
    coinbase: [5000, 5000, 4000],
    kraken: [5000, 5000, 4000],
    coingecko: [270_000, 270_000, 270_000],
    "gold-api": [30_000, 300_000, 24_000],
    swissquote: [30_000, 300_000, 24_000],
    "twelve-data": [270_000, 270_000, 216_000],
    yahoo: [60_000, 300_000, 45_000],
  });
  const cases: [Partial<ProviderConfig>, number[], number[], number[]][] = [
    [{ QUOTE_POLL_MS: 1000 }, [1000, 1000, 1000], [2500, 2500, 2000], [1250, 1250, 1000]],
    [
      { QUOTE_POLL_MS: 90_000 },
      [90_000, 90_000, 4000],
      [90_000, 90_000, 90_000],
      [90_000, 90_000, 45_000],
    ],
    [{ QUOTE_POLL_MS: 9000, QUOTE_TTL_MS: 2000 }, [9000, 9000, 2000], [9000, 9000, 2000], [
      9000,
      9000,
      2000,
    ]],
    [{ QUOTE_TTL_MS: 2000 }, [5000, 5000, 2000], [270_000, 270_000, 2000], [
      60_000,
      300_000,
      2000,
    ]],
    [{ QUOTE_TTL_MS: 70_000 }, [70_000, 70_000, 70_000], [270_000, 270_000, 70_000], [
      70_000,
      70_000,
      70_000,
    ]],
    [{ DEMO: true }, [5000, 5000, 4000], [5000, 5000, 5000], [5000, 5000, 5000]],
  ];
  for (const [config, coinbase, coingecko, yahoo] of cases) {
    const pace = pacesFor(config);
    assertEquals([pace["coinbase"], pace["coingecko"], pace["yahoo"]], [
      coinbase,
      coingecko,
      yahoo,
    ]);
  }
});

Deno.test("providersFor() polls 200 symbols at intervals that stay within the limits of each provider", () => {
  const [coin] = INSTRUMENTS.values();
  assert(coin !== undefined);
  const tickers = {
    coinbase: "X-USD",
    kraken: "XUSD",
    coingecko: "x",
    "gold-api": "X",
    "twelve-data": "X",
    yahoo: "X",
    fred: "X",
  };
  const many = new Map(Array.from({ length: 200 }, (_, n) => {
    const symbol = `C${n}-USD`;
    const names = Object.entries(tickers).map(([provider, ticker]) => [provider, ticker + n]);
    return [symbol, { ...coin, symbol, tickers: Object.fromEntries(names) }];
  }));
  const config = readConfig({
    COINGECKO_API_KEY: "CG-0123456789abcdef",
    TWELVE_DATA_API_KEY: "0123456789abcdef0123456789abcdef",
    FRED_API_KEY: "0123456789abcdef0123456789abcdef",
  });
  const paces = providersFor(config, many).map((provider) => {
    const { name, intervalMs, ttlMs, costPerPoll = provider.symbols.length, limits = [] } =
      provider;
    assert(ttlMs <= intervalMs, name);
    for (const { calls, perMs } of limits) assert(costPerPoll * perMs / intervalMs <= calls, name);
    return [name, intervalMs];
  });
  assertEquals(Object.fromEntries(paces), {
    coinbase: 50_000,
    kraken: 5000,
    coingecko: 270_000,
    "gold-api": 30_000,
    "twelve-data": 27_000_000,
    yahoo: 60_000,
    fred: 3_600_000,
  });
});
