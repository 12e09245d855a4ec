/**
 * Yahoo's chart, simulated: `/v8/finance/chart/{symbol}?range=1d&interval=5m`.
 *
 * @module
 */
import {
  type Calendar,
  createCalendar,
  type DemoPace,
  FUTURES_HOURS,
  type Period,
  STOCK_HOURS,
} from "./calendar.ts";
import { marketOf } from "./market.ts";
import type { PriceAt, SimulatedUpstream } from "./simulated.ts";

/** The constant properties of a symbol at Yahoo. */
interface YahooListing {
  readonly symbol: string;
  readonly names: Readonly<Record<string, unknown>>;
}

const YAHOO_FUTURE = {
  exchangeName: "NYM",
  fullExchangeName: "NY Mercantile",
  instrumentType: "FUTURE",
  hasPrePostMarketData: false,
};
const YAHOO_INDEX = {
  exchangeName: "SNP",
  fullExchangeName: "SNP",
  instrumentType: "INDEX",
  hasPrePostMarketData: true,
};

/** THE LIST of charted instruments, by Yahoo's symbol. */
const YAHOO_LISTINGS: Readonly<Record<string, YahooListing>> = {
  "BZ=F": {
    symbol: "BRENT",
    names: { shortName: "Brent Crude Oil Last Day Financ", ...YAHOO_FUTURE },
  },
  "CL=F": { symbol: "WTI", names: { shortName: "Crude Oil", ...YAHOO_FUTURE } },
  "^GSPC": { symbol: "SPX", names: { shortName: "S&P 500", ...YAHOO_INDEX } },
  "^DJI": { symbol: "DJI", names: { shortName: "Dow Jones Industrial Average", ...YAHOO_INDEX } },
  "^IXIC": { symbol: "IXIC", names: { shortName: "NASDAQ Composite", ...YAHOO_INDEX } },
};

const NEW_YORK_ZONE = { timezone: "EDT", gmtoffset: -14_400 };

const BAR_MS = 300_000;

/** The delay of its prices, in market time. */
const DELAY_MS = { futures: 600_000, indices: 900_000 };

/** One bar in this many has no trade: `null`, as in the real arrays. */
const HOLE_EVERY = 17;

const epochSeconds = (ms: number) => Math.floor(ms / 1000);

function periodBody({ start, end }: Period) {
  return { ...NEW_YORK_ZONE, start: epochSeconds(start), end: epochSeconds(end) };
}

/** Returns the metadata of a chart. @param then The time of its latest price: later ones are delayed. */
function metaOf(name: string, priceAt: PriceAt, calendar: Calendar, now: number, then: number) {
  const { pre, regular, post } = calendar.today(now);
  const at = calendar.lastTrade(then);
  const previousClose = Number(priceAt(calendar.sessionBefore(then).regular.end));
  return {
    currency: "USD",
    symbol: name,
    ...YAHOO_LISTINGS[name]?.names,
    firstTradeDate: 345_479_400,
    regularMarketTime: epochSeconds(at),
    ...NEW_YORK_ZONE,
    exchangeTimezoneName: "America/New_York",
    regularMarketPrice: Number(priceAt(at)),
    chartPreviousClose: previousClose,
    previousClose,
    scale: 3,
    priceHint: 2,
    currentTradingPeriod: {
      pre: periodBody(pre),
      regular: periodBody(regular),
      post: periodBody(post),
    },
    tradingPeriods: [[periodBody(calendar.session(then).regular)]],
    dataGranularity: "5m",
    range: "1d",
  };
}

/** Returns the bars of the last session so far. They are whole seconds apart at any pace. */
function barsOf(priceAt: PriceAt, calendar: Calendar, speed: number, then: number) {
  const { start } = calendar.session(then).regular;
  const end = calendar.lastTrade(then);
  const stepMs = Math.max(BAR_MS / speed, 1000);
  const times = Array.from(
    { length: Math.floor((end - start) / stepMs) + 1 },
    (_, n) => start + n * stepMs,
  );
  const prices = times.map((ms, n) =>
    n % HOLE_EVERY === HOLE_EVERY - 1 ? null : Number(priceAt(ms))
  );
  const volume = prices.map((price) => price === null ? null : 0);
  return {
    timestamp: times.map(epochSeconds),
    indicators: { quote: [{ open: prices, high: prices, low: prices, close: prices, volume }] },
  };
}

/** Simulates Yahoo: bare numbers, seconds, the hours in each answer, a delay, and a halt while the market is closed. */
export function createSimulatedYahoo(pace: DemoPace): SimulatedUpstream {
  const calendars = {
    futures: createCalendar(FUTURES_HOURS, pace),
    indices: createCalendar(STOCK_HOURS, pace),
  };
  const market = marketOf(0, pace);
  return {
    host: "query1.finance.yahoo.com",
    latencyMs: { least: 10, most: 40 },
    answer({ pathname }, now) {
      const name = decodeURIComponent(/^\/v8\/finance\/chart\/([^/]+)$/.exec(pathname)?.[1] ?? "");
      const priceAt = market[YAHOO_LISTINGS[name]?.symbol ?? ""];
      if (priceAt === undefined) {
        const error = { code: "Not Found", description: "No data found, symbol may be delisted" };
        return { status: 404, body: { chart: { result: null, error } } };
      }
      const kind = name.startsWith("^") ? "indices" : "futures";
      const calendar = calendars[kind];
      const then = now - DELAY_MS[kind] / pace.speed;
      const result = {
        meta: metaOf(name, priceAt, calendar, now, then),
        ...barsOf(priceAt, calendar, pace.speed, then),
      };
      return { status: 200, body: { chart: { result: [result], error: null } } };
    },
  };
}
