/**
 * Alpaca's free plan: US shares and funds in real time as they trade on IEX, one of the smaller exchanges, 200 calls a
 * minute, many symbols a call.
 * https://docs.alpaca.markets/reference/stocksnapshots-1
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, isoTime, MINUTE_MS } from "../../../core/time.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  baselineFields,
  batchOf,
  getFresh,
  missingPrice,
  NO_FIGURES,
  NumberOrNull,
  parseMembers,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
  toQuery,
} from "./provider.ts";

const ALPACA_SNAPSHOTS_URL = "https://data.alpaca.markets/v2/stocks/snapshots";

/** The most symbols of a request, so that its URL is short. */
const MAX_ALPACA_SYMBOLS = 50;

/** The time of a trade or of the beginning of a bar: wall time in ms. Alpaca sends nanoseconds. */
const AlpacaTime = z.iso.datetime({ offset: true }).transform((time) => Date.parse(time));

/** A bar of a day, which begins at midnight in New York. */
const AlpacaDay = z.object({
  t: AlpacaTime,
  o: NumberOrNull,
  h: NumberOrNull,
  l: NumberOrNull,
  c: NumberOrNull,
  v: NumberOrNull,
}).nullable().catch(null);

/** Numbers are strings, since {@linkcode parseKeepingDigits} parses them. */
const AlpacaSnapshot = z.object({
  latestTrade: z.object({ p: PlainNumber, t: AlpacaTime }),
  latestQuote: z.object({ bp: NumberOrNull, ap: NumberOrNull }).nullable().catch(null),
  dailyBar: AlpacaDay,
  prevDailyBar: AlpacaDay,
});

/** Returns the day of the last trade and the close before it. Before the first trade of a day, the bar is yesterday's. */
function dayOf({ latestTrade, dailyBar, prevDailyBar }: z.infer<typeof AlpacaSnapshot>) {
  const isToday = dailyBar !== null && latestTrade.t - dailyBar.t < DAY_MS;
  const previous = isToday ? prevDailyBar : dailyBar;
  return { day: isToday ? dailyBar : null, previousClose: previous?.c ?? null };
}

/** A key and its secret. */
export interface AlpacaKey {
  readonly id: string;
  readonly secret: string;
}

/** Creates Alpaca, an alternate for US shares with its key. It takes one request for all symbols. */
export function createAlpaca(tickers: Tickers, { id, secret }: AlpacaKey): Provider {
  return {
    name: "alpaca",
    title: "Alpaca",
    attribution: "Alpaca, trades on IEX",
    symbols: Object.keys(tickers),
    intervalMs: 30_000,
    closedIntervalMs: 5 * MINUTE_MS,
    ttlMs: 24_000,
    limits: [{ calls: 200, perMs: MINUTE_MS }],
    costPerPoll: Math.ceil(Object.keys(tickers).length / MAX_ALPACA_SYMBOLS),
    headers: { "apca-api-key-id": id, "apca-api-secret-key": secret },
    async read(upstream, symbol) {
      const ticker = tickerOf(tickers, symbol);
      const batch = batchOf(tickers, symbol, MAX_ALPACA_SYMBOLS);
      const { value: snapshots, receipt } = await getFresh(
        upstream,
        `${ALPACA_SNAPSHOTS_URL}?symbols=${toQuery(batch)}&feed=iex`,
        (json) => parseMembers(parseKeepingDigits(json), AlpacaSnapshot),
      );
      const snapshot = snapshots.get(ticker);
      if (snapshot === undefined) throw missingPrice("Alpaca", symbol);
      const { day, previousClose } = dayOf(snapshot);
      return {
        symbol,
        price: snapshot.latestTrade.p,
        currency: "USD",
        ...baselineFields(previousClose, "prev_close"),
        ...NO_FIGURES,
        ...(day === null ? {} : { open: day.o, high: day.h, low: day.l, volume: day.v }),
        bid: snapshot.latestQuote?.bp ?? null,
        ask: snapshot.latestQuote?.ap ?? null,
        session: null,
        as_of: isoTime(snapshot.latestTrade.t),
        ...receipt,
        is_delayed: false,
        delay_s: null,
      };
    },
  };
}
