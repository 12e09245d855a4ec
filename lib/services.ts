/**
 * Everything there is, built once, in order.
 *
 * @module
 */
import type { Config } from "./core/config.ts";
import type { Topic } from "./core/topic.ts";
import type { World } from "./core/world.ts";
import { type Budget, createBudget } from "./guard/budget.ts";
import { createRateLimit, type RateLimit } from "./guard/rate_limit.ts";
import type { Door } from "./http/stream_response.ts";
import { createHub, type Hub } from "./hub/hub.ts";
import { createMemoryState } from "./store/memory_state.ts";
import { type Catalogue, createCatalogue } from "./topics/catalogue.ts";
import { channelTopics } from "./topics/channels.ts";
import { createMarket, type Market } from "./topics/quotes/market.ts";

/** What the routes are made of. */
export interface Services {
  readonly config: Config;
  readonly world: World;
  /** As in deno.json. */
  readonly version: string;
  /** A name for this isolate, new at every start. */
  readonly isolate: string;
  readonly hub: Hub;
  readonly market: Market;
  readonly catalogue: Catalogue;
  readonly budget: Budget;
  readonly door: Door;
  /** What one publisher may publish. */
  readonly publishRate: RateLimit;
  readonly isDraining: () => boolean;
  /** Lets nobody in any more and says `bye` to all who are. */
  drain(): void;
  /** Ends everything that runs. */
  close(): Promise<void>;
}

/** Builds everything. Nothing runs yet: timers and fetches begin with the first follower. */
export function createServices(config: Config, world: World, version: string): Services {
  const { clock, random } = world;
  const retention = { retainEvents: config.LOG_RETAIN_EVENTS, retainMs: config.LOG_RETAIN_MS };
  const state = createMemoryState(world, retention);
  const hub = createHub(world, state, {
    ...retention,
    heartbeatMs: config.HEARTBEAT_MS,
    streamMaxAgeMs: config.STREAM_MAX_AGE_MS,
    retryMs: config.RETRY_MS,
    coalesceMs: config.COALESCE_MS,
    maxEventBytes: config.MAX_EVENT_BYTES,
  });
  const market = createMarket(world, config, hub, state);
  const topics: readonly Topic[] = [market.topic, ...channelTopics(config.CHANNELS)];
  const budget = createBudget({
    perIsolate: config.STREAMS_PER_ISOLATE,
    perClient: config.STREAMS_PER_CLIENT,
  });
  let isGoing = false;
  const isDraining = () => isGoing;

  return {
    config,
    world,
    version,
    isolate: Math.floor(random() * 2 ** 40).toString(36).padStart(8, "0"),
    hub,
    market,
    catalogue: createCatalogue(topics),
    budget,
    door: {
      hub,
      budget,
      opens: createRateLimit(clock, config.OPENS_PER_MINUTE),
      random,
      clientIpHeader: config.CLIENT_IP_HEADER,
      isDraining,
    },
    publishRate: createRateLimit(clock, config.PUBLISH_PER_MINUTE),
    isDraining,
    drain() {
      isGoing = true;
      hub.drain();
    },
    close: () => hub.close(),
  };
}
