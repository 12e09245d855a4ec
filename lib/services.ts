/**
 * Everything there is, built once, in order.
 *
 * @module
 */
import { type Config, storePrefix } from "./core/config.ts";
import type { Figures } from "./core/metrics.ts";
import { randomId } from "./core/random_id.ts";
import type { Runtime } from "./core/runtime.ts";
import { type Budget, createBudget } from "./guard/budget.ts";
import { createRateLimit, type RateLimit } from "./guard/rate_limit.ts";
import { type Authenticator, createAuthenticator } from "./http/auth.ts";
import { createDeprecation, type Deprecation, SESSION_LONG_POLL } from "./http/deprecation.ts";
import { LOOKUPS_PER_MINUTE, TASKS_PER_MINUTE } from "./http/rate_limits.ts";
import type { StreamOpener } from "./http/stream_response.ts";
import { createTickets, type Tickets } from "./http/tickets.ts";
import { createHub, type Hub } from "./hub/hub.ts";
import { createPrometheus, type Exposition } from "./metrics/prometheus.ts";
import { createMemoryState } from "./store/memory/backend.ts";
import { createRedisState, type RedisStateOptions } from "./store/redis/backend.ts";
import type { SharedState, StoreHealth } from "./store/backend.ts";
import type { Store } from "./store/store.ts";
import { createTopicRegistry, type TopicRegistry } from "./topics/registry.ts";
import { registerChannels } from "./topics/channels.ts";
import { createNewsService, type NewsService } from "./topics/news/news_service.ts";
import { newsSettings } from "./topics/news/feeds.ts";
import { FEEDS_PROVIDER } from "./topics/news/poll.ts";
import { createOperations, type Operations } from "./topics/operations/operations.ts";
import { registerFamily } from "./topics/topic_family.ts";
import { OPERATIONS, operationTopic } from "./topics/operations/topic.ts";
import { createQuotesService, type QuotesService } from "./topics/quotes/quotes_service.ts";
import { providersFor } from "./topics/quotes/providers/registry.ts";
import { createSessions, type Sessions } from "./topics/sessions/sessions.ts";
import { SESSIONS, sessionTopic } from "./topics/sessions/topic.ts";
import { createTasks, type Tasks } from "./topics/tasks/tasks.ts";
import { TASK_OUTCOMES } from "./topics/tasks/task.ts";
import { tasksTopic } from "./topics/tasks/topic.ts";

/** What the routes are made of. */
export interface Services {
  readonly config: Config;
  readonly runtime: Runtime;
  /** As in deno.json. */
  readonly version: string;
  /** A name for this isolate, new at every start. */
  readonly isolate: string;
  /** How what isolates share is doing. */
  readonly store: StoreHealth;
  readonly hub: Hub;
  readonly quotes: QuotesService;
  readonly news: NewsService;
  /** What isolates share by key. */
  readonly sharedStore: Store;
  readonly operations: Operations;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly registry: TopicRegistry;
  readonly budget: Budget;
  readonly streamOpener: StreamOpener;
  /** Who asks. */
  readonly authenticator: Authenticator;
  readonly tickets: Tickets;
  /** What one caller may ask for that is not there: `spendLookup()` counts. */
  readonly lookups: RateLimit;
  /** Tells clients of the old long poll, and of them. */
  readonly longPolls: Deprecation;
  /** What is measured. */
  readonly exposition: Exposition;
  /** What one publisher may publish. */
  readonly publishRate: RateLimit;
  /** Tasks that one user may ask for. */
  readonly taskRate: RateLimit;
  readonly isDraining: () => boolean;
  /** Lets nobody in any more and says `bye` to all who are. Resolves once other isolates may do what this one did for all. */
  drain(): Promise<void>;
  /** Ends everything that runs. */
  close(): Promise<void>;
}

/** In Redis, where the settings name one. */
function createShared(
  { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: Config,
  runtime: Runtime,
  options: Omit<RedisStateOptions, "url" | "token">,
): SharedState {
  return url === undefined || token === undefined
    ? createMemoryState(runtime, options.retention)
    : createRedisState(runtime, { url, token, ...options });
}

/** What is around the services besides their world. */
export interface Surroundings {
  /** As in deno.json. */
  readonly version: string;
  /** Reaches the shared store, in a demo too. The world's own, unless it is given. */
  readonly fetch?: Runtime["fetch"];
  /** Deploy's name of what runs here, such as `production`. */
  readonly timeline?: string | undefined;
}

/** Builds everything. Nothing runs yet: timers, fetches and commands begin with the first follower. */
export function createServices(
  config: Config,
  outside: Runtime,
  { version, fetch = outside.fetch, timeline }: Surroundings,
): Services {
  const { clock, random } = outside;
  const isolate = randomId(random, 8);
  const retention = { retainEvents: config.LOG_RETAIN_EVENTS, retainMs: config.LOG_RETAIN_MS };
  const registry = createTopicRegistry();
  const prefix = storePrefix(config, timeline);
  const shared = createShared(config, { ...outside, fetch }, { isolate, prefix, retention });
  const prometheus = createPrometheus({
    isolate,
    version,
    store: shared.health.kind,
    providers: [...providersFor(config).map(({ name }) => name), FEEDS_PROVIDER],
    topicKinds: registry.metricKinds,
    taskOutcomes: TASK_OUTCOMES,
    deprecatedUses: [SESSION_LONG_POLL.use],
    figures,
  });
  const { metrics } = prometheus;
  const runtime = { ...outside, metrics };
  const hub = createHub(runtime, shared, {
    ...retention,
    heartbeatMs: config.HEARTBEAT_MS,
    streamMaxAgeMs: config.STREAM_MAX_AGE_MS,
    retryMs: config.RETRY_MS,
    coalesceMs: config.COALESCE_MS,
    maxEventBytes: config.MAX_EVENT_BYTES,
  });
  const market = createQuotesService(runtime, config, hub, shared);
  const newsOptions = { ...newsSettings(config), retainMs: config.LOG_RETAIN_MS };
  const news = createNewsService(runtime, newsOptions, hub, shared);
  const ledgers = {
    runtime,
    hub,
    store: shared.store,
    retainMs: config.LOG_RETAIN_MS,
    maxEventBytes: config.MAX_EVENT_BYTES,
  };
  const operations = createOperations(ledgers);
  const sessions = createSessions({ ...ledgers, ttlS: config.OPERATION_TTL_S });
  const tasks = createTasks({ ...ledgers, log: shared.log });
  registry.register(market.topic);
  registry.register(news.topic);
  registerFamily(
    registry,
    OPERATIONS,
    operationTopic,
    async (id) => (await operations.look(id))?.operation.owner ?? null,
  );
  registerFamily(
    registry,
    SESSIONS,
    sessionTopic,
    async (id) => (await sessions.look(id))?.session.owner ?? null,
  );
  registry.register(tasksTopic);
  registerChannels(registry, config.CHANNELS);
  const budget = createBudget({
    perIsolate: config.STREAMS_PER_ISOLATE,
    perClient: config.STREAMS_PER_CLIENT,
  });
  const tickets = createTickets({
    ...runtime,
    store: shared.store,
    secret: config.AUTH_SECRET ?? config.PUBLISH_TOKEN,
  });
  const authenticator = createAuthenticator({
    clock,
    tickets,
    secret: config.AUTH_SECRET,
    publishToken: config.PUBLISH_TOKEN,
    allowedOrigins: config.ALLOWED_ORIGINS,
  });
  if (
    config.AUTH_SECRET === undefined &&
    Object.values(config.CHANNELS).some((channel) => channel.private)
  ) {
    runtime.log.warn("private channels are closed to users: AUTH_SECRET is not set");
  }
  let isGoing = false;
  const isDraining = () => isGoing;

  async function figures(): Promise<Figures> {
    const queue = await tasks.queue();
    return { streams: hub.streams(), slots: budget, store: shared.health, queue };
  }

  return {
    config,
    runtime,
    version,
    isolate,
    store: shared.health,
    hub,
    quotes: market,
    news,
    operations,
    sessions,
    tasks,
    sharedStore: shared.store,
    registry,
    budget,
    authenticator,
    tickets,
    lookups: createRateLimit(clock, LOOKUPS_PER_MINUTE),
    longPolls: createDeprecation(runtime, SESSION_LONG_POLL),
    streamOpener: {
      hub,
      authenticator,
      tickets,
      budget,
      opens: createRateLimit(clock, config.OPENS_PER_MINUTE),
      random,
      metrics,
      clientIpHeader: config.CLIENT_IP_HEADER,
      isDraining,
    },
    exposition: prometheus,
    publishRate: createRateLimit(clock, config.PUBLISH_PER_MINUTE),
    taskRate: createRateLimit(clock, TASKS_PER_MINUTE),
    isDraining,
    async drain() {
      isGoing = true;
      hub.drain();
      await Promise.all([market.resign(), news.resign()]);
    },
    close: () => hub.close(),
  };
}
