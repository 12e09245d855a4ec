/**
 * Outbound sockets whose other end a test plays.
 *
 * @module
 */
import type { SocketLike } from "../../lib/core/runtime.ts";

/** A socket that a test opens, feeds and closes. */
export class FakeSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  readonly url: string;
  readonly sent: string[] = [];
  isClosed = false;

  constructor(url: URL) {
    this.url = url.href;
  }

  send(message: string): void {
    this.sent.push(message);
  }

  close(): void {
    this.isClosed = true;
  }

  /** Completes the handshake. */
  open(): void {
    this.onopen?.(new Event("open"));
  }

  /** Receives a message. */
  receive(data: unknown): void {
    this.onmessage?.(new MessageEvent("message", { data }));
  }

  /** Ends the connection from the other end. */
  drop(code = 1006): void {
    this.onclose?.(new CloseEvent("close", { code }));
  }
}

/** The sockets of a runtime, in the order in which they were opened. */
export interface FakeSockets {
  readonly sockets: readonly FakeSocket[];
  /** The newest socket. */
  readonly newest: FakeSocket;
  readonly connect: (url: URL) => SocketLike;
}

/** Creates a network of sockets without any. */
export function createFakeSockets(): FakeSockets {
  const sockets: FakeSocket[] = [];
  return {
    sockets,
    get newest() {
      const newest = sockets.at(-1);
      if (newest === undefined) throw new Error("no socket was opened");
      return newest;
    },
    connect(url) {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
  };
}
