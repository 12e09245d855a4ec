/**
 * Server-sent events as bytes. The format is the HTML standard's, section 9.2.5.
 *
 * @module
 */
import type { LogMessage, StreamEvent } from "../core/event.ts";
import { ORIGIN } from "../core/position.ts";

/**
 * The headers of every stream. `connection` and `transfer-encoding` are not among them: HTTP/2 forbids both
 * (RFC 9113, 8.2.2), and Safari refuses a response that has them.
 */
export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
});

/** One frame of a stream. Without `data` a browser applies `retry` and `id` and dispatches no event. */
export interface Frame {
  /** The delay before the client reconnects, in whole milliseconds. */
  readonly retry?: number;
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

const LINE_END = /\r\n|\r|\n/;

function encodeField(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) {
    throw new SyntaxError(`Cannot encode frame: ${name} holds CR, LF or NUL`);
  }
  return `${name}: ${value}\n`;
}

/**
 * Encodes one frame with the blank line after it. A space follows every colon, because a parser removes one.
 *
 * @throws {SyntaxError} If `event` or `id` holds CR, LF or NUL, which would start another field.
 * @throws {RangeError} If `retry` is not a whole number of milliseconds, because browsers would ignore it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeFrame({ id: "1-1", event: "quote", data: "a\nb" }), "id: 1-1\nevent: quote\ndata: a\ndata: b\n\n");
 * ```
 */
export function encodeFrame({ retry, id, event, data }: Frame): string {
  let fields = "";
  if (retry !== undefined) {
    if (!Number.isSafeInteger(retry) || retry < 0) {
      throw new RangeError(`Cannot encode frame: retry is ${retry}, not whole milliseconds`);
    }
    fields += `retry: ${retry}\n`;
  }
  if (id !== undefined) fields += encodeField("id", id);
  if (event !== undefined && event !== "") fields += encodeField("event", event);
  if (data !== undefined) {
    for (const line of data.split(LINE_END)) fields += `data: ${line}\n`;
  }
  return `${fields}\n`;
}

/** An event with its bytes, which are the same for every client. */
export interface EncodedEvent extends StreamEvent {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Encodes every event once, between the log and the windows. A publication stays one message. An event that cannot be encoded
 * is reported and skipped, because it must not stop the events after it.
 */
export class SseEncoderStream extends TransformStream<LogMessage, LogMessage<EncodedEvent>> {
  constructor(onFault: (thrown: unknown, event: StreamEvent) => void) {
    function encodeOrSkip(event: StreamEvent): EncodedEvent[] {
      try {
        return [encodeEvent(event)];
      } catch (thrown) {
        onFault(thrown, event);
        return [];
      }
    }
    super({
      transform(message, controller) {
        controller.enqueue(
          message.kind === "joined"
            ? message
            : { ...message, events: message.events.flatMap(encodeOrSkip) },
        );
      },
    });
  }
}

const utf8Encoder = new TextEncoder();

/** Encodes several frames as one chunk. */
export function encodeFrames(...frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  return utf8Encoder.encode(frames.map(encodeFrame).join(""));
}

/**
 * Encodes one event. The frame has no id if the event is not in the log: its id is then {@linkcode ORIGIN}.
 *
 * @throws {SyntaxError} As {@linkcode encodeFrame}, if the type holds CR, LF or NUL.
 */
export function encodeEvent(event: StreamEvent): EncodedEvent {
  const { id, type, json } = event;
  const frame = { event: type, data: json };
  return { ...event, bytes: encodeFrames(id === ORIGIN ? frame : { id, ...frame }) };
}

/** Joins the bytes of events into one chunk. The bytes of a single event are used unchanged. */
export function joinBytes(events: readonly EncodedEvent[]): Uint8Array<ArrayBuffer> {
  const [only] = events;
  if (only && events.length === 1) return only.bytes;
  const chunk = new Uint8Array(events.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let offset = 0;
  for (const { bytes } of events) {
    chunk.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return chunk;
}
