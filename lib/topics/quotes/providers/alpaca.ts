/**
 * Alpaca's free plan: US shares and funds in real time as they trade on IEX, one of the smaller exchanges, 200 calls a
 * minute, many symbols a call.
 * https://docs.alpaca.markets/reference/stocksnapshots-1
 *
 * @module
 */
import { z } from "zod";
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from "../../../core/time.ts";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import type { Bar } from "../history/bar.ts";
import { type HistoryRange, RANGES } from "../history/range.ts";
import { createAlpacaStream } from "./alpaca_stream.ts";
import { parseKeepingDigits } from "./decimal.ts";
import {
  baselineFields,
  batchOf,
  getFresh,
  missingPrice,
  NO_FIGURES,
  NumberOrNull,
  parseBars,
  parseMembers,
  PlainNumber,
  type Provider,
  tickerOf,
  type Tickers,
  toQuery,
} from "./provider.ts";

const ALPACA_STOCKS_URL = "https://data.alpaca.markets/v2/stocks";

const ALPACA_SNAPSHOTS_URL = `${ALPACA_STOCKS_URL}/snapshots`;

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

/** The bars that cover a range: the name of their length, and the length. */
const ALPACA_BARS: Readonly<
  Record<HistoryRange, { readonly timeframe: string; readonly intervalMs: number }>
> = {
  "1h": { timeframe: "1Min", intervalMs: MINUTE_MS },
  "1d": { timeframe: "5Min", intervalMs: 5 * MINUTE_MS },
  "5d": { timeframe: "15Min", intervalMs: 15 * MINUTE_MS },
  "1mo": { timeframe: "1Hour", intervalMs: HOUR_MS },
  "1y": { timeframe: "1Day", intervalMs: DAY_MS },
};

/** The days before a range that reach back over a long weekend. */
const MAX_CLOSED_MS = 4 * DAY_MS;

/** The most bars of a response: the latest ones, extended hours included. */
const MAX_ALPACA_BARS = 1000;

const AlpacaBar = z.object({
  t: AlpacaTime,
  o: PlainNumber,
  h: PlainNumber,
  l: PlainNumber,
  c: PlainNumber,
  v: NumberOrNull,
}).transform(({ t, o, h, l, c, v }): Bar => [t, o, h, l, c, v]);

const AlpacaBars = z.object({ bars: z.record(z.string(), z.array(z.unknown()).nullable()) });

/** The statuses with which Alpaca refuses a request because of one of its symbols, such as one that it cannot read. */
const REFUSED_SYMBOL_STATUSES: ReadonlySet<number | null> = new Set([400, 404, 422]);

/** Tests if Alpaca refused a request because of a symbol, now or before a pause. */
function isRefusedSymbol(thrown: unknown): boolean {
  return thrown instanceof UpstreamFailure &&
    REFUSED_SYMBOL_STATUSES.has((thrown.lastCallFailure ?? thrown).status);
}

/** Gets the snapshots of a batch: of the ticker alone while Alpaca refuses the batch. */
async function getSnapshots(
  upstream: Pick<Upstream, "get">,
  ticker: string,
  batch: readonly string[],
) {
  const get = (tickers: readonly string[]) =>
    getFresh(
      upstream,
      `${ALPACA_SNAPSHOTS_URL}?symbols=${toQuery(tickers)}&feed=iex`,
      (json) => parseMembers(parseKeepingDigits(json), AlpacaSnapshot),
    );
  try {
    return await get(batch);
  } catch (thrown) {
    if (batch.length === 1 || !isRefusedSymbol(thrown)) throw thrown;
    return await get([ticker]);
  }
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
    stream: createAlpacaStream(tickers, { id, secret }),
    headers: { "apca-api-key-id": id, "apca-api-secret-key": secret },
    async read(upstream, symbol) {
      const ticker = tickerOf(tickers, symbol);
      const batch = batchOf(tickers, symbol, MAX_ALPACA_SYMBOLS);
      const { value: snapshots, receipt } = await getSnapshots(upstream, ticker, batch);
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
    async readHistory(upstream, symbol, range, now) {
      const ticker = tickerOf(tickers, symbol);
      const { timeframe, intervalMs } = ALPACA_BARS[range];
      const start = isoTime(now - RANGES[range].durationMs - MAX_CLOSED_MS).slice(0, 10);
      const { value: bars } = await getFresh(
        upstream,
        `${ALPACA_STOCKS_URL}/bars?symbols=${ticker}&timeframe=${timeframe}&start=${start}` +
          `&sort=desc&limit=${MAX_ALPACA_BARS}&feed=iex`,
        (json) =>
          parseBars(AlpacaBars.parse(parseKeepingDigits(json)).bars[ticker] ?? [], AlpacaBar),
      );
      return { intervalMs, bars, prevClose: null };
    },
  };
}
