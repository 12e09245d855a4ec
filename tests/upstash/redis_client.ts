/**
 * Asks a redis-server, and finds it again after it was away.
 *
 * @module
 */
import { openRedisConnection, RedisAwayError, type RedisConnection } from "./redis_connection.ts";
import type { RawCommand, RawReply } from "./resp.ts";

const LOST = "Cannot ask Redis: the connection was lost";

/** Asks over one connection, which it opens when it is needed. */
export interface RedisClient extends AsyncDisposable {
  /**
   * Sends commands together and gives their replies, errors among them.
   *
   * @throws {RedisAwayError} If the server is not there. What it did before it went is not known.
   */
  ask(commands: readonly RawCommand[]): Promise<RawReply[]>;
}

/** A connection whose replies find those who wait for them. */
interface Line {
  readonly connection: RedisConnection;
  readonly waiting: PromiseWithResolvers<RawReply>[];
}

/** Creates a client of the server on `port`. It connects with the first command, and again after every loss. */
export function createRedisClient(port: number): RedisClient {
  let line: Promise<Line> | undefined;
  let isDisposed = false;

  async function connect(): Promise<Line> {
    const waiting: Line["waiting"] = [];
    try {
      const take = (reply: RawReply) => waiting.shift()?.resolve(reply);
      const connection = await openRedisConnection(port, take);
      void connection.ended.finally(() => {
        line = undefined;
        for (const each of waiting.splice(0)) each.reject(new RedisAwayError(LOST));
      });
      return { connection, waiting };
    } catch (error) {
      line = undefined;
      throw error;
    }
  }

  return {
    async ask(commands) {
      if (isDisposed) throw new RedisAwayError("Cannot ask Redis: the client has ended");
      const { connection, waiting } = await (line ??= connect());
      if (!connection.isOpen) throw new RedisAwayError(LOST);
      const replies = commands.map(() => Promise.withResolvers<RawReply>());
      waiting.push(...replies);
      const all = Promise.all(replies.map((each) => each.promise));
      void connection.send(commands);
      return await all;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      const open = await line?.catch(() => undefined);
      open?.connection.close();
      await open?.connection.ended;
    },
  };
}
