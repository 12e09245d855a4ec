/**
 * Stands in for Upstash Redis: its REST protocol over a real redis-server.
 *
 * @module
 */
import { createServer } from "node:http";
import { type CommandCounts, commandsOf } from "./counts.ts";
import { createDoor } from "./rest_server.ts";
import { createExecutor } from "./executor.ts";
import { applyFaults, createCommandFaults, type FaultCounts, type Faults } from "./faults.ts";
import { createRedisClient } from "./redis_client.ts";
import type { RedisServer } from "./redis_server.ts";
import { plain, type Reply } from "./replies.ts";
import { isFailure } from "./resp.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** What a stand-in has seen. */
export interface StandInStats extends FaultCounts {
  /** Requests that were let in. */
  readonly requests: number;
  /** What the service would bill at its door, since `resetCommands()`: commands of pipelines each, SUBSCRIBE one. */
  readonly commands: CommandCounts;
  /** Subscriptions open now. */
  readonly subscriptions: number;
}

/** A running stand-in. Whoever starts it must dispose of it, before its redis-server. */
export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly faults: Faults;
  stats(): StandInStats;
  /**
   * What the redis-server has executed since `resetCommands()` or its own start: commands within scripts too,
   * and those of `run()`. INFO and CONFIG are left out, since the stand-in asks them itself.
   */
  commandsAtRedis(): Promise<CommandCounts>;
  /** Forgets the commands counted so far, here and in the redis-server. */
  resetCommands(): Promise<void>;
  /**
   * Runs a command past the REST door, faults and bill.
   *
   * @throws {Error} With Redis's words, if it refuses.
   */
  run(...command: string[]): Promise<Reply>;
}

/** Where a stand-in listens, and who may come. */
export interface StandInOptions {
  /** 0: one that is free. */
  readonly port?: number;
  readonly token?: string;
}

/** Starts a stand-in on 127.0.0.1. It outlives its redis-server, and finds it again after a restart. */
export async function startStandIn(
  { port: redisPort }: RedisServer,
  { port = 0, token = crypto.randomUUID() }: StandInOptions = {},
): Promise<StandIn> {
  const redis = createRedisClient(redisPort);
  const errands = createRedisClient(redisPort);
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
      requests: streamOpener.requests,
      commands: executor.billed(),
      subscriptions: subscriptions.size,
      ...subscriptions.counts(),
      ...commandFaults.counts(),
    };
  }

  const streamOpener = createDoor({
    token,
    executor,
    subscriptions,
    faults: commandFaults,
    order(body) {
      applyFaults(faults, body);
      return stats();
    },
  });
  const handling = new Set<Promise<void>>();
  // An idle connection stays: one that ends as a client takes it up again would be a fault nobody asked for.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const handled = streamOpener.handle(request, response).finally(() => handling.delete(handled));
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
    commandsAtRedis: () => commandsOf(errands),
    async resetCommands() {
      await errands.ask([["CONFIG", "RESETSTAT"]]);
      executor.forget();
    },
    async run(...command) {
      const [reply = null] = await errands.ask([command]);
      if (isFailure(reply)) throw new Error(reply.failure);
      return plain(reply);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      commandFaults[Symbol.dispose]();
      await Promise.all([redis, errands].map((each) => each[Symbol.asyncDispose]()));
      await Promise.all(handling);
      await subscriptions[Symbol.asyncDispose]();
      await closed;
    },
  };
}
