/**
 * Dialect streams: the answer of a run as responses, in the protocol of their clients.
 *
 * The position of a response is an offset in the answer. Each flush is encoded once per dialect, for all responses that are
 * in step. A slow one has no queue: once it is writable, it receives everything after its offset, merged.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { encodeFrames, type Frame } from "../../wire/sse.ts";
import type { Dialect, DialectEncoder, RunInfo } from "./dialect.ts";
import type { ChatPart, RunEnd } from "./part.ts";
import type { RunFeed } from "./run_feed.ts";
import { mergeParts, Transcript } from "./transcript.ts";

/** A reader that takes nothing for this time loses its connection. */
const MAX_READER_SILENCE_MS = 60_000;

const HEARTBEAT = new TextEncoder().encode(": heartbeat\n\n");

type Chunk = Uint8Array<ArrayBuffer>;

/** A piece of the encoded answer: the part of it between two offsets. */
interface EncodedPiece {
  readonly from: number;
  readonly to: number;
  readonly chunk: Chunk;
}

/** The dialect streams of an isolate. */
export class DialectStreams {
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  readonly #runs = new Map<RunFeed, Map<Dialect, EncodedRun>>();

  /** @param heartbeatMs The silence before a comment, which keeps proxies from closing the connection. */
  constructor(clock: Clock, heartbeatMs: number) {
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
  }

  /**
   * Opens a stream of a run. It begins with the answer so far, or with the rest of it after the cursor.
   *
   * @param cursor The last id that the client received. One of another run counts as none.
   * @param onEnd Called once, however the stream ends.
   */
  open(
    feed: RunFeed,
    dialect: Dialect,
    cursor?: string,
    onEnd: () => void = () => {},
  ): ReadableStream<Chunk> {
    return this.#encodedRun(feed, dialect).open(offsetAtCursor(cursor, feed.info), onEnd);
  }

  #encodedRun(feed: RunFeed, dialect: Dialect): EncodedRun {
    const dialects = this.#runs.get(feed) ?? new Map<Dialect, EncodedRun>();
    const known = dialects.get(dialect);
    if (known) return known;
    const created = new EncodedRun(feed, dialect, this.#clock, this.#heartbeatMs, () => {
      dialects.delete(dialect);
      if (dialects.size === 0) this.#runs.delete(feed);
    });
    this.#runs.set(feed, dialects.set(dialect, created));
    return created;
  }
}

/** Returns the id of a frame: it moves the client's cursor to an offset, on any isolate. */
function frameId({ createdAt }: RunInfo, offset: number): string {
  return `${createdAt}-${offset}`;
}

/** Returns the offset of a cursor, null if it is none of this run. */
function offsetAtCursor(cursor: string | undefined, { createdAt }: RunInfo): number | null {
  const [, run, offset] = /^(\d+)-(\d{1,9})$/.exec(cursor ?? "") ?? [];
  return run === String(createdAt) ? Number(offset) : null;
}

/** One response. */
interface Reader {
  readonly controller: ReadableStreamDefaultController<Chunk>;
  /** Its position in the answer, null before its start. A reader that comes from the producer may be ahead of the log. */
  offset: number | null;
  /** Called once it has received a chunk or its end, null while it is not writable. */
  release: (() => void) | null;
  /** The time of its last chunk. */
  sentAt: number;
  readonly onEnd: () => void;
}

/** One run in one dialect, with all its readers. It ends with the last of them. */
class EncodedRun {
  readonly #feed: RunFeed;
  readonly #dialect: Dialect;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  readonly #onClosed: () => void;
  readonly #transcript = new Transcript();
  /** Encodes the flushes. It has encoded the whole transcript. */
  readonly #encoder: DialectEncoder;
  readonly #readers = new Set<Reader>();
  /** The last flush, which readers in step receive. */
  #flush: EncodedPiece | null = null;
  /** The answer from the start up to now, for readers that join. */
  #replay: EncodedPiece | null = null;
  /** The frames of the end, null while the run is open. */
  #ending: Chunk | null = null;
  #unsubscribe: (() => void) | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(
    feed: RunFeed,
    dialect: Dialect,
    clock: Clock,
    heartbeatMs: number,
    onClosed: () => void,
  ) {
    this.#feed = feed;
    this.#dialect = dialect;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
    this.#onClosed = onClosed;
    this.#transcript.add(feed.transcript.parts);
    this.#encoder = dialect.createEncoder(feed.info);
    this.#encoder.encode(this.#transcript.parts);
    if (feed.end === null) {
      this.#unsubscribe = feed.subscribe({
        onParts: (parts) => this.#addParts(parts),
        onEnd: (end) => this.#end(end),
        onBroken: () => this.#break(),
      });
    } else this.#end(feed.end);
    this.#watchSilence(heartbeatMs);
  }

  /** Opens a response at an offset, at the start of the answer if it is null. */
  open(offset: number | null, onEnd: () => void): ReadableStream<Chunk> {
    let reader: Reader | undefined;
    return new ReadableStream<Chunk>({
      start: (controller) => {
        reader = {
          controller,
          offset,
          release: null,
          sentAt: this.#clock.elapsed(),
          onEnd,
        };
        this.#readers.add(reader);
      },
      pull: () =>
        new Promise<void>((resolve) => {
          if (reader === undefined) return resolve();
          reader.release = resolve;
          this.#serve(reader);
        }),
      cancel: () => {
        if (reader) this.#remove(reader);
      },
    }, { highWaterMark: 0 });
  }

  #addParts(parts: readonly ChatPart[]): void {
    const from = this.#transcript.length;
    const chunk = this.#encode(this.#encoder, this.#transcript, mergeParts(parts));
    this.#flush = { from, to: this.#transcript.length, chunk };
    this.#replay = null;
    this.#serveAll();
  }

  #end(end: RunEnd): void {
    this.#unsubscribe = null;
    this.#ending = encodeFrames(...this.#encoder.end(end).map((data) => ({ data })));
    this.#serveAll();
  }

  /** Breaks the connections. A clean end would count as the whole answer. */
  #break(): void {
    this.#unsubscribe = null;
    for (const reader of [...this.#readers]) {
      this.#breakReader(reader, "The run continues elsewhere.");
    }
  }

  #breakReader(reader: Reader, message: string): void {
    reader.controller.error(new Error(message));
    this.#remove(reader);
  }

  #serveAll(): void {
    for (const reader of [...this.#readers]) if (reader.release) this.#serve(reader);
  }

  /** Sends a writable reader what it has not received, or leaves it waiting. */
  #serve(reader: Reader): void {
    const piece = this.#pieceAfter(reader.offset);
    if (piece !== null) {
      reader.offset = piece.to;
      if (piece.chunk.byteLength > 0) {
        this.#send(reader, piece.chunk);
        return;
      }
    }
    if (this.#ending !== null) {
      if (this.#ending.byteLength > 0) reader.controller.enqueue(this.#ending);
      reader.controller.close();
      this.#remove(reader);
    }
  }

  #send(reader: Reader, chunk: Chunk): void {
    const { release } = reader;
    reader.release = null;
    reader.sentAt = this.#clock.elapsed();
    reader.controller.enqueue(chunk);
    release?.();
  }

  /** Returns the answer after an offset, null if the reader has all of it. */
  #pieceAfter(offset: number | null): EncodedPiece | null {
    const to = this.#transcript.length;
    if (offset === null) {
      this.#replay ??= this.#encodeAfter(null);
      return this.#replay;
    }
    if (offset >= to) return null;
    return this.#flush?.from === offset && this.#flush.to === to
      ? this.#flush
      : this.#encodeAfter(offset);
  }

  /** Encodes the answer after an offset for a reader that is not in step. */
  #encodeAfter(offset: number | null): EncodedPiece {
    const transcript = new Transcript();
    const encoder = this.#dialect.createEncoder(this.#feed.info);
    let rest = this.#transcript.parts;
    if (offset !== null) {
      const { before, after } = this.#transcript.split(offset);
      encoder.encode(before);
      transcript.add(before);
      rest = after;
    }
    const chunk = this.#encode(encoder, transcript, rest, offset === null);
    return { from: offset ?? 0, to: transcript.length, chunk };
  }

  /**
   * Encodes parts and adds them to a transcript. The last frame of each part has the id of the offset after it, and no two
   * frames have the same: clients drop a frame whose id they know.
   */
  #encode(
    encoder: DialectEncoder,
    transcript: Transcript,
    parts: readonly ChatPart[],
    isStart = false,
  ): Chunk {
    const frames: Frame[] = [];
    const add = (group: readonly ChatPart[]) => {
      const texts = encoder.encode(group);
      const id = frameId(this.#feed.info, transcript.length);
      frames.push(...texts.map((data, i) => i === texts.length - 1 ? { id, data } : { data }));
    };
    if (isStart) add([]);
    for (const part of parts) {
      const { length } = transcript;
      transcript.add([part]);
      if (transcript.length > length) add([part]);
    }
    return encodeFrames(...frames);
  }

  #remove(reader: Reader): void {
    reader.release?.();
    reader.release = null;
    if (this.#readers.delete(reader)) reader.onEnd();
    if (this.#readers.size > 0) return;
    this.#cancelTimer?.();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#onClosed();
  }

  /** Sends comments to silent readers, and breaks blocked ones. One timer serves all, without being set at each flush. */
  #watchSilence(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      const now = this.#clock.elapsed();
      let longestMs = 0;
      for (const reader of [...this.#readers]) {
        const silenceMs = now - reader.sentAt;
        if (!reader.release) {
          if (silenceMs >= MAX_READER_SILENCE_MS) {
            this.#breakReader(reader, "The client takes nothing.");
          }
        } else if (silenceMs >= this.#heartbeatMs) this.#send(reader, HEARTBEAT);
        else longestMs = Math.max(longestMs, silenceMs);
      }
      if (this.#readers.size > 0) this.#watchSilence(this.#heartbeatMs - longestMs);
    });
  }
}
