/**
 * Subscriptions as streams of server-sent events.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import type { FaultCounts, Faults } from "./faults.ts";
import { openRedisConnection } from "./redis_connection.ts";
import { plain } from "./replies.ts";
import type { RawReply } from "./resp.ts";

/** The channels or patterns of a subscription. */
export interface SubscribeCommand {
  readonly command: "SUBSCRIBE" | "PSUBSCRIBE";
  readonly names: readonly string[];
}

/** The open subscriptions of a stand-in, and their faults. */
export interface Subscriptions
  extends
    Pick<Faults, "endSubscriptions" | "breakSubscriptions" | "muteSubscriptions">,
    AsyncDisposable {
  /** Number of open subscriptions. */
  readonly size: number;
  /**
   * Answers with the messages of its own connection to Redis. The stream ends with that connection.
   *
   * @throws {RedisUnavailableError} If there is no Redis. Then no answer was sent.
   */
  open(interest: SubscribeCommand, response: ServerResponse): Promise<void>;
  counts(): Pick<FaultCounts, "ended" | "broken" | "mutedMessages">;
}

/** Formats a message of Redis as the service does: `message,channel,payload`, never encoded. */
function frameOf(fields: readonly RawReply[]): string {
  const line = fields.map((each) => String(plain(each) ?? "")).join(",");
  return `data: ${line.replace(/\r?\n/g, "\ndata: ")}\n\n`;
}

/** Creates the subscriptions to the redis-server on `port`. */
export function createSubscriptions(port: number): Subscriptions {
  const counts = { ended: 0, broken: 0, mutedMessages: 0 };
  const responses = new Set<ServerResponse>();
  const connections = new Set<Promise<void>>();
  let isMuted = false;

  function forward(reply: RawReply, response: ServerResponse): void {
    if (!Array.isArray(reply) || !responses.has(response)) return;
    if (!isMuted) response.write(frameOf(reply));
    else if (String(plain(reply[0])).endsWith("message")) counts.mutedMessages++;
  }

  function endAll(end: (response: ServerResponse) => void): number {
    const all = [...responses];
    responses.clear();
    all.forEach(end);
    return all.length;
  }

  function endSubscriptions(): number {
    const count = endAll((response) => response.end());
    counts.ended += count;
    return count;
  }

  return {
    get size() {
      return responses.size;
    },
    async open({ command, names }, response) {
      const connection = await openRedisConnection(port, (reply) => forward(reply, response));
      const over = connection.ended.finally(() => {
        responses.delete(response);
        connections.delete(over);
        response.end();
      });
      connections.add(over);
      if (response.destroyed) return connection.close();
      responses.add(response);
      // The connection ends with the stream, whichever side ends it.
      response.on("close", connection.close);
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
      });
      response.flushHeaders();
      await connection.send([[command, ...names]]);
    },
    endSubscriptions,
    breakSubscriptions() {
      const count = endAll((response) => response.destroy());
      counts.broken += count;
      return count;
    },
    muteSubscriptions(on) {
      isMuted = on;
    },
    counts: () => ({ ...counts }),
    async [Symbol.asyncDispose]() {
      endAll((response) => response.destroy());
      await Promise.all(connections);
    },
  };
}
