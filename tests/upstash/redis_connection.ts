/**
 * One TCP connection to a redis-server.
 *
 * @module
 */
import { createReplyParser, encodeCommands, type RawCommand, type RawReply } from "./resp.ts";

/** An open connection. Whoever opens it closes it. */
export interface RedisConnection {
  /** Sends commands in one go: nothing of this connection comes between them. */
  send(commands: readonly RawCommand[]): Promise<void>;
  /** Once nothing comes any more, for whatever reason. */
  readonly ended: Promise<void>;
  close(): void;
}

const READ_BYTES = 65_536;

/**
 * Opens a connection. Replies are handed on as they come, in the order of the commands.
 *
 * @throws {Deno.errors.ConnectionRefused} If nobody listens there.
 */
export async function openRedisConnection(
  port: number,
  take: (reply: RawReply) => void,
): Promise<RedisConnection> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  socket.setNoDelay(true);
  let isOpen = true;
  let sent = Promise.resolve();

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    socket.close();
  }

  async function read(): Promise<void> {
    const parser = createReplyParser();
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await socket.read(buffer);
        if (count === null) return;
        parser.feed(buffer.subarray(0, count), take);
      }
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      // The server is gone, or we closed: both are an end.
    } finally {
      close();
    }
  }

  async function write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
    } catch {
      close(); // Whoever waits for a reply hears of it by `ended`.
    }
  }

  return {
    send(commands) {
      const bytes = encodeCommands(commands);
      sent = sent.then(() => write(bytes));
      return sent;
    },
    ended: read(),
    close,
  };
}
