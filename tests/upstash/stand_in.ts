/**
 * Stands in for Upstash Redis: its REST protocol over a real redis-server.
 *
 * @module
 */
import { createServer } from "node:http";
import { type CommandCounts, commandsOf } from "./counts.ts";
import { createRestServer } from "./rest_server.ts";
import { createExecutor } from "./executor.ts";
import { applyFaults, createCommandFaults, type FaultCounts, type Faults } from "./faults.ts";
import { createRedisClient } from "./redis_client.ts";
import type { RedisServer } from "./redis_server.ts";
import { plain, type Reply } from "./replies.ts";
import { isFailure } from "./resp.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** The counts of a stand-in. */
export interface StandInStats extends FaultCounts {
  /** Accepted requests. */
  readonly requests: number;
  /** Commands that the service would bill since `resetCommands()`: each of a pipeline, and SUBSCRIBE. */
  readonly commands: CommandCounts;
  /** Open subscriptions. */
  readonly subscriptions: number;
}

/** A running stand-in. Its starter must dispose of it before its redis-server. */
export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly faults: Faults;
  stats(): StandInStats;
  /**
   * Counts the commands that the redis-server has executed since `resetCommands()` or its own start, those inside scripts
   * and of `run()` included. INFO and CONFIG do not count, because the stand-in sends them itself.
   */
  commandsAtRedis(): Promise<CommandCounts>;
  /** Resets the counts of the stand-in and of the redis-server. */
  resetCommands(): Promise<void>;
  /**
   * Runs a command without the REST server, its faults and its counts.
   *
   * @throws {Error} With the message of Redis, if it refuses.
   */
  run(...command: string[]): Promise<Reply>;
}

/** The port and the token of a stand-in. */
export interface StandInOptions {
  /** The port to listen on. 0 selects a free one. */
  readonly port?: number;
  readonly token?: string;
}

/** Starts a stand-in on 127.0.0.1. It outlives its redis-server, and reconnects after a restart. */
export async function startStandIn(
  { port: redisPort }: RedisServer,
  { port = 0, token = crypto.randomUUID() }: StandInOptions = {},
): Promise<StandIn> {
  const redis = createRedisClient(redisPort);
  const directRedis = createRedisClient(redisPort);
  const executor = createExecutor(redis);
  const subscriptions = createSubscriptions(redisPort);
  const commandFaults = createCommandFaults();
  const faults: Faults = {
    endSubscriptions: subscriptions.endSubscriptions,
    breakSubscriptions: subscriptions.breakSubscriptions,
    muteSubscriptions: subscriptions.muteSubscriptions,
    loseReplies: commandFaults.loseReplies,
    delay: commandFaults.delay,
    refuse: commandFaults.refuse,
  };

  function stats(): StandInStats {
    return {
      requests: restServer.requests,
      commands: executor.billed(),
      subscriptions: subscriptions.size,
      ...subscriptions.counts(),
      ...commandFaults.counts(),
    };
  }

  const restServer = createRestServer({
    token,
    executor,
    subscriptions,
    faults: commandFaults,
    runFaultOrder(body) {
      applyFaults(faults, body);
      return stats();
    },
  });
  const handling = new Set<Promise<void>>();
  // An idle connection stays open: its end at the next request would be a fault that no test requested.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const handled = restServer.handle(request, response).finally(() => handling.delete(handled));
    handling.add(handled);
  });
  const listening = Promise.withResolvers<void>();
  server.on("error", listening.reject);
  server.listen(port, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen on a port");

  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    faults,
    stats,
    commandsAtRedis: () => commandsOf(directRedis),
    async resetCommands() {
      await directRedis.ask([["CONFIG", "RESETSTAT"]]);
      executor.forget();
    },
    async run(...command) {
      const [reply = null] = await directRedis.ask([command]);
      if (isFailure(reply)) throw new Error(reply.failure);
      return plain(reply);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      commandFaults[Symbol.dispose]();
      await Promise.all([redis, directRedis].map((client) => client[Symbol.asyncDispose]()));
      await Promise.all(handling);
      await subscriptions[Symbol.asyncDispose]();
      await closed;
    },
  };
}
