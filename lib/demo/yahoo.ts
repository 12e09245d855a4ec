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
import { createSimulatedMarket, type PriceAt } from "./market.ts";
import { lookUp, type SimulatedUpstream } from "./simulated_upstream.ts";

/** The constant properties of a symbol at Yahoo. */
interface YahooListing {
  readonly symbol: string;
  /** The fields of its metadata that do not change. */
  readonly meta: Readonly<Record<string, unknown>>;
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
    meta: { shortName: "Brent Crude Oil Last Day Financ", ...YAHOO_FUTURE },
  },
  "CL=F": { symbol: "WTI", meta: { shortName: "Crude Oil", ...YAHOO_FUTURE } },
  "^GSPC": { symbol: "SPX", meta: { shortName: "S&P 500", ...YAHOO_INDEX } },
  "^DJI": { symbol: "DJI", meta: { shortName: "Dow Jones Industrial Average", ...YAHOO_INDEX } },
  "^IXIC": { symbol: "IXIC", meta: { shortName: "NASDAQ Composite", ...YAHOO_INDEX } },
};

const NEW_YORK_ZONE = { timezone: "EDT", gmtoffset: -14_400 };

const BAR_MS = 300_000;

/** The delay of prices, in market time. */
const DELAY_MS = { futures: 600_000, indices: 900_000 };

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
  readonly listing: YahooListing;
  readonly priceAt: PriceAt;
  readonly calendar: Calendar;
  readonly speed: number;
  readonly now: number;
  /** The time of the latest price that the delay allows. */
  readonly delayedNow: number;
}

function chartMeta({ ticker, listing, priceAt, calendar, now, delayedNow }: ChartInput) {
  const { pre, regular, post } = calendar.dayAt(now);
  const tradedAt = calendar.lastTradeAt(delayedNow);
  const previousClose = Number(priceAt(calendar.previousSessionAt(delayedNow).regular.end));
  return {
    currency: "USD",
    symbol: ticker,
    ...listing.meta,
    firstTradeDate: 345_479_400,
    regularMarketTime: epochSeconds(tradedAt),
    ...NEW_YORK_ZONE,
    exchangeTimezoneName: "America/New_York",
    regularMarketPrice: Number(priceAt(tradedAt)),
    chartPreviousClose: previousClose,
    previousClose,
    scale: 3,
    priceHint: 2,
    currentTradingPeriod: {
      pre: periodBody(pre),
      regular: periodBody(regular),
      post: periodBody(post),
    },
    tradingPeriods: [[periodBody(calendar.sessionAt(delayedNow).regular)]],
    dataGranularity: "5m",
    range: "1d",
  };
}

/** Returns the bars of the latest session so far. */
function chartBars({ priceAt, calendar, speed, delayedNow }: ChartInput) {
  const { start } = calendar.sessionAt(delayedNow).regular;
  const end = calendar.lastTradeAt(delayedNow);
  const barMs = Math.max(BAR_MS / speed, MIN_BAR_MS);
  const times = Array.from(
    { length: Math.floor((end - start) / barMs) + 1 },
    (_, index) => start + index * barMs,
  );
  const prices = times.map((ms, index) =>
    index % HOLE_EVERY === HOLE_EVERY - 1 ? null : Number(priceAt(ms))
  );
  const volume = prices.map((price) => price === null ? null : 0);
  return {
    timestamp: times.map(epochSeconds),
    indicators: { quote: [{ open: prices, high: prices, low: prices, close: prices, volume }] },
  };
}

/**
 * Creates a simulation of Yahoo: bare numbers, times in seconds, trading hours in each response, and delayed prices that
 * stand still while the market is closed.
 */
export function createSimulatedYahoo(pace: DemoPace): SimulatedUpstream {
  const calendars = {
    futures: createCalendar(FUTURES_HOURS, pace),
    indices: createCalendar(STOCK_HOURS, pace),
  };
  const market = createSimulatedMarket(0, pace);
  return {
    host: "query1.finance.yahoo.com",
    latencyMs: { min: 10, max: 40 },
    respond({ pathname }, now) {
      const [, path] = /^\/v8\/finance\/chart\/([^/]+)$/.exec(pathname) ?? [];
      const ticker = path === undefined ? undefined : decodeURIComponent(path);
      const listing = lookUp(YAHOO_LISTINGS, ticker);
      const priceAt = lookUp(market, listing?.symbol);
      if (ticker === undefined || listing === undefined || priceAt === undefined) {
        const error = { code: "Not Found", description: "No data found, symbol may be delisted" };
        return { status: 404, body: { chart: { result: null, error } } };
      }
      const instruments = ticker.startsWith("^") ? "indices" : "futures";
      const input: ChartInput = {
        ticker,
        listing,
        priceAt,
        calendar: calendars[instruments],
        speed: pace.speed,
        now,
        delayedNow: now - DELAY_MS[instruments] / pace.speed,
      };
      const result = { meta: chartMeta(input), ...chartBars(input) };
      return { status: 200, body: { chart: { result: [result], error: null } } };
    },
  };
}
