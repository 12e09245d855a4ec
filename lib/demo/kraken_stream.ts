/**
 * The WebSocket of Kraken, version 2, simulated: the channels `status`, `ticker` and `heartbeat`.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../core/time.ts";
import type { SimulatedStream } from "./simulated_stream.ts";

const KrakenSubscription = z.object({ params: z.object({ symbol: z.array(z.string()) }) });

/** `b` and `a` are the best bid and ask, `c` is the last trade, and `o` the price at midnight UTC. */
const PolledPair = z.object({
  a: z.tuple([z.string()], z.unknown()),
  b: z.tuple([z.string()], z.unknown()),
  c: z.tuple([z.string()], z.unknown()),
  o: z.string(),
});

const PolledPairs = z.object({ result: z.record(z.string(), PolledPair) });

/** The currencies whose names differ in the polled interface. */
const POLLED_NAMES: Readonly<Record<string, string>> = { BTC: "XBT", DOGE: "XDG" };

/** Simulates the stream of Kraken. Its numbers are bare. */
export const simulatedKrakenStream: SimulatedStream = {
  host: "ws.kraken.com",
  greet: () => [{
    channel: "status",
    type: "update",
    data: [{ version: "2.0.10", system: "online", api_version: "v2" }],
  }],
  answer(message) {
    const { symbol } = KrakenSubscription.parse(JSON.parse(message)).params;
    const messages = symbol.map((pair) => ({
      method: "subscribe",
      result: { channel: "ticker", event_trigger: "trades", snapshot: true, symbol: pair },
      success: true,
    }));
    return { messages, subscribed: symbol };
  },
  heartbeat: () => [{ channel: "heartbeat" }],
  tick({ ticker, at, read }) {
    const [base = "", quote = ""] = ticker.split("/");
    const pair = (POLLED_NAMES[base] ?? base) + quote;
    const url = `https://api.kraken.com/0/public/Ticker?pair=${pair}`;
    const [polled] = Object.values(PolledPairs.safeParse(read(url)).data?.result ?? {});
    if (polled === undefined) return null;
    const last = Number(polled.c[0]);
    return {
      channel: "ticker",
      type: "update",
      data: [{
        symbol: ticker,
        bid: Number(polled.b[0]),
        ask: Number(polled.a[0]),
        last,
        change: Number((last - Number(polled.o)).toFixed(5)),
        timestamp: isoTime(at),
      }],
    };
  },
};
