/**
 * One TCP connection to a redis-server.
 *
 * @module
 */
import { createReplyParser, encodeCommands, type RawCommand, type RawReply } from "./resp.ts";

/** The server is not there, or ended before its reply. */
export class RedisUnavailableError extends Error {
  override name = "RedisUnavailableError";
}

/** An open connection. Its opener must close it. */
export interface RedisConnection {
  readonly isOpen: boolean;
  /** Sends commands together: no other command of this connection comes between them. */
  send(commands: readonly RawCommand[]): Promise<void>;
  /** Resolves once the connection has ended, for whatever reason. */
  readonly ended: Promise<void>;
  close(): void;
}

const READ_BYTES = 65_536;

async function connect(port: number): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (error) {
    throw new RedisUnavailableError("Cannot ask Redis: no server listens there", { cause: error });
  }
}

/**
 * Opens a connection. `take` receives the replies in the order of the commands.
 *
 * @throws {RedisUnavailableError} If no server listens there.
 */
export async function openRedisConnection(
  port: number,
  take: (reply: RawReply) => void,
): Promise<RedisConnection> {
  const socket = await connect(port);
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
      close(); // A caller that waits for a reply learns of it by `ended`.
    }
  }

  return {
    get isOpen() {
      return isOpen;
    },
    send(commands) {
      const bytes = encodeCommands(commands);
      sent = sent.then(() => write(bytes));
      return sent;
    },
    ended: read(),
    close,
  };
}
