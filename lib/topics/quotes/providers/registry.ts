/**
 * THE LIST of providers, in order of preference.
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

/** In `DEMO` prices move at least this often, unless `QUOTE_POLL_MS` says otherwise. */
const DEMO_INTERVAL_MS = 5000;

/** The settings of providers. */
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

/** Applies the settings of intervals and TTLs to a provider. */
function paced(
  provider: Provider,
  { DEMO, QUOTE_POLL_MS, QUOTE_TTL_MS }: ProviderConfig,
): Provider {
  const usualMs = DEMO ? Math.min(provider.intervalMs, DEMO_INTERVAL_MS) : provider.intervalMs;
  // A poll within the TTL would only meet the cache.
  const intervalMs = QUOTE_POLL_MS ?? Math.max(usualMs, QUOTE_TTL_MS ?? 0);
  const ttlMs = QUOTE_TTL_MS ?? Math.min(provider.ttlMs, intervalMs);
  const isUsual = intervalMs === provider.intervalMs;
  const closedIntervalMs = isUsual ? provider.closedIntervalMs ?? intervalMs : intervalMs;
  return { ...provider, intervalMs, closedIntervalMs, ttlMs };
}

/** Creates a provider that needs a key, if the key is set. */
function keyed(key: string | undefined, create: (key: string) => Provider): readonly Provider[] {
  return key === undefined ? [] : [create(key)];
}

/** Lists the providers of these settings. The first one with a symbol is preferred, the next ones are alternates. */
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
