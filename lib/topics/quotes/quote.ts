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
export const QuoteClass = z.enum(["crypto", "metals", "oil", "indices"]);

/** Validates a quote. Percentages are in percent: -0.95 is -0.95 %. */
export const Quote = z.object({
  symbol: z.string().meta({ example: "BTC-USD" }),
  name: z.string().meta({ example: "Bitcoin" }),
  class: QuoteClass,
  price: Decimal,
  // nullable() would document null as a Decimal too, which no value can be.
  change: z.union([Decimal, z.null()]),
  change_pct: z.number().nullable(),
  basis: z.enum(["prev_close", "rolling_24h", "utc_day", "none"]).meta({
    description: "The baseline of `change`.",
  }),
  currency: z.string().meta({ example: "USD" }),
  unit: z.string().meta({ example: "coin" }),
  decimals: z.int().min(0).meta({ description: "Decimals to show." }),
  session: z.enum(["open", "closed", "pre", "post", "halted", "always"]),
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
