/**
 * The services: everything that the routes need, created once, in the order of their dependencies.
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
import { registerChannels } from "./topics/channels.ts";
import { DialectStreams } from "./topics/chat/dialect_stream.ts";
import { RUN_OUTCOMES } from "./topics/chat/run.ts";
import { Chat } from "./topics/chat/runs.ts";
import type { ChatUpstream } from "./topics/chat/upstream.ts";
import { createOpenAiUpstream } from "./topics/chat/upstreams/openai.ts";
import { createVannaUpstream } from "./topics/chat/upstreams/vanna.ts";
import { createNewsService, type NewsService } from "./topics/news/news_service.ts";
import { createSymbolFinder } from "./topics/news/article_symbols.ts";
import { newsSettings } from "./topics/news/feeds.ts";
import { FEEDS_PROVIDER } from "./topics/news/poll.ts";
import { createOperations, type Operations } from "./topics/operations/operation.ts";
import { createQuotesService, type QuotesService } from "./topics/quotes/quotes_service.ts";
import { instrumentsFor } from "./topics/quotes/instruments.ts";
import { providersFor } from "./topics/quotes/providers/registry.ts";
import { createTopicRegistry, type TopicRegistry } from "./topics/registry.ts";
import { createSessions, type Sessions } from "./topics/sessions/session.ts";
import { TASK_OUTCOMES } from "./topics/tasks/task.ts";
import { createTasks, type Tasks } from "./topics/tasks/tasks.ts";

/** The services. Each group of routes picks those that it needs. */
export interface Services {
  readonly config: Config;
  readonly runtime: Runtime;
  /** The version in deno.json. */
  readonly version: string;
  /** The random id of this isolate, which changes at every start. */
  readonly isolate: string;
  /** The health of the shared store. */
  readonly store: StoreHealth;
  readonly hub: Hub;
  readonly registry: TopicRegistry;
  readonly quotes: QuotesService;
  readonly news: NewsService;
  readonly operations: Operations;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly chat: Chat;
  /** The answers of chats in the protocols of their clients. */
  readonly dialectStreams: DialectStreams;
  /** The key-value store that all isolates share. */
  readonly sharedStore: Store;
  readonly budget: Budget;
  readonly streamOpener: StreamOpener;
  readonly authenticator: Authenticator;
  readonly tickets: Tickets;
  /** Limits the lookups of one client that find nothing. */
  readonly lookups: RateLimit;
  /** Reports requests of clients that use the old long poll. */
  readonly longPolls: Deprecation;
  /** The text of all metrics. */
  readonly exposition: Exposition;
  /** Limits the publications of the publisher. */
  readonly publishRate: RateLimit;
  /** Limits the tasks of one user. */
  readonly taskRate: RateLimit;
  readonly isDraining: () => boolean;
  /** Refuses new streams and ends the open ones. Resolves once the leases of this isolate are released. */
  drain(): Promise<void>;
  /** Stops all timers and subscriptions. Open streams end. */
  close(): Promise<void>;
}

/** Opens Redis if the settings name a database, else memory. */
function createSharedState(
  { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: Config,
  runtime: Runtime,
  options: Omit<RedisStateOptions, "url" | "token">,
): SharedState {
  return url === undefined || token === undefined
    ? createMemoryState(runtime, options.retention)
    : createRedisState(runtime, { url, token, ...options });
}

/** Creates the upstream of the chat. Returns null if none is set. */
function createChatUpstream(
  { CHAT_UPSTREAM, CHAT_UPSTREAM_URL: url, CHAT_MODEL, CHAT_API_KEY: apiKey }: Config,
  runtime: Runtime,
): ChatUpstream | null {
  if (url === undefined) return null;
  const options = { url, model: CHAT_MODEL ?? CHAT_UPSTREAM, apiKey };
  return CHAT_UPSTREAM === "vanna"
    ? createVannaUpstream(runtime, options)
    : createOpenAiUpstream(runtime, options);
}

/** The properties of a deployment that the services need beside their runtime. */
export interface Deployment {
  /** The version in deno.json. */
  readonly version: string;
  /** Sends the requests to the shared store. By default that is the runtime's, which a demo simulates. */
  readonly fetch?: Runtime["fetch"];
  /** Deploy's name for this deployment, such as `production`. */
  readonly timeline?: string | undefined;
}

/**
 * Creates the services. Nothing runs yet: timers, fetches and commands start with the first subscriber.
 *
 * @throws {ConfigError} If a channel uses an event type of a built-in topic, or an instrument is not defined.
 */
export function createServices(
  config: Config,
  baseRuntime: Runtime,
  { version, fetch = baseRuntime.fetch, timeline }: Deployment,
): Services {
  const { clock, random } = baseRuntime;
  const isolate = randomId(random, 8); // 40 bits: enough to tell the isolates of a deployment apart

  const retention = { retainEvents: config.LOG_RETAIN_EVENTS, retainMs: config.LOG_RETAIN_MS };
  const prefix = storePrefix(config, timeline);
  const shared = createSharedState(config, { ...baseRuntime, fetch }, {
    isolate,
    prefix,
    retention,
  });

  const instruments = instrumentsFor(config);
  const registry = createTopicRegistry();
  const exposition = createPrometheus({
    isolate,
    version,
    store: shared.health.kind,
    providers: [...providersFor(config, instruments).map(({ name }) => name), FEEDS_PROVIDER],
    topicKinds: registry.metricKinds,
    taskOutcomes: TASK_OUTCOMES,
    runOutcomes: RUN_OUTCOMES,
    deprecatedUses: [SESSION_LONG_POLL.use],
    figures: readFigures,
  });
  const { metrics } = exposition;
  const runtime = { ...baseRuntime, metrics };

  const hub = createHub(runtime, shared, {
    ...retention,
    heartbeatMs: config.HEARTBEAT_MS,
    streamMaxAgeMs: config.STREAM_MAX_AGE_MS,
    retryMs: config.RETRY_MS,
    coalesceMs: config.COALESCE_MS,
    maxEventBytes: config.MAX_EVENT_BYTES,
  });

  const quotes = createQuotesService(runtime, config, instruments, hub, shared);
  registry.register(quotes.topic);
  const newsOptions = {
    ...newsSettings(config),
    maxPerSource: config.NEWS_PER_SOURCE,
    maxEventBytes: config.MAX_EVENT_BYTES,
    findSymbols: createSymbolFinder(quotes.instruments.values()),
  };
  const news = createNewsService(runtime, newsOptions, hub, shared);
  registry.register(news.topic);
  const resources = {
    runtime,
    hub,
    registry,
    store: shared.store,
    retainMs: config.LOG_RETAIN_MS,
    maxEventBytes: config.MAX_EVENT_BYTES,
  };
  const operations = createOperations(resources);
  const sessions = createSessions(resources);
  const tasks = createTasks({ ...resources, log: shared.log });
  const chat = new Chat({
    ...resources,
    lease: shared.lease,
    storeKind: shared.health.kind,
    upstream: createChatUpstream(config, runtime),
    options: {
      flushMs: config.CHAT_FLUSH_MS,
      orphanMs: config.CHAT_ORPHAN_S * 1000,
      maxRunsPerUser: config.CHAT_RUNS_PER_USER,
      maxEvents: config.LOG_RETAIN_EVENTS,
      isDemo: config.DEMO,
    },
  });
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
  const hasPrivateChannel = Object.values(config.CHANNELS).some((channel) => channel.private);
  if (config.AUTH_SECRET === undefined && hasPrivateChannel) {
    runtime.log.warn("private channels are closed to users: AUTH_SECRET is not set");
  }

  let hasDrained = false;
  const isDraining = () => hasDrained;
  const streamOpener: StreamOpener = {
    hub,
    authenticator,
    tickets,
    budget,
    opens: createRateLimit(clock, config.OPENS_PER_MINUTE),
    random,
    metrics,
    clientIpHeader: config.CLIENT_IP_HEADER,
    isDraining,
  };

  async function readFigures(): Promise<Figures> {
    const queue = await tasks.queueStats();
    return {
      streams: hub.streams(),
      slots: budget,
      store: shared.health,
      queue,
      openRuns: chat.openRuns,
    };
  }

  return {
    config,
    runtime,
    version,
    isolate,
    store: shared.health,
    hub,
    registry,
    quotes,
    news,
    operations,
    sessions,
    tasks,
    chat,
    dialectStreams: new DialectStreams(clock, config.HEARTBEAT_MS),
    sharedStore: shared.store,
    budget,
    streamOpener,
    authenticator,
    tickets,
    lookups: createRateLimit(clock, LOOKUPS_PER_MINUTE),
    longPolls: createDeprecation(runtime, SESSION_LONG_POLL),
    exposition,
    publishRate: createRateLimit(clock, config.PUBLISH_PER_MINUTE),
    taskRate: createRateLimit(clock, TASKS_PER_MINUTE),
    isDraining,
    async drain() {
      hasDrained = true;
      const chatDrained = chat.drain();
      hub.drain();
      await Promise.all([quotes.resign(), news.resign(), chatDrained]);
    },
    async close() {
      await chat.drain();
      await hub.close();
    },
  };
}
