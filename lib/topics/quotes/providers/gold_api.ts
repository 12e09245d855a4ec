/**
 * gold-api.com: spot prices of metals, no key, bare JSON numbers, no previous close. The site caches its prices for 30 s.
 * https://gold-api.com/docs
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  getFresh,
  lookUpSymbol,
  missingPrice,
  NO_CHANGE,
  Price,
  type Provider,
} from "./provider.ts";

const GOLD_API_URL = "https://api.gold-api.com/price";

const GOLD_API_METALS: Readonly<Record<string, string>> = { "XAU-USD": "XAU", "XAG-USD": "XAG" };

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const GoldApiPrice = z.object({
  symbol: z.string(),
  currency: z.literal("USD"),
  price: Price,
  updatedAt: z.iso.datetime(),
});

/** gold-api.com, the first choice for metals. It takes one request per symbol. */
export const goldApi: Provider = {
  name: "gold-api",
  title: "gold-api.com",
  attribution: "gold-api.com",
  symbols: Object.keys(GOLD_API_METALS),
  intervalMs: 30_000,
  closedIntervalMs: 5 * 60_000,
  ttlMs: 24_000,
  isMeasuredByDay: true,
  async read(upstream, symbol) {
    const metal = lookUpSymbol(GOLD_API_METALS, symbol);
    const { value: spot, receipt } = await getFresh(
      upstream,
      `${GOLD_API_URL}/${metal}`,
      (json) => GoldApiPrice.parse(parseKeepingDigits(json)),
    );
    if (spot.symbol !== metal) throw missingPrice("gold-api.com", symbol);
    return {
      symbol,
      price: spot.price,
      ...NO_CHANGE,
      session: null,
      as_of: isoTime(Date.parse(spot.updatedAt)),
      ...receipt,
      is_delayed: false,
      delay_s: null,
    };
  },
};
