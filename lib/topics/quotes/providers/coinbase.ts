/**
 * Coinbase Exchange: no key, decimal strings, 10 requests per second and address.
 * https://docs.cdp.coinbase.com/exchange/reference
 *
 * @module
 */
import { z } from "zod";
import {
  changeSince,
  EXCHANGE_PACE,
  getFresh,
  Price,
  type Provider,
  ROUND_THE_CLOCK,
  tickerOf,
  type Tickers,
} from "./provider.ts";

const COINBASE_PRODUCTS_URL = "https://api.exchange.coinbase.com/products";

const CoinbaseTicker = z.object({ price: Price, time: z.iso.datetime() });

/** `open` is the price 24 hours ago. */
const CoinbaseStats = z.object({ open: Price });

/** Creates Coinbase, the first choice for crypto. It takes two requests per symbol. @param tickers Products. */
export function createCoinbase(tickers: Tickers): Provider {
  return {
    name: "coinbase",
    title: "Coinbase",
    attribution: "Coinbase",
    symbols: Object.keys(tickers),
    ...EXCHANGE_PACE,
    async read(upstream, symbol) {
      const product = tickerOf(tickers, symbol);
      const [ticker, stats] = await Promise.all([
        getFresh(
          upstream,
          `${COINBASE_PRODUCTS_URL}/${product}/ticker`,
          (json) => CoinbaseTicker.parse(JSON.parse(json)),
        ),
        getFresh(
          upstream,
          `${COINBASE_PRODUCTS_URL}/${product}/stats`,
          (json) => CoinbaseStats.parse(JSON.parse(json)),
        ),
      ]);
      const { price, time } = ticker.value;
      return {
        symbol,
        price,
        ...changeSince(stats.value.open, price),
        basis: "rolling_24h",
        as_of: time,
        ...ticker.receipt,
        ...ROUND_THE_CLOCK,
      };
    },
  };
}
