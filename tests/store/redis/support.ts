/**
 * Shared state in a real Redis, behind the stand-in of Upstash's REST interface.
 *
 * @module
 */
import { type Clock, systemClock } from "../../../lib/core/clock.ts";
import type { Runtime } from "../../../lib/core/runtime.ts";
import type { Retention } from "../../../lib/store/event_log.ts";
import { createRedisState } from "../../../lib/store/redis/backend.ts";
import type { SharedState } from "../../../lib/store/backend.ts";
import {
  type RedisOptions,
  type RedisServer,
  startRedisServer,
} from "../../upstash/redis_server.ts";
import type { Reply } from "../../upstash/replies.ts";
import { type StandIn, startStandIn } from "../../upstash/stand_in.ts";

/** The silence after which a subscriber with `random()` 0.5 pings: 30 s and half of 3 s. */
export const PING_AFTER_MS = 31_500;

/** The retention of isolates by default. */
export const RETENTION: Retention = { retainEvents: 1000, retainMs: 86_400_000 };

/** Prefix of all keys and of the channel. */
export const PREFIX = "test";

/** The options of an isolate. */
export interface Isolate {
  readonly name?: string;
  readonly clock?: Clock;
  readonly retention?: Retention;
  readonly token?: string;
  readonly random?: () => number;
}

/** A database for one test. */
export interface Database extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly standIn: StandIn;
  /** The operator's log of all isolates, as lines. */
  readonly lines: readonly string[];
  /** Creates the state of one isolate. */
  isolate(options?: Isolate): SharedState;
  /** Runs a command in Redis, without the stand-in. */
  ask(...command: readonly (string | number)[]): Promise<Reply>;
  /** Returns the number of commands that Redis executes for a task. */
  cost(task: () => Promise<unknown>): Promise<number>;
}

/** Starts a database. */
export async function startDatabase(options: RedisOptions = {}): Promise<Database> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedisServer(options));
  const standIn = stack.use(await startStandIn(redis));
  const resources = stack.move();
  const lines: string[] = [];
  const write = (message: string, fields: object = {}) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);

  async function total(): Promise<number> {
    return (await standIn.commandsAtRedis()).total;
  }

  return {
    redis,
    standIn,
    lines,
    isolate(
      { name = "us", clock = systemClock, retention = RETENTION, token, random = Math.random } = {},
    ) {
      const runtime: Pick<Runtime, "clock" | "fetch" | "random" | "log"> = {
        clock,
        fetch: (url, init) => fetch(url, init),
        random,
        log: { debug: write, info: write, warn: write, error: write },
      };
      return createRedisState(runtime, {
        url: standIn.url,
        token: token ?? standIn.token,
        prefix: PREFIX,
        isolate: name,
        retention,
      });
    },
    ask: (...command) => standIn.run(...command.map(String)),
    async cost(task) {
      const before = await total();
      await task();
      return await total() - before;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Creates a clock that a test sets forward. */
export function createOffsetClock() {
  let offset = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    elapsed: () => systemClock.elapsed() + offset,
    skip(ms: number) {
      offset += ms;
    },
  };
}

/** Creates a clock that runs ten times as fast. */
export function createFastClock(): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * 10,
    elapsed: () => performance.now() * 10,
    after: (ms, task) => systemClock.after(ms / 10, task),
    every: (ms, task) => systemClock.every(ms / 10, task),
  };
}
