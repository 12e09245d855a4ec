/**
 * Frames as a strict client sees them. The oracle is eventsource-parser, not a parser of this project.
 *
 * @module
 */
import { createParser } from "eventsource-parser";

/** A frame that a browser would dispatch. */
export interface ReceivedFrame {
  /** The value of its `id:` line, null if absent. */
  readonly id: string | null;
  /** Its type, `message` by default. */
  readonly event: string;
  readonly data: string;
  /** The value of the newest `retry:` line since the frame before, null if absent. */
  readonly retry: number | null;
  /** The cursor that a browser would reconnect with after this frame, empty before the first id. */
  readonly lastEventId: string;
}

/** Parses frames from bytes that may be cut anywhere. */
export interface FrameParser {
  /**
   * Parses the next bytes, and returns the frames that they complete.
   *
   * @throws {ParseError} If a line is not valid: a browser would ignore it.
   * @throws {TypeError} If the bytes are not valid UTF-8: a browser would replace them.
   */
  feed(bytes: Uint8Array): ReceivedFrame[];
  /** The cursor. It changes at the blank line that ends a block, so an id in a block that is cut has no effect. */
  readonly lastEventId: string;
}

/** Creates a parser for one connection of a client. @param cursor The cursor of its request. */
export function createFrameParser(cursor = ""): FrameParser {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let lastEventId = cursor;
  let retry: number | null = null;
  let frames: ReceivedFrame[] = [];
  const parser = createParser({
    onId(id) {
      lastEventId = id;
    },
    onRetry(ms) {
      retry = ms;
    },
    onEvent({ id = null, event = "message", data }) {
      frames.push({ id, event, data, retry, lastEventId });
      retry = null;
    },
    onError(error) {
      throw error;
    },
  });
  return {
    feed(bytes) {
      frames = [];
      parser.feed(utf8.decode(bytes, { stream: true }));
      return frames;
    },
    get lastEventId() {
      return lastEventId;
    },
  };
}
