/**
 * THE LIST of providers.
 *
 * @module
 */
import type { Config } from "../../../core/config.ts";
import { coinbase } from "./coinbase.ts";
import { createCoinGecko } from "./coingecko.ts";
import { createFred } from "./fred.ts";
import { goldApi } from "./gold_api.ts";
import { kraken } from "./kraken.ts";
import type { Provider } from "./provider.ts";
import { createTwelveData } from "./twelve_data.ts";
import { yahoo } from "./yahoo.ts";

/** In `DEMO` nobody waits longer than this for a price to move, unless told to. */
const DEMO_INTERVAL_MS = 5000;

/** The settings this list looks at. */
export type ProviderConfig = Pick<
  Config,
  | "DEMO"
  | "QUOTE_POLL_MS"
  | "QUOTE_TTL_MS"
  | "QUORUM_BOUND_PCT"
  | "UNOFFICIAL_SOURCES"
  | "COINGECKO_API_KEY"
  | "TWELVE_DATA_API_KEY"
  | "FRED_API_KEY"
>;

/** A provider at the pace the settings ask for. */
function paced(
  provider: Provider,
  { DEMO, QUOTE_POLL_MS, QUOTE_TTL_MS }: ProviderConfig,
): Provider {
  const usualMs = DEMO ? Math.min(provider.intervalMs, DEMO_INTERVAL_MS) : provider.intervalMs;
  // Polls more frequent than a TTL that was asked for would only meet the cache.
  const intervalMs = QUOTE_POLL_MS ?? Math.max(usualMs, QUOTE_TTL_MS ?? 0);
  const ttlMs = QUOTE_TTL_MS ?? Math.min(provider.ttlMs, intervalMs);
  const isUsual = intervalMs === provider.intervalMs;
  const closedIntervalMs = isUsual ? provider.closedIntervalMs ?? intervalMs : intervalMs;
  return { ...provider, intervalMs, closedIntervalMs, ttlMs };
}

/** A provider that needs a key joins in where there is one. */
function keyed(key: string | undefined, create: (key: string) => Provider): readonly Provider[] {
  return key === undefined ? [] : [create(key)];
}

/** All providers of these settings. The first that gives a symbol serves it, the next ones step in. */
export function providersFor(config: ProviderConfig): readonly Provider[] {
  return [
    coinbase,
    kraken,
    ...keyed(config.COINGECKO_API_KEY, createCoinGecko),
    goldApi,
    ...keyed(config.TWELVE_DATA_API_KEY, createTwelveData),
    ...(config.UNOFFICIAL_SOURCES === "yahoo" ? [yahoo] : []),
    ...keyed(config.FRED_API_KEY, createFred),
  ].map((provider) => paced(provider, config));
}
