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

/** The longest interval of a demo, unless `QUOTE_POLL_MS` sets another. Visitors see prices move. */
const MAX_DEMO_INTERVAL_MS = 5000;

/** The settings that affect providers. */
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
function withPace(
  provider: Provider,
  { DEMO, QUOTE_POLL_MS, QUOTE_TTL_MS }: ProviderConfig,
): Provider {
  const defaultMs = DEMO
    ? Math.min(provider.intervalMs, MAX_DEMO_INTERVAL_MS)
    : provider.intervalMs;
  // A poll within the TTL would only return the cached response.
  const intervalMs = QUOTE_POLL_MS ?? Math.max(defaultMs, QUOTE_TTL_MS ?? 0);
  const ttlMs = QUOTE_TTL_MS ?? Math.min(provider.ttlMs, intervalMs);
  const isUnchanged = intervalMs === provider.intervalMs;
  const closedIntervalMs = isUnchanged ? provider.closedIntervalMs ?? intervalMs : intervalMs;
  return { ...provider, intervalMs, closedIntervalMs, ttlMs };
}

/** Creates a provider that needs a key. The list is empty if the key is not set. */
function withKey(key: string | undefined, create: (key: string) => Provider): readonly Provider[] {
  return key === undefined ? [] : [create(key)];
}

/** Lists the providers of a configuration. The first provider of a symbol is preferred, the others are alternates. */
export function providersFor(config: ProviderConfig): readonly Provider[] {
  return [
    coinbase,
    kraken,
    ...withKey(config.COINGECKO_API_KEY, createCoinGecko),
    goldApi,
    ...withKey(config.TWELVE_DATA_API_KEY, createTwelveData),
    ...(config.UNOFFICIAL_SOURCES === "yahoo" ? [yahoo] : []),
    ...withKey(config.FRED_API_KEY, createFred),
  ].map((provider) => withPace(provider, config));
}
