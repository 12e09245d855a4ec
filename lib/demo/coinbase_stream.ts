/**
 * The WebSocket of Coinbase Exchange, simulated: the channels `ticker` and `heartbeat`.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../core/time.ts";
import type { SimulatedStream } from "./simulated_stream.ts";

const COINBASE_PRODUCTS = "https://api.exchange.coinbase.com/products";

const CoinbaseSubscription = z.object({ product_ids: z.array(z.string()) });

const PolledTicker = z.object({ price: z.string(), bid: z.string(), ask: z.string() });

const PolledStats = z.object({
  open: z.string(),
  high: z.string(),
  low: z.string(),
  volume: z.string(),
});

/** Simulates the stream of Coinbase. */
export const simulatedCoinbaseStream: SimulatedStream = {
  host: "ws-feed.exchange.coinbase.com",
  greet: () => [],
  answer(message) {
    const { product_ids } = CoinbaseSubscription.parse(JSON.parse(message));
    const channels = ["ticker", "heartbeat"].map((name) => ({ name, product_ids }));
    return { messages: [{ type: "subscriptions", channels }], subscribed: product_ids };
  },
  heartbeat: (tickers) => tickers.map((product_id) => ({ type: "heartbeat", product_id })),
  tick({ ticker, at, sequence, read }) {
    const url = `${COINBASE_PRODUCTS}/${ticker}`;
    const polled = PolledTicker.safeParse(read(`${url}/ticker`));
    const stats = PolledStats.safeParse(read(`${url}/stats`));
    if (!polled.success || !stats.success) return null;
    const { price, bid, ask } = polled.data;
    const { open, high, low, volume } = stats.data;
    return {
      type: "ticker",
      sequence,
      product_id: ticker,
      price,
      open_24h: open,
      volume_24h: volume,
      low_24h: low,
      high_24h: high,
      best_bid: bid,
      best_ask: ask,
      time: isoTime(at),
    };
  },
};
