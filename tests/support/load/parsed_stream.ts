/**
 * A stream that is read as a browser reads it: the check on those that are only counted, and where delays are taken.
 *
 * @module
 */
import type { DelayCounter } from "../delays.ts";
import { createFrameParser } from "../frames.ts";
import { createDechunker, createLengthDecoder } from "../http_body.ts";
import { readMark } from "./mark.ts";

/** Reads one stream. */
export interface ParsedStream {
  /** Events with a mark that a browser would have dispatched. */
  readonly events: number;
  /** Takes bytes of the connection, from after the head of the answer. */
  feed(wire: Uint8Array): void;
}

/**
 * Creates a reader.
 *
 * @param isChunked Whether the body comes in chunks; nchan's ends with its connection.
 * @param delays Counts every event's delay, from when it was due.
 */
export function createParsedStream(isChunked: boolean, delays: () => DelayCounter): ParsedStream {
  const decoder = isChunked ? createDechunker() : createLengthDecoder(Infinity);
  const parser = createFrameParser();
  let events = 0;

  function take(body: Uint8Array): void {
    for (const { data } of parser.feed(body)) {
      const mark = readMark(data);
      if (!mark) continue;
      events++;
      delays().add(Date.now() - mark.timeMs);
    }
  }

  return {
    get events() {
      return events;
    },
    feed: (wire) => decoder.feed(wire, take),
  };
}
