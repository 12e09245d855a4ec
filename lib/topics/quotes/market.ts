/**
 * Quotes, as the routes see them.
 *
 * @module
 */
import type { World } from "../../core/world.ts";
import type { Topic } from "../../core/topic.ts";
import type { Place } from "../../core/place.ts";
import type { Hub } from "../../hub/hub.ts";
import { createPollers } from "./pollers.ts";
import type { ProviderConfig } from "./providers.ts";
import { Snapshot } from "./quote.ts";
import { quotesTopic } from "./topic.ts";

/** A GET that finds old values waits this long for newer ones, in milliseconds, and answers with what there is. */
const WATCH_MS = 800;

/** A GET counts as watching for this many polls of the slowest provider that sets a pace. */
const POLLS_WATCHED = 3;

/** The market. */
export interface Market {
  readonly topic: Topic;
  /** When a client that polls does well to ask again, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Says that somebody looks: polls go on for a while, and what is too old is fetched. Never rejects. */
  watch(): Promise<void>;
  /** What is known of some symbols, or of all, judged now. `cursor`: a stream may go on from there. */
  snapshot(
    symbols?: readonly string[] | null,
  ): Promise<Snapshot & { readonly cursor: Place | null }>;
}

/** Creates the market of an isolate. Its pollers run while somebody follows the topic. */
export function createMarket(world: World, config: ProviderConfig, hub: Hub): Market {
  const { pollers, judges } = createPollers(world, config, async (publications) => {
    const ids = await hub.publish(topic, publications);
    // Who asked for a poll shall find it in the windows.
    await hub.received(ids);
  });
  const topic = quotesTopic(judges);
  const nextPollDelayS = Math.min(...pollers.map((poller) => poller.nextPollDelayS));
  const slowestS = Math.max(...pollers.map((poller) => poller.nextPollDelayS));
  for (const poller of pollers) hub.whileFollowed(topic, () => poller.start());

  return {
    topic,
    nextPollDelayS,
    async watch() {
      hub.hold(topic, POLLS_WATCHED * slowestS * 1000);
      let callOff = () => {};
      const timeout = new Promise<void>((resolve) => {
        callOff = world.clock.after(WATCH_MS, resolve);
      });
      await Promise.race([Promise.all(pollers.map((poller) => poller.refresh())), timeout]);
      callOff();
    },
    async snapshot(symbols = null) {
      const { events, cursor } = await hub.newest({ topic, tags: symbols });
      const { quotes, status } = Snapshot.parse(
        JSON.parse(topic.open?.(events, symbols && new Set(symbols)).json ?? "{}"),
      );
      return { quotes, status, cursor };
    },
  };
}
