/**
 * Everything there is, built once, in order.
 *
 * @module
 */
import { type Config, storePrefix } from "./core/config.ts";
import type { Figures } from "./core/metrics.ts";
import type { Topic } from "./core/topic.ts";
import type { World } from "./core/world.ts";
import { type Budget, createBudget } from "./guard/budget.ts";
import { createRateLimit, type RateLimit } from "./guard/rate_limit.ts";
import type { Door } from "./http/stream_response.ts";
import { createHub, type Hub } from "./hub/hub.ts";
import { createPrometheus, type Exposition } from "./metrics/prometheus.ts";
import { createMemoryState } from "./store/memory_state.ts";
import { createRedisState, type RedisStateOptions } from "./store/redis_state.ts";
import type { SharedState, StoreHealth } from "./store/shared_state.ts";
import { type Catalogue, createCatalogue } from "./topics/catalogue.ts";
import { channelTopics } from "./topics/channels.ts";
import { createMarket, type Market } from "./topics/quotes/market.ts";
import { providersFor } from "./topics/quotes/providers.ts";

/** What the routes are made of. */
export interface Services {
  readonly config: Config;
  readonly world: World;
  /** As in deno.json. */
  readonly version: string;
  /** A name for this isolate, new at every start. */
  readonly isolate: string;
  /** How what isolates share is doing. */
  readonly store: StoreHealth;
  readonly hub: Hub;
  readonly market: Market;
  readonly catalogue: Catalogue;
  readonly budget: Budget;
  readonly door: Door;
  /** What is measured. */
  readonly exposition: Exposition;
  /** What one publisher may publish. */
  readonly publishRate: RateLimit;
  readonly isDraining: () => boolean;
  /** Lets nobody in any more and says `bye` to all who are. Resolves once other isolates may do what this one did for all. */
  drain(): Promise<void>;
  /** Ends everything that runs. */
  close(): Promise<void>;
}

/** In Redis, where the settings name one. */
function createShared(
  { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: Config,
  world: World,
  options: Omit<RedisStateOptions, "url" | "token">,
): SharedState {
  return url === undefined || token === undefined
    ? createMemoryState(world, options.retention)
    : createRedisState(world, { url, token, ...options });
}

/** What is around the services besides their world. */
export interface Surroundings {
  /** As in deno.json. */
  readonly version: string;
  /** Reaches the shared store, in a demo too. The world's own, unless it is given. */
  readonly fetch?: World["fetch"];
  /** Deploy's name of what runs here, such as `production`. */
  readonly timeline?: string | undefined;
}

/** Builds everything. Nothing runs yet: timers, fetches and commands begin with the first follower. */
export function createServices(
  config: Config,
  outside: World,
  { version, fetch = outside.fetch, timeline }: Surroundings,
): Services {
  const { clock, random } = outside;
  const isolate = Math.floor(random() * 2 ** 40).toString(36).padStart(8, "0");
  const retention = { retainEvents: config.LOG_RETAIN_EVENTS, retainMs: config.LOG_RETAIN_MS };
  const prefix = storePrefix(config, timeline);
  const shared = createShared(config, { ...outside, fetch }, { isolate, prefix, retention });
  const prometheus = createPrometheus({
    isolate,
    version,
    store: shared.health.kind,
    providers: providersFor(config).map(({ name }) => name),
    figures,
  });
  const { metrics } = prometheus;
  const world = { ...outside, metrics };
  const hub = createHub(world, shared, {
    ...retention,
    heartbeatMs: config.HEARTBEAT_MS,
    streamMaxAgeMs: config.STREAM_MAX_AGE_MS,
    retryMs: config.RETRY_MS,
    coalesceMs: config.COALESCE_MS,
    maxEventBytes: config.MAX_EVENT_BYTES,
  });
  const market = createMarket(world, config, hub, shared);
  const topics: readonly Topic[] = [market.topic, ...channelTopics(config.CHANNELS)];
  const budget = createBudget({
    perIsolate: config.STREAMS_PER_ISOLATE,
    perClient: config.STREAMS_PER_CLIENT,
  });
  let isGoing = false;
  const isDraining = () => isGoing;

  function figures(): Figures {
    return { streams: hub.streams(), seats: budget, store: shared.health };
  }

  return {
    config,
    world,
    version,
    isolate,
    store: shared.health,
    hub,
    market,
    catalogue: createCatalogue(topics),
    budget,
    door: {
      hub,
      budget,
      opens: createRateLimit(clock, config.OPENS_PER_MINUTE),
      random,
      metrics,
      clientIpHeader: config.CLIENT_IP_HEADER,
      isDraining,
    },
    exposition: prometheus,
    publishRate: createRateLimit(clock, config.PUBLISH_PER_MINUTE),
    isDraining,
    drain() {
      isGoing = true;
      hub.drain();
      return market.resign();
    },
    close: () => hub.close(),
  };
}
