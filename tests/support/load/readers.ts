/**
 * All streams of a load process, read into one buffer.
 *
 * @module
 */
import type { DelayCounter } from "../delays.ts";
import type { Sockets } from "./sockets.ts";
import { MARK, MARK_DIGITS, numberAt, POSTERS } from "./mark.ts";
import { createParsedStream, type ParsedStream } from "./parsed_stream.ts";

const OPENING_AT_ONCE = 64;
const READ_BYTES = 65_536;

/** How many streams are parsed as well, evenly among all: whoever is first in a server's loop is not alone heard. */
const MOST_PARSED = 50;

interface Reader {
  readonly fd: number;
  readonly isParsed: boolean;
  /** Known from the head of its answer on. */
  parsed: ParsedStream | undefined;
  hasHead: boolean;
  /** The number that is to come next, by the connection it is published on. */
  readonly next: number[];
  events: number;
  /** The beginning of a mark that was cut by the end of a read. */
  cut: Uint8Array<ArrayBuffer> | undefined;
}

/** What all readers together have seen, since the process began. */
export interface Seen {
  readonly events: number;
  readonly lost: number;
  readonly repeated: number;
  /** Streams that ended, which none should. */
  readonly ended: number;
}

/** By connection, the first number from `next` on that is published there. */
function nextOfEach(next: number): number[] {
  const numbers = Array.from({ length: POSTERS }, (_, index) => next + index);
  return numbers.sort((a, b) => a % POSTERS - b % POSTERS);
}

/** Many streams. */
export interface Readers {
  readonly seen: Seen;
  /** Asks for so many more, and waits for the head of each answer. @param next The number that is published next. */
  open(count: number, next: number, turn: () => void): void;
  /** Reads what is there. @returns False where the socket is none of these. */
  read(fd: number): boolean;
  /** Whether every stream has had all numbers up to this one. */
  haveAll(number: number): boolean;
  /** How many parsed streams the parser and the counter do not agree about. */
  disagreements(): number;
  hangUp(): void;
}

/** Creates readers: none yet. @param paths What the streams follow, in turn. */
export function createReaders(
  sockets: Sockets,
  { port, paths }: { readonly port: number; readonly paths: readonly string[] },
  delays: () => DelayCounter,
): Readers {
  const utf8 = new TextEncoder();
  const latin1 = new TextDecoder("latin1");
  // A cut mark is put in front of what comes next; one more byte behind takes a mark that ends every search.
  const buffer = new Uint8Array(MARK_DIGITS + READ_BYTES + 1);
  const body = buffer.subarray(MARK_DIGITS, MARK_DIGITS + READ_BYTES);
  const readers = new Map<number, Reader>();
  let [events, lost, repeated, ended, waiting] = [0, 0, 0, 0, 0];

  function ask(index: number, count: number, next: number): void {
    const fd = sockets.connect(port);
    const every = Math.ceil(count / MOST_PARSED);
    readers.set(fd, {
      fd,
      isParsed: index % every === 0,
      parsed: undefined,
      hasHead: false,
      next: nextOfEach(next),
      events: 0,
      cut: undefined,
    });
    sockets.watch(fd);
    const lines = [
      `GET ${paths[index % paths.length]} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      "accept: text/event-stream",
    ];
    sockets.send(fd, utf8.encode(`${lines.join("\r\n")}\r\n\r\n`));
    waiting++;
  }

  /** @returns Where the body begins among what was read. */
  function takeHead(reader: Reader, count: number): number {
    const text = latin1.decode(body.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (!text.startsWith("HTTP/1.1 200") || end < 0) throw new Error(`This is no stream: ${text}`);
    const isChunked = /^transfer-encoding: chunked\r$/im.test(text);
    if (reader.isParsed) reader.parsed = createParsedStream(isChunked, delays);
    reader.hasHead = true;
    waiting--;
    return end + 4;
  }

  function countEvent(reader: Reader, number: number): void {
    reader.events++;
    events++;
    const next = reader.next[number % POSTERS] ?? 0;
    if (number < next) {
      repeated++;
      return;
    }
    lost += (number - next) / POSTERS;
    reader.next[number % POSTERS] = number + POSTERS;
  }

  function countAll(reader: Reader, start: number, end: number): void {
    buffer[end] = MARK;
    for (let at = buffer.indexOf(MARK, start); at < end; at = buffer.indexOf(MARK, at)) {
      const digits = at + 1;
      at = digits + MARK_DIGITS;
      if (at > end) {
        reader.cut = buffer.slice(digits - 1, end);
        return;
      }
      countEvent(reader, numberAt(buffer, digits));
    }
  }

  function take(reader: Reader, count: number): void {
    const from = reader.hasHead ? 0 : takeHead(reader, count);
    reader.parsed?.feed(body.subarray(from, count));
    let start = MARK_DIGITS + from;
    if (reader.cut) {
      start -= reader.cut.length;
      buffer.set(reader.cut, start);
      reader.cut = undefined;
    }
    countAll(reader, start, MARK_DIGITS + count);
  }

  return {
    get seen() {
      return { events, lost, repeated, ended };
    },
    open(count, next, turn) {
      for (let index = 0; index < count; index++) {
        ask(index, count, next);
        while (waiting >= OPENING_AT_ONCE) turn();
      }
      while (waiting > 0) turn();
    },
    read(fd) {
      const reader = readers.get(fd);
      if (!reader) return false;
      let count = sockets.receive(fd, body);
      while (count > 0) {
        take(reader, count);
        if (count < body.length) return true;
        count = sockets.receive(fd, body);
      }
      if (count !== 0) return true;
      ended++;
      readers.delete(fd);
      sockets.close(fd);
      return true;
    },
    haveAll: (number) => readers.values().every(({ next }) => next.every((each) => each > number)),
    disagreements: () =>
      readers.values().filter(({ parsed, events }) => parsed && parsed.events !== events).toArray()
        .length,
    hangUp() {
      for (const fd of readers.keys()) sockets.close(fd);
      readers.clear();
    },
  };
}
