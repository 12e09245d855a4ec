/**
 * The pollers of all symbols that have a provider, and the evaluator of the other symbols.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import { isoTime } from "../../core/time.ts";
import { createUpstream } from "../../upstream/upstream.ts";
import type { QuoteSink } from "./change_publisher.ts";
import { SYMBOLS } from "./instruments.ts";
import { createMarketHours } from "./market_hours.ts";
import { Poller } from "./poller.ts";
import type { Provider } from "./providers/provider.ts";
import { type ProviderConfig, providersFor } from "./providers/registry.ts";
import type { SnapshotEvaluator } from "./topic.ts";

/** Groups providers that share a symbol, also through a third provider. Each group keeps the order of the providers. */
export function groupBySymbols(
  providers: readonly Provider[],
): readonly (readonly Provider[])[] {
  let groups: Provider[][] = [];
  for (const provider of providers) {
    const isRelated = (group: readonly Provider[]) =>
      group.some(({ symbols }) => symbols.some((symbol) => provider.symbols.includes(symbol)));
    const related = groups.filter(isRelated).flat();
    groups = [...groups.filter((group) => !isRelated(group)), [...related, provider]];
  }
  return groups.map((group) => providers.filter((provider) => group.includes(provider)));
}

/** Creates one poller per group of providers. No poller is started. */
export function createPollers(
  runtime: Runtime,
  config: ProviderConfig,
  sink: QuoteSink,
): readonly Poller[] {
  const spanAt = createMarketHours();
  return groupBySymbols(providersFor(config)).map((group) =>
    new Poller({
      runtime,
      spanAt,
      providers: group.map((provider) => ({
        provider,
        upstream: createUpstream(runtime, provider),
      })),
      sink,
      isSimulated: config.DEMO,
      maxDivergencePct: config.QUORUM_BOUND_PCT,
    })
  );
}

/**
 * Returns the evaluator of the symbols without a provider. Their logged quotes are stale, and a status states the reason.
 */
export function unservedSymbols(
  { clock }: Pick<Runtime, "clock">,
  config: ProviderConfig,
): SnapshotEvaluator {
  const since = isoTime(clock.now());
  const served = new Set(providersFor(config).flatMap(({ symbols }) => symbols));
  const symbols = SYMBOLS.filter((symbol) => !served.has(symbol));
  return {
    evaluateQuote: (quote) => symbols.includes(quote.symbol) ? { ...quote, is_stale: true } : quote,
    evaluateStatus: (status) => status,
    pendingStatuses: () =>
      symbols.length === 0 ? [] : [{
        provider: "none",
        symbols: [...symbols],
        state: "down",
        since,
        reason: "no source configured",
        breaker: "closed",
        next_try_at: null,
      }],
  };
}
