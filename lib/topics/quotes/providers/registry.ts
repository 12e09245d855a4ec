/**
 * THE LIST of providers, in order of preference.
 *
 * @module
 */
import type { Config } from "../../../core/config.ts";
import { sustainedIntervalMs } from "../../../upstream/pace.ts";
import type { Instruments } from "../instrument.ts";
import { createAlpaca } from "./alpaca.ts";
import { JITTER } from "../poll_schedule.ts";
import { createCoinbase } from "./coinbase.ts";
import { createCoinGecko } from "./coingecko.ts";
import { createFinnhub } from "./finnhub.ts";
import { createFrankfurter } from "./frankfurter.ts";
import { createFred } from "./fred.ts";
import { createGoldApi } from "./gold_api.ts";
import { createKraken } from "./kraken.ts";
import type { Provider, Tickers } from "./provider.ts";
import { createSwissquote } from "./swissquote.ts";
import { createTwelveData } from "./twelve_data.ts";
import { createYahoo } from "./yahoo.ts";

/** The longest interval of a demo, unless `QUOTE_POLL_MS` sets another. Visitors see prices move. */
const MAX_DEMO_INTERVAL_MS = 5000;

/** The largest share of a limit that polls use. Histories and checks of standbys need the rest. */
const POLLS_SHARE_OF_LIMIT = 0.8;

/** The settings that affect providers. */
export type ProviderConfig = Pick<
  Config,
  | "DEMO"
  | "STREAMING_SOURCES"
  | "QUOTE_POLL_MS"
  | "QUOTE_TTL_MS"
  | "QUORUM_BOUND_PCT"
  | "UNOFFICIAL_SOURCES"
  | "COINGECKO_API_KEY"
  | "TWELVE_DATA_API_KEY"
  | "FRED_API_KEY"
  | "FINNHUB_API_KEY"
  | "ALPACA_API_KEY"
  | "ALPACA_API_SECRET"
>;

/** Returns the shortest interval in which the polls of a provider stay within its limits, in ms. */
function limitedIntervalMs(
  { symbols, limits = [], costPerPoll = symbols.length }: Provider,
): number {
  return sustainedIntervalMs(costPerPoll, limits, POLLS_SHARE_OF_LIMIT);
}

/**
 * Applies the settings of intervals and TTLs to a provider. Its limits take precedence, except in a demo, whose simulated
 * upstreams have none.
 */
function withPace(
  provider: Provider,
  { DEMO, QUOTE_POLL_MS, QUOTE_TTL_MS }: ProviderConfig,
): Provider {
  const defaultMs = DEMO
    ? Math.min(provider.intervalMs, MAX_DEMO_INTERVAL_MS)
    : provider.intervalMs;
  // A poll within the TTL would only return the cached response.
  const wantedMs = QUOTE_POLL_MS ?? Math.max(defaultMs, QUOTE_TTL_MS ?? 0);
  const intervalMs = Math.max(wantedMs, DEMO ? 0 : limitedIntervalMs(provider));
  const longestTtlMs = intervalMs > wantedMs ? intervalMs * (1 - JITTER) : provider.ttlMs;
  const ttlMs = QUOTE_TTL_MS ?? Math.min(longestTtlMs, intervalMs);
  const isUnchanged = wantedMs === provider.intervalMs;
  const closedIntervalMs = Math.max(intervalMs, isUnchanged ? provider.closedIntervalMs ?? 0 : 0);
  const limits = DEMO ? { limits: [] } : {};
  return { ...provider, ...limits, intervalMs, closedIntervalMs, ttlMs };
}

/** Leaves out the stream of a provider that the settings do not list. */
function withListedStream(
  { stream, ...provider }: Provider,
  { STREAMING_SOURCES }: ProviderConfig,
): Provider {
  const isListed = STREAMING_SOURCES.some((name) => name === provider.name);
  return stream === undefined || !isListed ? provider : { ...provider, stream };
}

/** Lists a provider if it is turned on. A provider is on unless it needs a key that is not set. */
function onlyIf<T>(setting: T | undefined, create: (setting: T) => Provider): readonly Provider[] {
  return setting === undefined ? [] : [create(setting)];
}

/**
 * Lists the providers of a configuration. The first provider of a symbol is preferred, the others are alternates. A
 * provider without an instrument is left out.
 */
export function providersFor(
  config: ProviderConfig,
  instruments: Instruments,
): readonly Provider[] {
  /** Returns the names that a provider has for the instruments that it serves, by symbol. */
  function tickersOf(provider: string): Tickers {
    return Object.fromEntries([...instruments].flatMap(([symbol, { tickers }]) => {
      const ticker = tickers[provider];
      return ticker === undefined ? [] : [[symbol, ticker]];
    }));
  }

  const isUsed = (name: Config["UNOFFICIAL_SOURCES"][number]) =>
    config.UNOFFICIAL_SOURCES.includes(name);
  const { ALPACA_API_KEY: id, ALPACA_API_SECRET: secret } = config;
  const alpacaKey = id === undefined || secret === undefined ? undefined : { id, secret };
  return [
    createCoinbase(tickersOf("coinbase")),
    createKraken(tickersOf("kraken")),
    ...onlyIf(config.COINGECKO_API_KEY, (key) => createCoinGecko(tickersOf("coingecko"), key)),
    createGoldApi(tickersOf("gold-api")),
    ...(isUsed("swissquote") ? [createSwissquote(tickersOf("swissquote"))] : []),
    ...onlyIf(config.FINNHUB_API_KEY, (key) => createFinnhub(tickersOf("finnhub"), key)),
    ...onlyIf(alpacaKey, (key) => createAlpaca(tickersOf("alpaca"), key)),
    ...onlyIf(config.TWELVE_DATA_API_KEY, (key) => createTwelveData(tickersOf("twelve-data"), key)),
    ...(isUsed("yahoo") ? [createYahoo(tickersOf("yahoo"))] : []),
    createFrankfurter(tickersOf("frankfurter")),
    ...onlyIf(config.FRED_API_KEY, (key) => createFred(tickersOf("fred"), key)),
  ].filter(({ symbols }) => symbols.length > 0)
    .map((provider) => withListedStream(withPace(provider, config), config));
}
