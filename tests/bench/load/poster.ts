/**
 * The publisher: a POST for each event, the same way for every server.
 *
 * One keep-alive connection, so that the order is the publisher's. A request is sent when it is due and does not wait for
 * the answer to the one before, as long as not too many wait: a server that cannot keep up holds the publisher back.
 *
 * @module
 */
import type { Sockets } from "./libc.ts";
import { MARK, markedJson, writeMark } from "./mark.ts";

const MOST_WAITING = 100;

/** How a server is published to. */
export interface Post {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the body has before and after the event's data. */
  readonly around: readonly [before: string, after: string];
}

/** Publishes numbered events on one connection. */
export interface Poster {
  /** Answers that came. */
  readonly answered: number;
  readonly hasRoom: boolean;
  post(number: number, dueMs: number): void;
  /** Reads answers. @returns False where the socket is not this one's. @throws {Error} If one is a refusal. */
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
  const fd = sockets.connect(port);
  sockets.watch(fd);
  let rest = "";
  let sent = 0;
  let answered = 0;

  function take(text: string): void {
    const answers = (rest + text).matchAll(/HTTP\/1\.1 (\d{3})/g);
    let end = 0;
    for (const found of answers) {
      if (!found[1]?.startsWith("2")) throw new Error(`Publishing was refused: ${text}`);
      answered++;
      end = found.index + found[0].length;
    }
    rest = (rest + text).slice(Math.max(end, (rest + text).length - 11));
  }

  return {
    get answered() {
      return answered;
    },
    get hasRoom() {
      return sent - answered < MOST_WAITING;
    },
    post(number, dueMs) {
      writeMark(request, digits, number, dueMs);
      sockets.send(fd, request);
      sent++;
    },
    read(ready) {
      if (ready !== fd) return false;
      const count = sockets.receive(fd, answer);
      if (count === 0) throw new Error("The server closed the publisher's connection");
      if (count > 0) take(latin1.decode(answer.subarray(0, count)));
      return true;
    },
    close: () => sockets.close(fd),
  };
}
