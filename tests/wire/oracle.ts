/**
 * The events that a browser parses from a stream, by an independent parser.
 *
 * @module
 */
import { createParser } from "eventsource-parser";

/** An event as a page receives it. */
export interface Seen {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** The browser's state when a stream ends. */
export interface Reading {
  readonly events: readonly Seen[];
  /** The cursor of the next request. */
  readonly lastEventId: string;
  /** The delay before the next request; null without a `retry`. */
  readonly retry: number | null;
}

/** Parses a stream as a browser does, chunk by chunk. */
export function readStream(chunks: Iterable<Uint8Array>): Reading {
  const events: Seen[] = [];
  let lastEventId = "";
  let retry: number | null = null;
  const parser = createParser({
    onId: (id) => lastEventId = id,
    onRetry: (ms) => retry = ms,
    onEvent: ({ event = "message", data }) => events.push({ type: event, data, lastEventId }),
  });
  // The parser removes the BOM of a stream, as browsers do. A decoder that removed one too would remove two.
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const chunk of chunks) parser.feed(utf8.decode(chunk, { stream: true }));
  parser.feed(utf8.decode());
  return { events, lastEventId, retry };
}
