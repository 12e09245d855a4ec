/**
 * CoinGecko's demo plan: bare JSON numbers, seconds, and a monthly quota.
 * https://docs.coingecko.com/reference/simple-price
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { parseKeepingDigits, percentOf, plain } from "./decimal.ts";
import {
  errorAnswer,
  getFresh,
  noPrice,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
} from "./provider.ts";

/** 10,000 calls a month are one every 268 s. */
const COINGECKO_INTERVAL_MS = 270_000;

const IDS: Readonly<Record<string, string>> = { "BTC-USD": "bitcoin", "ETH-USD": "ethereum" };

const PRICE_URL = "https://api.coingecko.com/api/v3/simple/price" +
  `?ids=${Object.values(IDS).join(",")}&vs_currencies=usd` +
  "&include_24hr_change=true&include_last_updated_at=true&precision=full";

/** Numbers are strings: see `parseKeepingDigits`. */
const Coin = z.object({
  usd: Price,
  usd_24h_change: z.string().nullish()
    .transform((percent) => percent ? plain(percent) : null)
    .transform((percent) => percent === null ? null : percentOf(percent, "100")),
  last_updated_at: z.string().regex(/^\d{1,11}$/).transform((text) => isoTime(+text * 1000)),
});

/** CoinGecko omits ids that it does not know. */
const Coins = z.record(z.string(), Coin);

const Reason = z.object({ status: z.object({ error_code: z.string() }) });

/** An error body, in one of three shapes. It may come with HTTP 200. */
const CoinGeckoError = z.union([
  Reason,
  z.object({ error: Reason }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(() => ({ status: { error_code: "200" } })),
]);

function parseCoins(text: string): z.infer<typeof Coins> {
  const body = parseKeepingDigits(text);
  const error = CoinGeckoError.safeParse(body);
  if (!error.success) return Coins.parse(body);
  throw errorAnswer("CoinGecko", error.data.status.error_code === "429" ? 429 : 200);
}

/**
 * Creates CoinGecko, a keyed alternate for crypto: one request for all symbols.
 *
 * @param key A key of the demo plan.
 */
export function createCoinGecko(key: string): Provider {
  return {
    name: "coingecko",
    title: "CoinGecko",
    attribution: "Data provided by CoinGecko",
    symbols: Object.keys(IDS),
    intervalMs: COINGECKO_INTERVAL_MS,
    // The preferred providers may be polled far more often than this quota allows: the cache answers in between.
    ttlMs: COINGECKO_INTERVAL_MS,
    headers: { "x-cg-demo-api-key": key },
    async read(upstream, symbol) {
      const { value, receipt } = await getFresh(upstream, PRICE_URL, parseCoins);
      const coin = value[IDS[symbol] ?? ""];
      if (coin === undefined) throw noPrice("CoinGecko", symbol);
      return {
        symbol,
        price: coin.usd,
        change: null, // it sends the percentage alone
        change_pct: coin.usd_24h_change,
        basis: coin.usd_24h_change === null ? "none" : "rolling_24h",
        as_of: coin.last_updated_at,
        ...receipt,
        ...ROUND_THE_CLOCK,
      };
    },
  };
}
