/**
 * All streams of a load process, read into one buffer.
 *
 * @module
 */
import { createDelayCounter, type Delays } from "../delays.ts";
import { createFrameParser, type FrameParser } from "../frames.ts";
import { type BodyDecoder, createDechunker, createLengthDecoder } from "../http_body.ts";
import { MARK, MARK_DIGITS, numberAt, POSTER_CONNECTIONS, readMark } from "./mark.ts";
import type { Sockets } from "./sockets.ts";

/** The most streams that wait for their heads at a time. */
const MAX_OPENING = 64;
const READ_BYTES = 65_536;

/** Streams to open. */
interface Opening {
  readonly count: number;
  /** The most streams that are parsed, evenly spread over all. */
  readonly maxParsed: number;
  /** The number that is published next. */
  readonly next: number;
}

/** The parser of one stream. */
interface Parsed {
  /** A body comes in chunks, or, from nchan, ends with its connection. */
  readonly decoder: BodyDecoder;
  readonly parser: FrameParser;
  /** Events with a mark that a browser would have dispatched. */
  events: number;
}

interface Reader {
  readonly fd: number;
  readonly isParsed: boolean;
  /** Set once the head of the response has arrived, undefined for streams that are not parsed. */
  parsed: Parsed | undefined;
  hasHead: boolean;
  /** The next expected number of each publishing connection. */
  readonly next: number[];
  events: number;
  /** The beginning of a mark that was cut by the end of a read. */
  cut: Uint8Array<ArrayBuffer> | undefined;
}

/** Counts over all readers since the process began. */
export interface Seen {
  readonly events: number;
  readonly lost: number;
  readonly repeated: number;
  /** Streams that the server ended. */
  readonly ended: number;
  /** Delays since {@linkcode Readers.resetDelays}. */
  readonly delays: Delays;
}

/** The first number from `next` on of each publishing connection. */
function nextOfEach(next: number): number[] {
  const numbers = Array.from({ length: POSTER_CONNECTIONS }, (_, index) => next + index);
  return numbers.sort((a, b) => a % POSTER_CONNECTIONS - b % POSTER_CONNECTIONS);
}

/** Streams that are read as fast as they deliver. */
export interface Readers {
  readonly seen: Seen;
  resetDelays(): void;
  /** Opens more streams, and waits for the head of each response. `turn` reads the sockets meanwhile. */
  open(opening: Opening, turn: () => void): void;
  /** Reads the bytes that have arrived. @returns False if the socket is another's. */
  read(fd: number): boolean;
  /** The number up to which every stream has all events; `Infinity` without streams. */
  slowest(): number;
  /** The number of parsed streams in which the parser and the counter found different numbers of events. */
  disagreements(): number;
  hangUp(): void;
}

/** Creates readers without streams. @param paths The paths that streams open, in turn. */
export function createReaders(
  sockets: Sockets,
  { port, paths }: { readonly port: number; readonly paths: readonly string[] },
): Readers {
  const utf8 = new TextEncoder();
  const latin1 = new TextDecoder("latin1");
  // A cut mark is put before the next bytes. One more byte at the end holds a mark that ends every search.
  const buffer = new Uint8Array(MARK_DIGITS + READ_BYTES + 1);
  const body = buffer.subarray(MARK_DIGITS, MARK_DIGITS + READ_BYTES);
  const readers = new Map<number, Reader>();
  let delays = createDelayCounter();
  let [events, lost, repeated, ended, waiting] = [0, 0, 0, 0, 0];

  function requestStream(index: number, { count, maxParsed, next }: Opening): void {
    const fd = sockets.connect(port);
    const every = Math.ceil(count / maxParsed);
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

  /** Reads the head of a response. @returns The offset at which the body begins. */
  function takeHead(reader: Reader, count: number): number {
    const text = latin1.decode(body.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (!text.startsWith("HTTP/1.1 200") || end < 0) {
      throw new Error(`This is not a stream: ${text}`);
    }
    if (reader.isParsed) {
      const isChunked = /^transfer-encoding: chunked\r$/im.test(text);
      const decoder = isChunked ? createDechunker() : createLengthDecoder(Infinity);
      reader.parsed = { decoder, parser: createFrameParser(), events: 0 };
    }
    reader.hasHead = true;
    waiting--;
    return end + 4;
  }

  function parse(parsed: Parsed, wire: Uint8Array): void {
    parsed.decoder.feed(wire, (bytes) => {
      for (const { data } of parsed.parser.feed(bytes)) {
        const mark = readMark(data);
        if (!mark) continue;
        parsed.events++;
        delays.add(Date.now() - mark.timeMs);
      }
    });
  }

  function countEvent(reader: Reader, number: number): void {
    reader.events++;
    events++;
    const next = reader.next[number % POSTER_CONNECTIONS] ?? 0;
    if (number < next) {
      repeated++;
      return;
    }
    lost += (number - next) / POSTER_CONNECTIONS;
    reader.next[number % POSTER_CONNECTIONS] = number + POSTER_CONNECTIONS;
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
    if (reader.parsed) parse(reader.parsed, body.subarray(from, count));
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
      return { events, lost, repeated, ended, delays: delays.quantiles() };
    },
    resetDelays() {
      delays = createDelayCounter();
    },
    open(opening, turn) {
      for (let index = 0; index < opening.count; index++) {
        requestStream(index, opening);
        while (waiting >= MAX_OPENING) turn();
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
    slowest() {
      let lastOfSlowest = Infinity;
      for (const { next } of readers.values()) {
        for (const expected of next) lastOfSlowest = Math.min(lastOfSlowest, expected - 1);
      }
      return lastOfSlowest;
    },
    disagreements: () =>
      readers.values().filter(({ parsed, events }) => parsed && parsed.events !== events).toArray()
        .length,
    hangUp() {
      for (const fd of readers.keys()) sockets.close(fd);
      readers.clear();
    },
  };
}
