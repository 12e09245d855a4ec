/**
 * gold-api.com: spot prices of metals, no key, bare JSON numbers, no previous close. The site caches its prices for 30 s.
 * https://gold-api.com/docs
 *
 * @module
 */
import { z } from "zod";
import { parseKeepingDigits } from "./decimal.ts";
import {
  CurrencyOrNull,
  getFresh,
  missingPrice,
  NO_BASELINE,
  NO_FIGURES,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const GOLD_API_URL = "https://api.gold-api.com/price";

/**
 * Numbers are strings, since {@linkcode parseKeepingDigits} parses them. `updatedAt` is the time of the site's refresh, also
 * while the market is closed, so it is not the market's time.
 */
const GoldApiPrice = z.object({
  symbol: z.string().nullable().catch(null),
  currency: CurrencyOrNull,
  price: PlainNumber,
});

/** Creates gold-api.com, the first choice for metals. It takes one request per symbol. @param tickers Codes of metals. */
export function createGoldApi(tickers: Tickers): Provider {
  return {
    name: "gold-api",
    title: "gold-api.com",
    attribution: "gold-api.com",
    symbols: Object.keys(tickers),
    intervalMs: 30_000,
    closedIntervalMs: 5 * 60_000,
    ttlMs: 24_000,
    async read(upstream, symbol) {
      const metal = tickerOf(tickers, symbol);
      const { value: spot, receipt } = await getFresh(
        upstream,
        `${GOLD_API_URL}/${encodeURIComponent(metal)}`,
        (json) => GoldApiPrice.parse(parseKeepingDigits(json)),
      );
      if (spot.symbol !== null && spot.symbol !== metal) throw missingPrice("gold-api.com", symbol);
      return {
        symbol,
        price: spot.price,
        currency: spot.currency,
        ...NO_BASELINE,
        ...NO_FIGURES,
        session: null,
        as_of: null,
        isRepeated: true,
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
  };
}
