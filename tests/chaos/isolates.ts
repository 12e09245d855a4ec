/**
 * Two isolates on one redis-server. Each reaches it through another stand-in, so that a fault can affect one alone.
 *
 * @module
 */
import { z } from "zod";
import { settingsFor, startShared } from "../support/fleet.ts";
import { type ServerProcess, type Settings, startServer } from "../support/server_process.ts";
import { parse } from "../support/shapes.ts";
import { until, within } from "../support/within.ts";
import type { RedisServer } from "../upstash/redis_server.ts";
import type { StandIn } from "../upstash/stand_in.ts";
import { createShownMarket, type ShownMarket } from "./shown_market.ts";

/** The interval of heartbeats, in milliseconds. */
export const HEARTBEAT_MS = 1000;

/** One isolate: a process of the server, or the process that has replaced it. */
export interface Isolate {
  readonly name: string;
  readonly standIn: StandIn;
  /** The current process, or the last one. */
  readonly server: ServerProcess;
  /** The id of the process. Its replacement has another one. */
  readonly id: string;
  /** Replaces the last process, which has ended. */
  replace(): Promise<void>;
  /** Resolves to true if `/ready` says that it accepts streams. */
  isReady(): Promise<boolean>;
}

/** Both isolates and their Redis. The caller must dispose of it. */
export interface Isolates extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly isolates: readonly [Isolate, Isolate];
  other(isolate: Isolate): Isolate;
  /** Returns the leader, by the lease; undefined while there is none, or while it is a process that has ended. */
  leader(): Promise<Isolate | undefined>;
  /** Waits until there is a leader. */
  someLeader(): Promise<Isolate>;
  /** Returns the market in the log. */
  market(): Promise<ShownMarket>;
}

const PREFIX = "chaos";
/** The server appends it in DEMO. */
const KEYS = `${PREFIX}-demo`;

const HEALTH = z.object({ isolate: z.string() });
const TEXTS = z.array(z.string());
const DRAFT = z.object({ type: z.string(), json: z.string() });
const READY_MS = 5000;

const SETTINGS: Settings = {
  REDIS_PREFIX: PREFIX,
  DEMO: "1",
  QUOTE_POLL_MS: "300",
  HEARTBEAT_MS: String(HEARTBEAT_MS),
  RETRY_MS: "100",
  LOG_RETAIN_EVENTS: "100000",
  LOG_LEVEL: "debug",
};

async function startIsolate(name: string, standIn: StandIn): Promise<Isolate & AsyncDisposable> {
  const servers: ServerProcess[] = [];

  async function start(): Promise<{ server: ServerProcess; id: string }> {
    const server = await startServer(settingsFor(standIn, SETTINGS));
    servers.push(server);
    const response = await fetch(`${server.origin}/health`);
    return { server, id: parse(HEALTH, await response.text()).isolate };
  }

  let running = await start();
  return {
    name,
    standIn,
    get server() {
      return running.server;
    },
    get id() {
      return running.id;
    },
    async replace() {
      await running.server.exited;
      running = await start();
    },
    async isReady() {
      try {
        const signal = AbortSignal.timeout(READY_MS);
        const response = await fetch(`${running.server.origin}/ready`, { signal });
        await response.body?.cancel();
        return response.status === 200;
      } catch {
        return false; // The process has ended or is stopped.
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Starts an empty Redis and both isolates. */
export async function startIsolates(): Promise<Isolates> {
  await using stack = new AsyncDisposableStack();
  const shared = stack.use(await startShared());
  const a = stack.use(await startIsolate("A", shared.standIn));
  const b = stack.use(await startIsolate("B", await shared.startStandIn()));
  const owned = stack.move();

  async function leader(): Promise<Isolate | undefined> {
    const holder = await a.standIn.run("GET", `${KEYS}:lease:quotes`);
    return [a, b].find(({ id }) => id === holder);
  }

  return {
    redis: shared.redis,
    isolates: [a, b],
    other: (isolate) => isolate === a ? b : a,
    leader,
    someLeader: () => until("a leader", leader, { deadlineMs: 40_000 }),
    async market() {
      const market = createShownMarket();
      for (const text of TEXTS.parse(await a.standIn.run("HVALS", `${KEYS}:state:quotes`))) {
        market.take(parse(DRAFT, text.slice(text.indexOf(" ") + 1)));
      }
      return market;
    },
    async [Symbol.asyncDispose]() {
      await within(60_000, "the end of the fleet", owned.disposeAsync());
    },
  };
}
