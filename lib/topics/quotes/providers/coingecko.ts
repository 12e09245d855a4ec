/**
 * CoinGecko's demo plan: bare JSON numbers, times in seconds, and a monthly quota.
 * https://docs.coingecko.com/reference/simple-price
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { beforePercent, parseKeepingDigits } from "./decimal.ts";
import {
  baselineFields,
  errorBody,
  getFresh,
  missingPrice,
  NO_FIGURES,
  NumberOrNull,
  parseMembers,
  PlainNumber,
  type Provider,
  ROUND_THE_CLOCK,
  tickerOf,
  type Tickers,
  toQuery,
  UnixSeconds,
} from "./provider.ts";

/** 10,000 calls per month are one call every 268 s. */
const COINGECKO_INTERVAL_MS = 270_000;

const COINGECKO_PRICE_URL = "https://api.coingecko.com/api/v3/simple/price?vs_currencies=usd" +
  "&include_24hr_change=true&include_last_updated_at=true&precision=full";

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const Coin = z.object({
  usd: PlainNumber,
  usd_24h_change: NumberOrNull,
  last_updated_at: UnixSeconds.transform(isoTime),
});

const CoinGeckoReason = z.object({ status: z.object({ error_code: z.string() }) });

/** An error body, in one of three shapes. It may come with HTTP 200. A bare text states no code, so 200 stands for it. */
const CoinGeckoError = z.union([
  CoinGeckoReason,
  z.object({ error: CoinGeckoReason }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(() => ({ status: { error_code: "200" } })),
]);

/**
 * Parses the coins of a response, by id. CoinGecko omits ids that it does not know.
 *
 * @throws {UpstreamFailure} If the body states an error.
 */
function parseCoins(json: string): ReadonlyMap<string, z.infer<typeof Coin>> {
  const body = parseKeepingDigits(json);
  const error = CoinGeckoError.safeParse(body);
  if (!error.success) return parseMembers(body, Coin);
  throw errorBody("CoinGecko", error.data.status.error_code === "429" ? 429 : 200);
}

/**
 * Creates CoinGecko, an alternate for crypto that needs a key. It takes one request for all symbols.
 *
 * @param tickers Ids.
 * @param key A key of the demo plan.
 */
export function createCoinGecko(tickers: Tickers, key: string): Provider {
  const url = `${COINGECKO_PRICE_URL}&ids=${toQuery(Object.values(tickers))}`;
  return {
    name: "coingecko",
    title: "CoinGecko",
    attribution: "Data provided by CoinGecko",
    symbols: Object.keys(tickers),
    intervalMs: COINGECKO_INTERVAL_MS,
    // The preferred providers may be polled far more often than this quota allows, so the cache responds in between.
    ttlMs: COINGECKO_INTERVAL_MS,
    limits: [{ calls: 30, perMs: 60_000 }],
    costPerPoll: 1,
    headers: { "x-cg-demo-api-key": key },
    async read(upstream, symbol) {
      const { value: coins, receipt } = await getFresh(upstream, url, parseCoins);
      const coin = coins.get(tickerOf(tickers, symbol));
      if (coin === undefined) throw missingPrice("CoinGecko", symbol);
      return {
        symbol,
        price: coin.usd,
        // CoinGecko sends the percentage only.
        ...baselineFields(
          coin.usd_24h_change === null ? null : beforePercent(coin.usd, coin.usd_24h_change),
          "rolling_24h",
        ),
        ...NO_FIGURES,
        currency: "USD",
        as_of: coin.last_updated_at,
        ...receipt,
        ...ROUND_THE_CLOCK,
      };
    },
  };
}
