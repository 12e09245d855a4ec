/**
 * A quote and the state of who gives it, as they go over the wire.
 *
 * @module
 */
import { z } from "zod";

/** Plain decimal notation, digits as the upstream sent them: never through a binary number. */
export const Decimal = z.string().regex(/^-?\d+(\.\d+)?$/).meta({
  id: "Decimal",
  description: "A decimal number as a string, with the upstream's own digits.",
  example: "76975.10",
});

const time = z.iso.datetime().meta({ description: "ISO 8601, UTC" });

/** What the market is: the rows of the page are grouped by it. */
export const QuoteClass = z.enum(["crypto", "metals", "oil", "indices"]);

/** One price of one symbol. Percentages are in percent: -0.95 is -0.95 %. */
export const Quote = z.object({
  symbol: z.string().meta({ example: "BTC-USD" }),
  name: z.string().meta({ example: "Bitcoin" }),
  class: QuoteClass,
  price: Decimal,
  change: z.union([Decimal, z.null()]),
  change_pct: z.number().nullable(),
  basis: z.enum(["prev_close", "rolling_24h", "utc_day", "none"]).meta({
    description: "What `change` is measured against.",
  }),
  currency: z.string().meta({ example: "USD" }),
  unit: z.string().meta({ example: "coin" }),
  decimals: z.int().min(0).meta({ description: "Decimals to show." }),
  session: z.enum(["open", "closed", "pre", "post", "halted", "always"]),
  as_of: time.nullable().meta({ description: "The market's time, null where it does not say." }),
  received_at: time.meta({ description: "When we received it." }),
  is_delayed: z.boolean(),
  delay_s: z.number().nullable(),
  is_stale: z.boolean().meta({
    description: "Nothing fresh came for twice the poll interval, in an open market.",
  }),
  source: z.string().meta({ example: "coinbase" }),
  attribution: z.string().meta({ example: "Coinbase" }),
  simulated: z.boolean(),
}).meta({ id: "Quote" });

/** One price of one symbol. */
export type Quote = Readonly<z.infer<typeof Quote>>;

/** How a provider is doing, in words a user can be shown. */
export const Status = z.object({
  provider: z.string().meta({ example: "coinbase" }),
  symbols: z.array(z.string()),
  state: z.enum(["live", "delayed", "stale", "down", "closed"]),
  since: time.meta({ description: "When it came into this state." }),
  reason: z.string().nullable(),
  breaker: z.enum(["closed", "open", "half-open"]),
  next_try_at: time.nullable(),
}).meta({ id: "Status" });

/** How a provider is doing. */
export type Status = Readonly<z.infer<typeof Status>>;

/** All that is known now: what `quotes` opens with. */
export const Snapshot = z.object({
  quotes: z.array(Quote),
  status: z.array(Status),
}).meta({ id: "QuotesSnapshot" });

/** All that is known now. */
export type Snapshot = Readonly<z.infer<typeof Snapshot>>;
