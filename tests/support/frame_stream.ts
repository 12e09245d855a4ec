/**
 * An EventSource for tests: it follows one connection, frame by frame, and never comes back by itself.
 *
 * @module
 */
import { createFrameParser, type ReceivedFrame } from "./frames.ts";
import { openRaw, type RequestOptions } from "./raw_stream.ts";
import { PATIENCE_MS, within } from "./within.ts";

/** How to open a stream. */
export interface FrameStreamOptions extends RequestOptions {
  /** The last id the client saw, "" for none. */
  readonly cursor?: string;
  /** The connection is cut after so many bytes of its body, inside a frame too. */
  readonly cutAfter?: number;
}

/** One connection of an EventSource. */
export interface FrameStream extends Disposable {
  readonly status: number;
  readonly headers: Headers;
  /** The cursor after the last frame that was taken. */
  readonly lastEventId: string;
  readonly bodyBytes: number;
  /** True once the stream has ended as HTTP wants it, and was not cut. */
  readonly isWhole: boolean;
  /** The next frame, or null at the end. A frame that takes longer than `deadlineMs` is an error. */
  next(deadlineMs?: number): Promise<ReceivedFrame | null>;
  /** The next frame of a type. Others are passed over. */
  nextOf(event: string, deadlineMs?: number): Promise<ReceivedFrame>;
  /** All frames up to the end. */
  rest(deadlineMs?: number): Promise<ReceivedFrame[]>;
  hangUp(): void;
}

/** Opens a stream, with the headers EventSource sends. */
export async function openFrames(
  port: number,
  path: string,
  { cursor = "", cutAfter = Infinity, headers, ...options }: FrameStreamOptions = {},
): Promise<FrameStream> {
  const raw = await within(
    PATIENCE_MS,
    `the head of ${path}`,
    openRaw(port, path, {
      ...options,
      headers: {
        accept: "text/event-stream",
        ...(cursor === "" ? {} : { "last-event-id": cursor }),
        ...headers,
      },
    }),
  );
  const parser = createFrameParser(cursor);
  const waiting: ReceivedFrame[] = [];
  let lastEventId = cursor;

  /** The bytes after the cut never come, as in a connection that is lost. */
  async function fill(): Promise<boolean> {
    const left = cutAfter - raw.bodyBytes;
    const bytes = left > 0 ? await raw.read(left) : null;
    if (bytes === null) return false;
    waiting.push(...parser.feed(bytes));
    return true;
  }

  async function whole(): Promise<boolean> {
    while (waiting.length === 0) {
      if (!await fill()) return false;
    }
    return true;
  }

  async function frame(what: string, deadlineMs: number): Promise<ReceivedFrame | null> {
    if (waiting.length === 0) {
      await within(deadlineMs, `the next ${what} of ${path}`, whole());
    }
    const each = waiting.shift();
    if (each === undefined) return null;
    lastEventId = each.lastEventId;
    return each;
  }

  return {
    status: raw.status,
    headers: raw.headers,
    get lastEventId() {
      return lastEventId;
    },
    get bodyBytes() {
      return raw.bodyBytes;
    },
    get isWhole() {
      return raw.isWhole;
    },
    next: (deadlineMs = PATIENCE_MS) => frame("frame", deadlineMs),
    async nextOf(event, deadlineMs = PATIENCE_MS) {
      const deadline = performance.now() + deadlineMs;
      for (;;) {
        const each = await frame(event, Math.max(1, deadline - performance.now()));
        if (each === null) throw new Error(`The stream ${path} ended before a frame "${event}"`);
        if (each.event === event) return each;
      }
    },
    async rest(deadlineMs = PATIENCE_MS) {
      const frames: ReceivedFrame[] = [];
      const deadline = performance.now() + deadlineMs;
      for (;;) {
        const each = await frame("end", Math.max(1, deadline - performance.now()));
        if (each === null) return frames;
        frames.push(each);
      }
    },
    hangUp: raw.hangUp,
    [Symbol.dispose]: raw.hangUp,
  };
}
