/**
 * gold-api.com: spot prices of metals, no key, bare JSON numbers, no previous close. Its own cache holds 30 s.
 * https://gold-api.com/docs
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { parseKeepingDigits } from "./decimal.ts";
import { getFresh, NO_CHANGE, noPrice, Price, type Provider } from "./provider.ts";

const PRICES = "https://api.gold-api.com/price";

const METALS: Readonly<Record<string, string>> = { "XAU-USD": "XAU", "XAG-USD": "XAG" };

/** Numbers are strings: see `parseKeepingDigits`. */
const GoldApiPrice = z.object({
  symbol: z.string(),
  currency: z.literal("USD"),
  price: Price,
  updatedAt: z.iso.datetime(),
});

/** gold-api.com, the first choice for metals: one request a symbol. */
export const goldApi: Provider = {
  name: "gold-api",
  title: "gold-api.com",
  attribution: "gold-api.com",
  symbols: Object.keys(METALS),
  intervalMs: 30_000,
  closedIntervalMs: 5 * 60_000,
  ttlMs: 24_000,
  isMeasuredByDay: true,
  async read(upstream, symbol) {
    const metal = METALS[symbol] ?? "";
    const { value, receipt } = await getFresh(
      upstream,
      `${PRICES}/${metal}`,
      (text) => GoldApiPrice.parse(parseKeepingDigits(text)),
    );
    if (value.symbol !== metal) throw noPrice("gold-api.com", symbol);
    return {
      symbol,
      price: value.price,
      ...NO_CHANGE,
      session: null,
      as_of: isoTime(Date.parse(value.updatedAt)),
      ...receipt,
      is_delayed: false,
      delay_s: null,
    };
  },
};
