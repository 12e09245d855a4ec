/**
 * A client of a redis-server that reconnects after an outage.
 *
 * @module
 */
import {
  openRedisConnection,
  type RedisConnection,
  RedisUnavailableError,
} from "./redis_connection.ts";
import type { RawCommand, RawReply } from "./resp.ts";

const LOST = "Cannot ask Redis: the connection was lost";

/** A client with one connection, which it opens on demand. */
export interface RedisClient extends AsyncDisposable {
  /**
   * Sends commands together. @returns Their replies, errors included.
   *
   * @throws {RedisUnavailableError} If the server is not there. The commands may have been executed.
   */
  ask(commands: readonly RawCommand[]): Promise<RawReply[]>;
}

/** A connection, and the callers that wait for its replies. */
interface Line {
  readonly connection: RedisConnection;
  readonly waiting: PromiseWithResolvers<RawReply>[];
}

/** Creates a client of the server on `port`. It connects with the first command, and reconnects after every loss. */
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
        for (const each of waiting.splice(0)) each.reject(new RedisUnavailableError(LOST));
      });
      return { connection, waiting };
    } catch (error) {
      line = undefined;
      throw error;
    }
  }

  return {
    async ask(commands) {
      if (isDisposed) throw new RedisUnavailableError("Cannot ask Redis: the client has ended");
      const { connection, waiting } = await (line ??= connect());
      if (!connection.isOpen) throw new RedisUnavailableError(LOST);
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
