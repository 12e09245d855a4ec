/**
 * The publisher: a POST for each event, the same way for every server.
 *
 * Some keep-alive connections, in turn. A request is sent when it is due and does not wait for the answer to the one
 * before, as long as not too many wait: a server that cannot keep up holds the publisher back.
 *
 * @module
 */
import type { Sockets } from "./sockets.ts";
import { MARK, markedJson, POSTERS, writeMark } from "./mark.ts";

const MOST_WAITING = 100;
/** Of `HTTP/1.1 200`. */
const STATUS_CHARACTERS = 12;

/** How a server is published to. */
export interface Post {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the body has before and after the event's data. */
  readonly around: readonly [before: string, after: string];
}

/** Publishes numbered events. */
export interface Poster {
  /** Answers that came. */
  readonly answered: number;
  readonly isWritable: boolean;
  post(number: number, dueMs: number): void;
  /** Reads answers. @returns False where the socket is none of these. @throws {Error} If one is a refusal. */
  read(fd: number): boolean;
  close(): void;
}

/** Connects. @param bytes How large an event's data is. */
export function createPoster(sockets: Sockets, post: Post, bytes: number): Poster {
  const { port, path, headers, around: [before, after] } = post;
  const body = before + markedJson(bytes) + after;
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `content-length: ${body.length}`,
    "content-type: application/json",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const request = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
  const digits = request.indexOf(MARK) + 1;
  const answer = new Uint8Array(65_536);
  const latin1 = new TextDecoder("latin1");
  const fds = Array.from({ length: POSTERS }, () => sockets.connect(port));
  fds.forEach(sockets.watch);
  /** The end of what was read, by connection: a status line may be cut. */
  const rests = new Map<number, string>();
  let sent = 0;
  let answered = 0;

  function take(fd: number, more: string): void {
    const text = (rests.get(fd) ?? "") + more;
    let end = 0;
    for (const found of text.matchAll(/HTTP\/1\.1 (\d{3})/g)) {
      if (!found[1]?.startsWith("2")) throw new Error(`Publishing was refused: ${text}`);
      answered++;
      end = found.index + found[0].length;
    }
    rests.set(fd, text.slice(Math.max(end, text.length - STATUS_CHARACTERS + 1)));
  }

  return {
    get answered() {
      return answered;
    },
    get isWritable() {
      return sent - answered < MOST_WAITING;
    },
    post(number, dueMs) {
      writeMark(request, digits, number, dueMs);
      sockets.send(fds[number % POSTERS] ?? -1, request);
      sent++;
    },
    read(fd) {
      if (!fds.includes(fd)) return false;
      const count = sockets.receive(fd, answer);
      if (count === 0) throw new Error("The server closed a publisher's connection");
      if (count > 0) take(fd, latin1.decode(answer.subarray(0, count)));
      return true;
    },
    close: () => fds.forEach(sockets.close),
  };
}
