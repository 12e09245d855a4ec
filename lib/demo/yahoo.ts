/**
 * Yahoo's chart, simulated: `/v8/finance/chart/{symbol}?range=…&interval=…`.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import {
  type Calendar,
  createCalendar,
  type DemoPace,
  FUTURES_HOURS,
  type Period,
  STOCK_HOURS,
  type TradingHours,
} from "./calendar.ts";
import { type SimulatedBar, simulatedBar } from "./bars.ts";
import { type DemoInstrument, type Listing, listingsOf } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

/** A kind of instruments at Yahoo. */
interface YahooKind {
  readonly hours: TradingHours;
  /** The delay of prices, in market time. */
  readonly delayMs: number;
  /** The fields of their metadata that do not change. */
  readonly meta: Readonly<Record<string, unknown>>;
}

const YAHOO_FUTURES: YahooKind = {
  hours: FUTURES_HOURS,
  delayMs: 600_000,
  meta: {
    exchangeName: "NYM",
    fullExchangeName: "NY Mercantile",
    instrumentType: "FUTURE",
    hasPrePostMarketData: false,
  },
};
const YAHOO_INDICES: YahooKind = {
  hours: STOCK_HOURS,
  delayMs: 900_000,
  meta: {
    exchangeName: "SNP",
    fullExchangeName: "SNP",
    instrumentType: "INDEX",
    hasPrePostMarketData: true,
  },
};
const YAHOO_SHARES: YahooKind = {
  hours: STOCK_HOURS,
  delayMs: 900_000,
  meta: {
    exchangeName: "NMS",
    fullExchangeName: "NasdaqGS",
    instrumentType: "EQUITY",
    hasPrePostMarketData: true,
  },
};
const YAHOO_CURRENCIES: YahooKind = {
  hours: FUTURES_HOURS,
  delayMs: 0,
  meta: {
    exchangeName: "CCY",
    fullExchangeName: "CCY",
    instrumentType: "CURRENCY",
    hasPrePostMarketData: false,
  },
};

const YAHOO_KINDS = [YAHOO_FUTURES, YAHOO_INDICES, YAHOO_SHARES, YAHOO_CURRENCIES];

/** Returns the kind of a ticker: `=F` marks a future, `=X` a pair of currencies, and `^` an index. */
function kindOf(ticker: string, { class: className }: DemoInstrument): YahooKind {
  if (ticker.endsWith("=F")) return YAHOO_FUTURES;
  if (ticker.endsWith("=X")) return YAHOO_CURRENCIES;
  return className === "equities" ? YAHOO_SHARES : YAHOO_INDICES;
}

const NEW_YORK_ZONE = { timezone: "EDT", gmtoffset: -14_400 };

/** The lengths of bars in market time, by the name that a request uses. */
const YAHOO_INTERVALS_MS: Readonly<Record<string, number>> = {
  "1m": MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "1h": HOUR_MS,
  "1d": DAY_MS,
};

/** The sessions that a range covers. */
const YAHOO_RANGES: Readonly<Record<string, number>> = { "1d": 1, "5d": 5, "1mo": 22, "1y": 252 };

/** The distance of two bars without a trade. They are `null`, as in the real arrays. */
const HOLE_EVERY = 17;

/** Bars are at least a second apart, since their times are whole seconds. */
const MIN_BAR_MS = 1000;

const epochSeconds = (ms: number) => Math.floor(ms / 1000);

function periodBody({ start, end }: Period) {
  return { ...NEW_YORK_ZONE, start: epochSeconds(start), end: epochSeconds(end) };
}

/** The inputs of a chart. Times are wall times in ms. */
interface ChartInput {
  readonly ticker: string;
  readonly listing: Listing;
  readonly kind: YahooKind;
  readonly calendar: Calendar;
  readonly speed: number;
  readonly now: number;
  /** The time of the latest price that the delay allows. */
  readonly delayedNow: number;
  readonly range: string;
  readonly interval: string;
}

function chartMeta(input: ChartInput) {
  const { ticker, listing, kind, calendar, now, delayedNow, range, interval } = input;
  const { instrument: { currency, name, decimals }, priceAt } = listing;
  const { pre, regular, post } = calendar.dayAt(now);
  const tradedAt = calendar.lastTradeAt(delayedNow);
  const previousClose = Number(priceAt(calendar.previousSessionAt(delayedNow).regular.end));
  const [first] = sessionsIn(input);
  const closeBefore = calendar.previousSessionAt(first?.start ?? delayedNow).regular.end;
  return {
    currency,
    symbol: ticker,
    shortName: name,
    ...kind.meta,
    firstTradeDate: 345_479_400,
    regularMarketTime: epochSeconds(tradedAt),
    ...NEW_YORK_ZONE,
    exchangeTimezoneName: "America/New_York",
    regularMarketPrice: Number(priceAt(tradedAt)),
    chartPreviousClose: Number(priceAt(closeBefore)),
    ...(range === "1d" ? { previousClose } : {}),
    scale: 3,
    priceHint: decimals,
    currentTradingPeriod: {
      pre: periodBody(pre),
      regular: periodBody(regular),
      post: periodBody(post),
    },
    tradingPeriods: [[periodBody(calendar.sessionAt(delayedNow).regular)]],
    dataGranularity: interval,
    range,
  };
}

/** Returns the sessions of the range, latest last. */
function sessionsIn({ calendar, delayedNow, range }: ChartInput): Period[] {
  const sessions = [calendar.sessionAt(delayedNow).regular];
  while (sessions.length < (lookUp(YAHOO_RANGES, range) ?? 1)) {
    sessions.unshift(calendar.sessionAt((sessions.at(0)?.start ?? 0) - 1).regular);
  }
  return sessions;
}

/** Returns the bars of the range so far. */
function chartBars(input: ChartInput) {
  const { listing: { priceAt }, calendar, speed, delayedNow, interval } = input;
  const lastTradeAt = calendar.lastTradeAt(delayedNow);
  const barMs = Math.max((lookUp(YAHOO_INTERVALS_MS, interval) ?? MINUTE_MS) / speed, MIN_BAR_MS);
  const bars = sessionsIn(input).flatMap(({ start, end }) => {
    const until = Math.min(end, lastTradeAt);
    return Array.from({ length: Math.floor((until - start) / barMs) + 1 }, (_, index) => {
      const startAt = start + index * barMs;
      return simulatedBar(priceAt, startAt, Math.min(startAt + barMs, until));
    });
  });
  const column = (priceOf: (bar: SimulatedBar) => string) =>
    bars.map((bar, index) => index % HOLE_EVERY === HOLE_EVERY - 1 ? null : Number(priceOf(bar)));
  return {
    timestamp: bars.map(({ startAt }) => epochSeconds(startAt)),
    indicators: {
      quote: [{
        open: column(({ open }) => open),
        high: column(({ high }) => high),
        low: column(({ low }) => low),
        close: column(({ close }) => close),
        volume: column(() => "0"),
      }],
    },
  };
}

/**
 * Creates a simulation of Yahoo: bare numbers, times in seconds, trading hours in each response, and delayed prices that
 * stand still while the market is closed.
 */
export function createSimulatedYahoo(
  instruments: readonly DemoInstrument[],
  pace: DemoPace,
): SimulatedUpstream {
  const calendars = new Map(YAHOO_KINDS.map((kind) => [kind, createCalendar(kind.hours, pace)]));
  const listings = listingsOf(instruments, "yahoo", 0, pace);

  /** Returns the inputs of a ticker's chart at a wall time in ms: undefined for an unknown ticker. */
  function inputOf(
    ticker: string | undefined,
    searchParams: URLSearchParams,
    now: number,
  ): ChartInput | undefined {
    const listing = lookUp(listings, ticker);
    if (ticker === undefined || listing === undefined) return undefined;
    const kind = kindOf(ticker, listing.instrument);
    const calendar = calendars.get(kind);
    return calendar && {
      ticker,
      listing,
      kind,
      calendar,
      speed: pace.speed,
      now,
      delayedNow: now - kind.delayMs / pace.speed,
      range: searchParams.get("range") ?? "1d",
      interval: searchParams.get("interval") ?? "1m",
    };
  }

  return {
    host: "query1.finance.yahoo.com",
    latencyMs: { min: 10, max: 40 },
    prices: {
      provider: "yahoo",
      pathOf: (ticker) => `/v8/finance/chart/${ticker}`,
      priceAt(ticker, ms) {
        const input = inputOf(ticker, new URLSearchParams(), ms);
        return input?.listing.priceAt(input.calendar.lastTradeAt(input.delayedNow));
      },
    },
    respond({ pathname, searchParams }, now) {
      const [, path] = /^\/v8\/finance\/chart\/([^/]+)$/.exec(pathname) ?? [];
      const ticker = path === undefined ? undefined : decodeURIComponent(path);
      const input = inputOf(ticker, searchParams, now);
      if (input === undefined) {
        const error = { code: "Not Found", description: "No data found, symbol may be delisted" };
        return { status: 404, body: { chart: { result: null, error } } };
      }
      const result = { meta: chartMeta(input), ...chartBars(input) };
      return { status: 200, body: { chart: { result: [result], error: null } } };
    },
  };
}
