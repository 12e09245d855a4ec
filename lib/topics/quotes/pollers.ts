/**
 * Who is polled together: providers that share symbols, so that each has one upstream, one state and one status.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import { createUpstream } from "../../upstream/upstream.ts";
import { createHours } from "./market_hours.ts";
import { createPoller, type Judge, type Poller } from "./poller.ts";
import type { Provider } from "./providers/provider.ts";
import { type ProviderConfig, providersFor } from "./providers/registry.ts";
import { SYMBOLS } from "./instruments.ts";
import type { Outlet } from "./change_publisher.ts";
import { createUnsourced } from "./unsourced.ts";

/** Groups providers that have a symbol in common, if only over a third. Each group keeps their order. */
export function groups(providers: readonly Provider[]): readonly (readonly Provider[])[] {
  let all: Provider[][] = [];
  for (const provider of providers) {
    const isAkin = (group: readonly Provider[]) =>
      group.some(({ symbols }) => symbols.some((symbol) => provider.symbols.includes(symbol)));
    const akin = all.filter(isAkin);
    all = [...all.filter((group) => !isAkin(group)), [...akin.flat(), provider]];
  }
  const position = (provider: Provider) => providers.indexOf(provider);
  return all.map((group) => group.toSorted((a, b) => position(a) - position(b)));
}

/** What keeps the market going, and who says how things are in it. */
export interface Pollers {
  readonly pollers: readonly Poller[];
  readonly judges: readonly Judge[];
}

/** Creates the pollers of all providers of these settings. Nothing starts yet. */
export function createPollers(runtime: Runtime, config: ProviderConfig, outlet: Outlet): Pollers {
  const providers = providersFor(config);
  const spanAt = createHours();
  const pollers = groups(providers).map((group) =>
    createPoller({
      runtime,
      spanAt,
      providers: group.map((provider) => ({
        provider,
        upstream: createUpstream(runtime, provider),
      })),
      outlet,
      simulated: config.DEMO,
      quorumBoundPct: config.QUORUM_BOUND_PCT,
    })
  );
  const missing = SYMBOLS.filter((symbol) =>
    !providers.some(({ symbols }) => symbols.includes(symbol))
  );
  return {
    pollers,
    judges: missing.length === 0 ? pollers : [...pollers, createUnsourced(runtime.clock, missing)],
  };
}
