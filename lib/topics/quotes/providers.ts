/**
 * THE LIST of providers.
 *
 * @module
 */
import type { Config } from "../../core/config.ts";
import { coinbase } from "./coinbase.ts";
import { createCoinGecko } from "./coingecko.ts";
import { kraken } from "./kraken.ts";
import type { Provider } from "./provider.ts";

/** In `DEMO` nobody waits longer than this for a price to move, unless told to. */
const DEMO_INTERVAL_MS = 5000;

/** The settings this list looks at. */
export type ProviderConfig = Pick<
  Config,
  "DEMO" | "QUOTE_POLL_MS" | "QUOTE_TTL_MS" | "COINGECKO_API_KEY"
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
  return { ...provider, intervalMs, ttlMs };
}

/** All providers of these settings. Of one class, the first that gives a symbol is the one that is shown. */
export function providersFor(config: ProviderConfig): readonly Provider[] {
  const { COINGECKO_API_KEY: coinGeckoKey } = config;
  return [
    coinbase,
    kraken,
    ...(coinGeckoKey === undefined ? [] : [createCoinGecko(coinGeckoKey)]),
  ].map((provider) => paced(provider, config));
}
