/**
 * Twelve Data's free plan: decimal strings, 8 credits a minute and 800 a day, one a symbol.
 * https://twelvedata.com/docs#quote
 *
 * @module
 */
import { z } from "zod";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import { changeSince, getFresh, isoTime, Price, type Provider } from "./provider.ts";

/** 800 credits a day, two a call: 400 calls, one every 216 s. */
const INTERVAL_MS = 220_000;

const PAIRS: Readonly<Record<string, string>> = { "XAU-USD": "XAU/USD", "XAG-USD": "XAG/USD" };

const QUOTE_URL = `https://api.twelvedata.com/quote?symbol=${Object.values(PAIRS).join(",")}`;

/** `last_quote_at` is in seconds: `timestamp` is the beginning of the day's candle. */
const Metal = z.object({
  close: Price,
  previous_close: Price,
  is_market_open: z.boolean(),
  last_quote_at: z.int().min(1).transform((seconds) => isoTime(seconds * 1000)),
});

/** Comes with HTTP 200 too, for all or in the place of one symbol. */
const Refusal = z.object({ status: z.literal("error"), code: z.int() });

const Metals = z.record(z.string(), z.union([Refusal, Metal]));

function refused(code: number): UpstreamFailure {
  const words = code === 429 ? "refused: too many requests" : "answered with an error";
  return new UpstreamFailure("http", `Twelve Data ${words}`, { status: code });
}

function parse(text: string): z.infer<typeof Metals> {
  const body: unknown = JSON.parse(text);
  const refusal = Refusal.safeParse(body);
  if (refusal.success) throw refused(refusal.data.code);
  return Metals.parse(body);
}

/**
 * Twelve Data, which steps in for metals where an operator has a key: one request for all symbols.
 *
 * @param key A key of any plan.
 */
export function createTwelveData(key: string): Provider {
  return {
    name: "twelve-data",
    title: "Twelve Data",
    attribution: "Twelve Data",
    symbols: Object.keys(PAIRS),
    intervalMs: INTERVAL_MS,
    // As long as the interval: while it stands in for others, they are tried far more often than it may be asked.
    ttlMs: INTERVAL_MS,
    headers: { authorization: `apikey ${key}` },
    async read(upstream, symbol) {
      const { value, receivedAt } = await getFresh(upstream, QUOTE_URL, parse);
      const metal = value[PAIRS[symbol] ?? ""];
      if (metal === undefined) {
        throw new UpstreamFailure("shape", `Twelve Data gave no price of ${symbol}`);
      }
      if ("status" in metal) throw refused(metal.code);
      return {
        symbol,
        price: metal.close,
        ...changeSince(metal.previous_close, metal.close),
        basis: "prev_close",
        session: metal.is_market_open ? "open" : "closed",
        as_of: metal.last_quote_at,
        received_at: isoTime(receivedAt),
        is_delayed: false,
        delay_s: null,
      };
    },
  };
}
