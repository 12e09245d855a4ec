/**
 * Frames as a browser sees them. The parser is eventsource-parser, not ours: it is the oracle.
 *
 * @module
 */
import { createParser } from "eventsource-parser";

/** One frame that a browser would dispatch. */
export interface ReceivedFrame {
  /** Its own id line, null where it has none. */
  readonly id: string | null;
  /** Its type: `message` where the frame names none, as in a browser. */
  readonly event: string;
  readonly data: string;
  /** Its `retry:` line, null where it has none. */
  readonly retry: number | null;
  /** The cursor a browser would come back with from here on, "" where none was ever given. */
  readonly lastEventId: string;
}

/** Reads frames out of bytes that may be cut anywhere. */
export interface FrameParser {
  /**
   * The frames that are whole now.
   *
   * @throws {ParseError} If a line is none of the format's.
   */
  feed(bytes: Uint8Array): ReceivedFrame[];
  /** Moves only when a frame is dispatched: an id in a frame that was cut off counts for nothing. */
  readonly lastEventId: string;
}

/** Creates a parser for one connection of a client that came with `cursor`. */
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
