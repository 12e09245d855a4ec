/**
 * Coinbase Exchange: no key, decimal strings, 10 requests a second for one address.
 * https://docs.cdp.coinbase.com/exchange/reference
 *
 * @module
 */
import { z } from "zod";
import { changeSince, getFresh, Price, type Provider, ROUND_THE_CLOCK } from "./provider.ts";

const PRODUCTS = "https://api.exchange.coinbase.com/products";

const CoinbaseTicker = z.object({ price: Price, time: z.iso.datetime() });

/** `open` is the price 24 hours ago. */
const CoinbaseStats = z.object({ open: Price });

/** Coinbase, the first choice for crypto: two requests a symbol. */
export const coinbase: Provider = {
  name: "coinbase",
  title: "Coinbase",
  attribution: "Coinbase",
  symbols: ["BTC-USD", "ETH-USD"],
  intervalMs: 5000,
  ttlMs: 4000,
  // A poll that fails over to another provider still ends within two intervals.
  timeoutMs: 3000,
  async read(upstream, symbol) {
    const [ticker, stats] = await Promise.all([
      getFresh(
        upstream,
        `${PRODUCTS}/${symbol}/ticker`,
        (text) => CoinbaseTicker.parse(JSON.parse(text)),
      ),
      getFresh(
        upstream,
        `${PRODUCTS}/${symbol}/stats`,
        (text) => CoinbaseStats.parse(JSON.parse(text)),
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
