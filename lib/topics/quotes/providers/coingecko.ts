/**
 * CoinGecko's demo plan: bare JSON numbers, seconds, and a monthly quota.
 * https://docs.coingecko.com/reference/simple-price
 *
 * @module
 */
import { z } from "zod";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import { parseKeepingDigits, percentOf, plain } from "./decimal.ts";
import { getFresh, isoTime, Price, type Provider, ROUND_THE_CLOCK } from "./provider.ts";

/** 10,000 calls a month are one every 268 s. */
const INTERVAL_MS = 270_000;

const IDS: Readonly<Record<string, string>> = { "BTC-USD": "bitcoin", "ETH-USD": "ethereum" };

const PRICE_URL = "https://api.coingecko.com/api/v3/simple/price" +
  `?ids=${Object.values(IDS).join(",")}&vs_currencies=usd` +
  "&include_24hr_change=true&include_last_updated_at=true&precision=full";

/** Numbers are strings here: see `parseKeepingDigits`. */
const Coin = z.object({
  usd: Price,
  usd_24h_change: z.string().nullish()
    .transform((percent) => percent ? plain(percent) : null)
    .transform((percent) => percent === null ? null : percentOf(percent, "100")),
  last_updated_at: z.string().regex(/^\d{1,11}$/).transform((text) => isoTime(+text * 1000)),
});

/** An id that CoinGecko does not know is missing without a word. */
const Coins = z.record(z.string(), Coin);

const Reason = z.object({ status: z.object({ error_code: z.string() }) });

/** Refusals come with HTTP 200 too, in three shapes. */
const Refusal = z.union([
  Reason,
  z.object({ error: Reason }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(() => ({ status: { error_code: "200" } })),
]);

function parse(text: string): z.infer<typeof Coins> {
  const body = parseKeepingDigits(text);
  const refusal = Refusal.safeParse(body);
  if (!refusal.success) return Coins.parse(body);
  const isRate = refusal.data.status.error_code === "429";
  throw new UpstreamFailure(
    "http",
    isRate ? "CoinGecko refused: too many requests" : "CoinGecko answered with an error",
    { status: isRate ? 429 : 200 },
  );
}

/**
 * CoinGecko, which steps in for crypto where an operator has a key: one request for all symbols.
 *
 * @param key A key of the demo plan.
 */
export function createCoinGecko(key: string): Provider {
  return {
    name: "coingecko",
    title: "CoinGecko",
    attribution: "Data provided by CoinGecko",
    symbols: Object.keys(IDS),
    intervalMs: INTERVAL_MS,
    // As long as the interval: while it stands in for others, they are tried far more often than it may be asked.
    ttlMs: INTERVAL_MS,
    headers: { "x-cg-demo-api-key": key },
    async read(upstream, symbol) {
      const { value, receivedAt } = await getFresh(upstream, PRICE_URL, parse);
      const coin = value[IDS[symbol] ?? ""];
      if (coin === undefined) {
        throw new UpstreamFailure("shape", `CoinGecko gave no price of ${symbol}`);
      }
      return {
        symbol,
        price: coin.usd,
        change: null, // it tells the percentage alone
        change_pct: coin.usd_24h_change,
        basis: coin.usd_24h_change === null ? "none" : "rolling_24h",
        as_of: coin.last_updated_at,
        received_at: isoTime(receivedAt),
        ...ROUND_THE_CLOCK,
      };
    },
  };
}
