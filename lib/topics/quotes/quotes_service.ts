/**
 * Quotes, as the routes see them.
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { ORIGIN, type Position } from "../../core/position.ts";
import { Problem } from "../../core/problem.ts";
import type { Topic } from "../../core/topic.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Hub } from "../../hub/hub.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { SharedState } from "../../store/backend.ts";
import { createLeaderElection, type LeaderRole } from "../leader_election.ts";
import { KEEP_WARM_POLLS, withTimeout } from "../keep_warm.ts";
import { createPollers } from "./pollers.ts";
import type { ProviderConfig } from "./providers/registry.ts";
import { Snapshot } from "./quote.ts";
import type { Outlet } from "./change_publisher.ts";
import { quotesTopic } from "./topic.ts";

/** Where nobody knows who leads, every isolate asks for itself: so many times more seldom. */
const ALONE_SLOWNESS = 4;

/** The market. */
export interface QuotesService {
  readonly topic: Topic;
  /** When a client that polls does well to ask again, in whole seconds. */
  readonly nextPollDelayS: number;
  /** Says that somebody looks: polls go on for a while, and what is too old is fetched. Never rejects. */
  watch(): Promise<void>;
  /**
   * What is known of some symbols, or of all, judged now. `cursor`: a stream may go on from there; null while that cannot
   * be told.
   */
  snapshot(
    symbols?: readonly string[] | null,
  ): Promise<Snapshot & { readonly cursor: Position | null }>;
  /** Asks nobody any more. Resolves once the right to ask for all isolates is given back, if it was ours. */
  resign(): Promise<void>;
}

/**
 * Creates the market of an isolate. While somebody follows the topic, here or elsewhere, one of all isolates asks the
 * providers.
 */
export function createQuotesService(
  runtime: Runtime,
  config: ProviderConfig,
  hub: Hub,
  shared: Pick<SharedState, "lease" | "health">,
): QuotesService {
  const leaderElection = createLeaderElection(runtime, shared.lease("quotes"), shared.health);
  const { pollers, judges } = createPollers(runtime, config, createOutlet());
  const topic = quotesTopic(judges);
  const nextPollDelayS = Math.min(...pollers.map((poller) => poller.nextPollDelayS));
  const slowestS = Math.max(...pollers.map((poller) => poller.nextPollDelayS));
  let stopPolling = () => {};

  leaderElection.onRole((role) => {
    stopPolling();
    const slowness = slownessOf(role);
    const stops = slowness === null ? [] : pollers.map((poller) => poller.start(slowness));
    stopPolling = () => stops.forEach((stop) => stop());
  });
  hub.whileSubscribed(topic, leaderElection.start);
  hub.onPublished(topic, leaderElection.leaderSeen);

  function slownessOf(role: LeaderRole): number | null {
    if (role === "leader") return 1;
    return role === "degraded" ? ALONE_SLOWNESS : null;
  }

  async function publish(publications: readonly EventInput[]): Promise<void> {
    const ids = await hub.publish(topic, publications, { fence: leaderElection.fence });
    // Who asked for a poll shall find it in the windows.
    await hub.received(ids);
  }

  function createOutlet(): Outlet {
    return {
      repeats: shared.health.kind === "redis",
      /** What only this isolate has shown is not told, unless it is alone. */
      async held() {
        if (leaderElection.role === "idle") return new Map();
        const { events } = await hub.latest({ topic, tags: null });
        const isAlone = leaderElection.role === "degraded";
        return new Map(
          events.filter(({ id }) => isAlone || id !== ORIGIN).map(({ key, json }) => [key, json]),
        );
      },
      async publish(publications) {
        if (leaderElection.role === "degraded") return hub.overlay(topic, publications);
        // Another leads by now, and asks for itself; or nobody looks any more.
        if (leaderElection.role !== "leader") return;
        try {
          await publish(publications);
        } catch (thrown) {
          if (thrown instanceof StoreUnavailable) hub.overlay(topic, publications);
          else if (thrown instanceof Problem && thrown.code === "fenced") leaderElection.stepDown();
          else throw thrown;
        }
      },
    };
  }

  return {
    topic,
    nextPollDelayS,
    async watch() {
      // Of the slowest provider that sets a pace.
      hub.keepOpen(topic, KEEP_WARM_POLLS * slowestS * 1000);
      await withTimeout(runtime.clock, refresh());
    },
    async snapshot(symbols = null) {
      const { events, cursor } = await hub.latest({ topic, tags: symbols });
      const { quotes, status } = Snapshot.parse(
        JSON.parse(topic.open?.(events, symbols && new Set(symbols))?.json ?? "{}"),
      );
      return { quotes, status, cursor };
    },
    resign: leaderElection.resign,
  };

  /** Only who asks for all fetches what is too old: others are told. */
  async function refresh(): Promise<void> {
    await leaderElection.settled();
    if (leaderElection.role === "leader") {
      await Promise.all(pollers.map((poller) => poller.refresh()));
    }
  }
}
