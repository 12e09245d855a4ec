/**
 * A publisher that sends one POST per event, in the same way to every server.
 *
 * It uses {@linkcode POSTER_CONNECTIONS} keep-alive connections in turn. A request is sent when it is due and does not
 * wait for the response to the one before. At most {@linkcode MAX_WAITING} requests await a response, so a server that
 * does not keep up slows the publisher down.
 *
 * @module
 */
import type { LoadOptions } from "./protocol.ts";
import type { Sockets } from "./sockets.ts";
import { MARK, markedJson, POSTER_CONNECTIONS, writeMark } from "./mark.ts";

/** The most requests without a response. */
const MAX_WAITING = 100;
/** The length of `HTTP/1.1 200`. */
const STATUS_CHARACTERS = 12;

/** Publishes numbered events. */
export interface Poster {
  /** The number of responses received. */
  readonly answered: number;
  /** True while at least one request has no response. */
  readonly isWaiting: boolean;
  /** True if another request may be sent: fewer than {@linkcode MAX_WAITING} await a response. */
  readonly isWritable: boolean;
  /** Publishes an event. @param dueAt The wall time at which it was due, in ms since the Unix epoch. */
  post(number: number, dueAt: number): void;
  /** Reads responses. @returns False if the socket is not one of the publisher's. @throws {Error} If a publication is refused. */
  read(fd: number): boolean;
  close(): void;
}

/** Connects a publisher. @param bytes The size of an event's data. */
export function createPoster(
  sockets: Sockets,
  port: number,
  { path, headers, around: [before, after] }: LoadOptions["publish"],
  bytes: number,
): Poster {
  const body = before + markedJson(bytes) + after;
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `content-length: ${new TextEncoder().encode(body).byteLength}`,
    "content-type: application/json",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const request = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
  const markAt = request.indexOf(MARK) + 1;
  const buffer = new Uint8Array(65_536);
  const latin1 = new TextDecoder("latin1");
  const fds = Array.from({ length: POSTER_CONNECTIONS }, () => sockets.connect(port));
  fds.forEach(sockets.watch);
  /** The end of the text read from each connection: a status line may be cut. */
  const unparsed = new Map<number, string>();
  let sent = 0;
  let answered = 0;

  function countResponses(fd: number, received: string): void {
    const text = (unparsed.get(fd) ?? "") + received;
    let end = 0;
    for (const statusLine of text.matchAll(/HTTP\/1\.1 (\d{3})/g)) {
      if (!statusLine[1]?.startsWith("2")) throw new Error(`Publishing was refused: ${text}`);
      answered++;
      end = statusLine.index + statusLine[0].length;
    }
    unparsed.set(fd, text.slice(Math.max(end, text.length - STATUS_CHARACTERS + 1)));
  }

  return {
    get answered() {
      return answered;
    },
    get isWaiting() {
      return answered < sent;
    },
    get isWritable() {
      return sent - answered < MAX_WAITING;
    },
    post(number, dueAt) {
      writeMark(request, markAt, number, dueAt);
      const fd = fds[number % fds.length];
      if (fd === undefined) throw new TypeError("The publisher has no connection");
      sockets.send(fd, request);
      sent++;
    },
    read(fd) {
      if (!fds.includes(fd)) return false;
      // One read takes all of it: MAX_WAITING responses are shorter than the buffer.
      const count = sockets.receive(fd, buffer);
      if (count === 0) throw new Error("The server closed a publisher's connection");
      if (count > 0) countResponses(fd, latin1.decode(buffer.subarray(0, count)));
      return true;
    },
    close: () => fds.forEach(sockets.close),
  };
}
