/**
 * The shapes of frames by the contract, written a second time, independently of the server.
 *
 * @module
 */
import { z } from "zod";

/** An id: `<ms>-<n>`, at most 40 characters. */
export const ID = z.string().max(40).regex(/^\d+-\d+$/);

/** `event: sync`, the first frame of every stream. */
export const SYNC = z.object({
  resumed: z.boolean(),
  gap: z.boolean(),
  topics: z.array(z.string()),
  heartbeat_ms: z.int().positive(),
  server_time: z.int().positive(),
});

/** `event: gap`. */
export const GAP = z.strictObject({
  topic: z.string(),
  after: ID.nullable(),
  before: ID.nullable(),
});

/** `event: bye`, the last frame of every stream we end. */
export const BYE = z.strictObject({
  reason: z.enum(["drain", "max_age", "finished", "slow", "revoked", "fault"]),
  retry_ms: z.int().positive(),
});

/** `event: busy`, a refusal that EventSource survives. */
export const BUSY = z.strictObject({
  reason: z.enum(["isolate", "client", "rate", "drain"]),
  limit: z.number(),
  in_use: z.number(),
  retry_after_ms: z.int().positive(),
  /** The path of the polling route; null for topics without one. */
  poll_url: z.string().nullable(),
});

/** An error of a JSON route, RFC 9457. */
export const PROBLEM = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
});

/** The parts of a quote that tests compare. */
export const QUOTE = z.object({
  symbol: z.string(),
  price: z.string().regex(/^-?\d+(\.\d+)?$/),
  received_at: z.iso.datetime(),
});

/** `event: snapshot` of topic `quotes`, and the core of `GET /v1/quotes`. */
export const QUOTES = z.object({
  quotes: z.array(QUOTE),
  status: z.array(z.object({ provider: z.string(), state: z.string() })),
});

/** `GET /v1/quotes`. */
export const QUOTES_ANSWER = QUOTES.extend({
  cursor: ID.nullable(),
  next_poll_delay: z.number(),
});

/** `GET /health`. */
export const HEALTH = z.object({
  status: z.string(),
  version: z.string(),
  streams: z.object({ open: z.int(), limit: z.int() }),
});

/** An event of a channel that these tests publish. */
export const NUMBERED = z.object({
  channel: z.string(),
  data: z.object({ number: z.int() }),
});

/** JSON of a known shape. A zod error says where it is not. */
export function parse<T>(shape: z.ZodType<T>, json: string): T {
  return shape.parse(JSON.parse(json));
}
