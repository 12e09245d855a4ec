/**
 * The shapes of quotes and provider statuses on the wire.
 *
 * @module
 */
import { z } from "zod";
import { WireTime } from "../../core/time.ts";

/** Validates a decimal in plain notation, with the digits that the upstream sent. */
export const Decimal = z.string().regex(/^-?\d+(\.\d+)?$/).meta({
  id: "Decimal",
  description: "A decimal number as a string, with the upstream's own digits.",
  example: "76975.10",
});

/** Validates a class of instruments, by which the page groups its rows. */
export const QuoteClass = z.enum([
  "crypto",
  "metals",
  "oil",
  "energy",
  "indices",
  "equities",
  "fx",
  "rates",
  "other",
]);

// nullable() would document null as a Decimal too, which no value can be.
const NullableDecimal = z.union([Decimal, z.null()]);

/** Validates a quote. Percentages are in percent: -0.95 is -0.95 %. */
export const Quote = z.object({
  symbol: z.string().meta({ example: "BTC-USD" }),
  name: z.string().meta({ example: "Bitcoin" }),
  class: QuoteClass,
  price: Decimal,
  change: NullableDecimal,
  change_pct: z.number().nullable(),
  basis: z.enum(["prev_close", "rolling_24h", "session", "none"]).meta({
    description: "The baseline of `change`.",
  }),
  prev_close: NullableDecimal.meta({
    description: "The price that `change` is measured from: of the time that `basis` names.",
  }),
  open: NullableDecimal,
  high: NullableDecimal,
  low: NullableDecimal,
  volume: NullableDecimal,
  bid: NullableDecimal,
  ask: NullableDecimal,
  currency: z.string().meta({ example: "USD" }),
  unit: z.string().meta({ example: "coin" }),
  decimals: z.int().min(0).meta({ description: "Decimals to show." }),
  session: z.enum(["open", "closed", "pre", "post", "halted", "always"]),
  next_open: WireTime.nullable().meta({
    description: "The time at which a closed market opens. Null if it is open, or if unknown.",
  }),
  as_of: WireTime.nullable().meta({
    description: "The market's time. Null if the source sends none.",
  }),
  received_at: WireTime.meta({ description: "The time at which we received it." }),
  is_delayed: z.boolean(),
  delay_s: z.number().nullable(),
  is_stale: z.boolean().meta({
    description: "True if no fresh value arrived for twice the poll interval in an open market.",
  }),
  source: z.string().meta({ example: "coinbase" }),
  attribution: z.string().meta({ example: "Coinbase" }),
  simulated: z.boolean(),
}).meta({ id: "Quote" });

/** One price of one symbol. */
export type Quote = Readonly<z.infer<typeof Quote>>;

/**
 * Validates a tick: the fields of a quote that change from moment to moment. A field that is null, false or usual (a
 * session that is `open` or `always`) is omitted.
 */
export const Tick = z.object({
  symbol: Quote.shape.symbol,
  price: Quote.shape.price,
  change: Decimal.optional(),
  change_pct: z.number().optional(),
  bid: Decimal.optional(),
  ask: Decimal.optional(),
  session: Quote.shape.session.optional(),
  as_of: WireTime.optional(),
  received_at: Quote.shape.received_at,
  is_delayed: z.literal(true).optional(),
  delay_s: z.number().optional(),
  is_stale: z.literal(true).optional(),
  source: Quote.shape.source,
}).meta({
  id: "Tick",
  description: "The fields of a quote that change from moment to moment. A field that is null, " +
    "false or usual (a session that is `open` or `always`) is omitted: no earlier value applies.",
});

/** A price at a moment. */
export type Tick = Readonly<z.infer<typeof Tick>>;

/** Validates the day's figures of a symbol. */
export const Day = Quote.pick({
  symbol: true,
  basis: true,
  prev_close: true,
  open: true,
  high: true,
  low: true,
  volume: true,
  next_open: true,
}).meta({ id: "Day", description: "The day's figures of a symbol, at most once a minute." });

/** The day's figures of a symbol. */
export type Day = Readonly<z.infer<typeof Day>>;

/** Validates an instrument as clients receive it. */
export const WireInstrument = Quote.pick({
  symbol: true,
  name: true,
  class: true,
  currency: true,
  unit: true,
  decimals: true,
}).extend({
  hours: z.string().meta({ description: "The trading calendar.", example: "always" }),
  sources: z.array(z.object({
    provider: z.string().meta({ example: "coinbase" }),
    attribution: z.string().meta({ example: "Coinbase" }),
    is_delayed: z.boolean(),
    delay_s: z.number().nullable(),
  })).meta({ description: "The providers that serve it here, in order of preference." }),
  simulated: z.boolean(),
}).meta({ id: "Instrument" });

/** An instrument as clients receive it. */
export type WireInstrument = Readonly<z.infer<typeof WireInstrument>>;

/** Validates the status of a provider. `reason` is a text for users. */
export const ProviderStatus = z.object({
  provider: z.string().meta({ example: "coinbase" }),
  symbols: z.array(z.string()),
  state: z.enum(["live", "delayed", "stale", "down", "closed"]),
  since: WireTime.meta({ description: "The time at which it entered this state." }),
  reason: z.string().nullable(),
  breaker: z.enum(["closed", "open", "half-open"]),
  next_try_at: WireTime.nullable(),
}).meta({ id: "Status" });

/** The status of a provider. */
export type ProviderStatus = Readonly<z.infer<typeof ProviderStatus>>;

/** The reason of a status whose provider does not respond. */
export const NO_RESPONSE_REASON = "No answer for twice the poll interval";

/** Validates a snapshot, the initial event of `quotes`. */
export const QuotesSnapshot = z.object({
  quotes: z.array(Quote),
  status: z.array(ProviderStatus),
}).meta({ id: "QuotesSnapshot" });

/** All current quotes and statuses. */
export type QuotesSnapshot = Readonly<z.infer<typeof QuotesSnapshot>>;

/**
 * Parses the data of a published event.
 *
 * @returns Null if it lacks a field of the schema, because another version published it.
 */
export function parsePublished<T>(schema: z.ZodType<T>, json: string): T | null {
  return schema.safeParse(JSON.parse(json)).data ?? null;
}
