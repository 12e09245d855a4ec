/**
 * gold-api.com: spot prices of metals, no key, bare JSON numbers, no previous close. Its own cache holds 30 s.
 * https://gold-api.com/docs
 *
 * @module
 */
import { z } from "zod";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import { parseKeepingDigits } from "./decimal.ts";
import { getFresh, isoTime, Price, type Provider } from "./provider.ts";

const PRICES = "https://api.gold-api.com/price";

const METALS: Readonly<Record<string, string>> = { "XAU-USD": "XAU", "XAG-USD": "XAG" };

/** Numbers are strings here: see `parseKeepingDigits`. */
const Metal = z.object({
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
    const { value, receivedAt } = await getFresh(
      upstream,
      `${PRICES}/${metal}`,
      (text) => Metal.parse(parseKeepingDigits(text)),
    );
    if (value.symbol !== metal) {
      throw new UpstreamFailure("shape", `gold-api.com gave no price of ${symbol}`);
    }
    return {
      symbol,
      price: value.price,
      change: null,
      change_pct: null,
      basis: "none",
      session: null,
      as_of: isoTime(Date.parse(value.updatedAt)),
      received_at: isoTime(receivedAt),
      is_delayed: false,
      delay_s: null,
    };
  },
};
