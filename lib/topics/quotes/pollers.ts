/**
 * One poller a class of symbols.
 *
 * @module
 */
import type { World } from "../../core/world.ts";
import { createUpstream } from "../../upstream/upstream.ts";
import { createPoller, type Poller } from "./poller.ts";
import { type ProviderConfig, providersFor } from "./providers.ts";
import { QuoteClass } from "./quote.ts";
import type { Publish } from "./teller.ts";

/** Creates the pollers of all classes that have a provider. Nothing starts yet. */
export function createPollers(
  world: World,
  config: ProviderConfig,
  publish: Publish,
): readonly Poller[] {
  const all = providersFor(config);
  return QuoteClass.options.flatMap((name) => {
    const [first, ...others] = all.filter((provider) => provider.class === name)
      .map((provider) => ({ provider, upstream: createUpstream(world, provider) }));
    if (first === undefined) return [];
    return [
      createPoller({ world, providers: [first, ...others], publish, simulated: config.DEMO }),
    ];
  });
}
