/**
 * Twelve Data's free plan: decimal strings, 8 credits a minute and 800 a day, one a symbol.
 * https://twelvedata.com/docs#quote
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { changeSince, errorAnswer, getFresh, noPrice, Price, type Provider } from "./provider.ts";

/** 800 credits a day, two a call: 400 calls, one every 216 s. */
const TWELVE_DATA_INTERVAL_MS = 220_000;

const TWELVE_DATA_PAIRS: Readonly<Record<string, string>> = {
  "XAU-USD": "XAU/USD",
  "XAG-USD": "XAG/USD",
};

const QUOTE_URL = `https://api.twelvedata.com/quote?symbol=${
  Object.values(TWELVE_DATA_PAIRS).join(",")
}`;

/** `last_quote_at` is in seconds: `timestamp` is the beginning of the day's candle. */
const TwelveDataPrice = z.object({
  close: Price,
  previous_close: Price,
  is_market_open: z.boolean(),
  last_quote_at: z.int().min(1).transform((seconds) => isoTime(seconds * 1000)),
});

/** An error body, for all symbols or in place of one. It may come with HTTP 200. */
const TwelveDataError = z.object({ status: z.literal("error"), code: z.int() });

const Metals = z.record(z.string(), z.union([TwelveDataError, TwelveDataPrice]));

function parseMetals(text: string): z.infer<typeof Metals> {
  const body: unknown = JSON.parse(text);
  const error = TwelveDataError.safeParse(body);
  if (error.success) throw errorAnswer("Twelve Data", error.data.code);
  return Metals.parse(body);
}

/**
 * Creates Twelve Data, a keyed alternate for metals: one request for all symbols.
 *
 * @param key A key of any plan.
 */
export function createTwelveData(key: string): Provider {
  return {
    name: "twelve-data",
    title: "Twelve Data",
    attribution: "Twelve Data",
    symbols: Object.keys(TWELVE_DATA_PAIRS),
    intervalMs: TWELVE_DATA_INTERVAL_MS,
    // The preferred provider may be polled far more often than this quota allows: the cache answers in between.
    ttlMs: TWELVE_DATA_INTERVAL_MS,
    headers: { authorization: `apikey ${key}` },
    async read(upstream, symbol) {
      const { value, receipt } = await getFresh(upstream, QUOTE_URL, parseMetals);
      const metal = value[TWELVE_DATA_PAIRS[symbol] ?? ""];
      if (metal === undefined) throw noPrice("Twelve Data", symbol);
      if ("status" in metal) throw errorAnswer("Twelve Data", metal.code);
      return {
        symbol,
        price: metal.close,
        ...changeSince(metal.previous_close, metal.close),
        basis: "prev_close",
        session: metal.is_market_open ? "open" : "closed",
        as_of: metal.last_quote_at,
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
  };
}
