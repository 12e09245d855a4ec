/**
 * The interface of quote providers. Each provider is one file that turns the responses of an upstream into readings.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import type { CallLimit } from "../../../upstream/pace.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import type { Bar, BarSeries } from "../history/bar.ts";
import type { HistoryRange } from "../history/range.ts";
import type { Quote } from "../quote.ts";
import { toPlain } from "./decimal.ts";

/** The times of a response's receipt. */
export interface Receipt extends Pick<Quote, "received_at"> {
  /** Monotonic time, as `clock.elapsed()` of this isolate: ages are measured by it. */
  readonly receivedElapsed: number;
}

/** The figures of a trading day that a response may have beside a price. Null stands for an unknown one. */
export type DayFigures = Pick<Quote, "open" | "high" | "low" | "volume" | "bid" | "ask">;

/** The price of a symbol in a response. */
export interface Reading
  extends
    Receipt,
    DayFigures,
    Pick<Quote, "symbol" | "price" | "basis" | "as_of" | "is_delayed" | "delay_s"> {
  /** The price that a change is measured from, as the same response states it: null if it states none. */
  readonly baseline: string | null;
  /** The currency that the response states, if any. A price in another currency than the instrument's is not used. */
  readonly currency?: string | null;
  /** True if the source repeats its last price without the time of the trade, so that only another price is news. */
  readonly isRepeated?: boolean;
  /** Null if the response does not state it. In this case the calendar of the market applies. */
  readonly session: Quote["session"] | null;
  /** The trading hours that the response states: wall times in ms. They take precedence over `session`. */
  readonly period?: { readonly start: number; readonly end: number };
}

/** The names that a provider has for symbols, by symbol; or those that a symbol has at providers, by provider. */
export type Tickers = Readonly<Record<string, string>>;

/** The course of a price, as its source states it. */
export interface ProviderHistory extends BarSeries {
  /** The close before the first bar: null if the source does not state it. */
  readonly prevClose: string | null;
}

/** A price of a stream: the fields of a reading that the message contains. */
export interface StreamedPrice
  extends
    Pick<Reading, "symbol" | "price" | "as_of">,
    Partial<Omit<Reading, keyof Receipt | "symbol" | "price" | "as_of">> {
  /** The position in the order of the symbol's messages, if the provider numbers them. */
  readonly sequence?: number;
}

/**
 * An event that a message contains.
 *
 * | type         | means                                                                    |
 * | ------------ | ------------------------------------------------------------------------ |
 * | `price`      | a new price                                                              |
 * | `ready`      | the login was accepted, so symbols may be subscribed                     |
 * | `refused`    | the stream does not carry the symbol, so it is polled                    |
 * | `unreadable` | the price of the symbol cannot be read, so it is polled until a new one  |
 */
export type ProviderStreamEvent =
  | { readonly type: "price"; readonly price: StreamedPrice }
  | { readonly type: "ready" }
  | { readonly type: "refused" | "unreadable"; readonly symbol: string };

/** The stream of a provider: one WebSocket for all its symbols. */
export interface ProviderStream {
  /** It may contain a key, so it is never logged. */
  readonly url: string;
  /** The silence after which a connection counts as broken, in ms: a multiple of the time between two heartbeats. */
  readonly maxSilenceMs: number;
  /** The largest number of symbols that the provider's terms allow. Further symbols are polled. No limit by default. */
  readonly maxSymbols?: number;
  /** The message that a new connection begins with. Symbols are subscribed after `ready`: without a login, at once. */
  readonly login?: string;
  /** True if messages contain nothing but a price, so the day's figures are polled now and then. */
  readonly hasPriceOnly?: boolean;
  /** Returns the messages that subscribe symbols. */
  subscribe(symbols: readonly string[]): readonly string[];
  /**
   * Parses a message. Messages of other kinds, such as heartbeats, contain no event.
   *
   * @throws If the connection is of no use: the message is not JSON, or it states an error.
   */
  parse(message: string): readonly ProviderStreamEvent[];
}

/** A source of quotes, with the options of the upstream that it is read through. */
export interface Provider {
  /** The `source` of a quote and the `provider` of a status. */
  readonly name: string;
  /** The name in texts for users. */
  readonly title: string;
  /** The text that the provider's terms require beside every price. */
  readonly attribution: string;
  /** A remark for the operator, which is logged at start. */
  readonly notice?: string;
  readonly symbols: readonly string[];
  /** Time between two polls, in ms. A quote is stale after twice this time without a response. */
  readonly intervalMs: number;
  /** Time between two polls while all markets of the provider are closed, in ms. The default is `intervalMs`. */
  readonly closedIntervalMs?: number;
  /** True if its prices are the closes of past days, at the market time of a reading. Their age in sessions decides if one is stale. */
  readonly isEndOfDay?: boolean;
  /** Lifetime of a cached response, in ms. At most 80 % of the interval, or a poll that the jitter advances must wait. */
  readonly ttlMs: number;
  /** Deadline of a request, in ms. The default is that of the upstream. */
  readonly timeoutMs?: number;
  /** Returns the usual delay of a symbol's prices. Absent if the provider sends them without delay. */
  delayOf?(symbol: string): Pick<Quote, "is_delayed" | "delay_s">;
  /** The limits that the provider documents. The upstream keeps them. By default ten calls per second. */
  readonly limits?: readonly CallLimit[];
  /** The calls, or credits, that a poll of all symbols costs within the limits. One per symbol by default. */
  readonly costPerPoll?: number;
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its WebSocket, if prices are streamed. Polls read the symbols that the stream does not deliver. */
  readonly stream?: ProviderStream;
  /**
   * Reads a symbol. If several symbols share a URL, the upstream fetches it once.
   *
   * @throws {UpstreamFailure} If there is no fresh response, or the response lacks the symbol.
   * @throws {RangeError} If the symbol is not one of `symbols`.
   */
  read(upstream: Pick<Upstream, "get">, symbol: string): Promise<Reading>;
  /**
   * Reads the provider's own history of a symbol: bars of any length that cover the range, and possibly more. Absent if the
   * provider has none.
   *
   * @param now Wall time in ms.
   * @throws {UpstreamFailure} If there is no fresh response, or the response lacks the symbol.
   * @throws {RangeError} If the symbol is not one of `symbols`.
   */
  readHistory?(
    upstream: Pick<Upstream, "get">,
    symbol: string,
    range: HistoryRange,
    now: number,
  ): Promise<ProviderHistory>;
  /** The shortest time between two requests of the same history, in ms. By default that of the range. */
  readonly minHistoryTtlMs?: number;
}

/**
 * Validates a number of any sign, and converts it to plain notation with the digits that were sent. The class of the
 * instrument decides which sign a price may have.
 */
export const PlainNumber = z.string().transform((number, context) => {
  const plain = toPlain(number);
  if (plain !== null) return plain;
  context.addIssue("not a number");
  return z.NEVER;
});

/** Validates a number that a price does not need: null if it is absent, or not a number. */
export const NumberOrNull = PlainNumber.nullable().catch(null);

/** Validates a code of a currency, or of a hundredth of one (`GBp`): null if it is absent, or is none. */
export const CurrencyOrNull = z.string().regex(/^[A-Z]{2}[A-Za-z]$/).nullable().catch(null);

/** Validates seconds since the Unix epoch, and converts them to ms. Numbers are strings, as `parseKeepingDigits` has them. */
export const UnixSeconds = z.string().regex(/^[1-9]\d{0,10}(\.\d+)?$/)
  .transform((seconds) => Math.round(Number(seconds) * 1000));

/**
 * Parses the members of an object one by one. Those that cannot be parsed are left out.
 *
 * @throws {z.ZodError} If the value is no object, or no member of it can be parsed.
 */
export function parseMembers<T>(members: unknown, schema: z.ZodType<T>): ReadonlyMap<string, T> {
  const entries = Object.entries(z.record(z.string(), z.unknown()).parse(members));
  const parsed = new Map(entries.flatMap(([name, member]) => {
    const { success, data } = schema.safeParse(member);
    return success ? [[name, data]] : [];
  }));
  const [first] = entries;
  if (parsed.size === 0 && first !== undefined) schema.parse(first[1]);
  return parsed;
}

/** Parses the bars of a response one by one, in any order. Those that cannot be parsed are left out. */
export function parseBars(rows: readonly unknown[], schema: z.ZodType<Bar>): Bar[] {
  return rows.map((row) => schema.safeParse(row).data).filter((bar) => bar !== undefined)
    .toSorted(([a], [b]) => a - b);
}

/**
 * The pace of exchanges whose prices change all the time, in ms. Two requests within the timeout take longer than one
 * interval and less than two, so a quote is not stale yet after a poll that fails over to another provider.
 */
export const EXCHANGE_PACE = { intervalMs: 5000, ttlMs: 4000, timeoutMs: 3000 } as const;

/** The delay of prices that are sent as they happen. */
export const NO_DELAY = { is_delayed: false, delay_s: null } as const;

/** The fields of a symbol that is traded round the clock and reported without delay. */
export const ROUND_THE_CLOCK = { session: "always", ...NO_DELAY } as const;

/** The figures of a response without any. */
export const NO_FIGURES: DayFigures = {
  open: null,
  high: null,
  low: null,
  volume: null,
  bid: null,
  ask: null,
};

/** The fields of a price without a baseline. */
export const NO_BASELINE = { baseline: null, basis: "none" } as const;

/** Returns the fields of a baseline, which may be unknown. */
export function baselineFields(
  baseline: string | null,
  basis: Quote["basis"],
): Pick<Reading, "baseline" | "basis"> {
  return baseline === null ? NO_BASELINE : { baseline, basis };
}

/**
 * Gets a response that is within its TTL.
 *
 * @param cost The credits that a call costs within the provider's limits. One by default.
 * @throws {UpstreamFailure} If the refresh failed, even if an older response is cached.
 */
export async function getFresh<T>(
  upstream: Pick<Upstream, "get">,
  url: string,
  parse: (text: string) => T,
  cost = 1,
): Promise<{ readonly value: T; readonly receipt: Receipt }> {
  const { value, receivedAt, receivedElapsed, failure } = await upstream.get(url, parse, cost);
  if (failure !== null) throw failure;
  return { value, receipt: { received_at: isoTime(receivedAt), receivedElapsed } };
}

/**
 * Returns the name that a provider has for a symbol.
 *
 * @throws {RangeError} If the provider does not serve the symbol.
 */
export function tickerOf(tickers: Tickers, symbol: string): string {
  const ticker = tickers[symbol];
  if (ticker === undefined) throw new RangeError(`Cannot read ${symbol}: it is not served`);
  return ticker;
}

/** Encodes tickers for the query of a URL, separated by commas. */
export function toQuery(tickers: readonly string[]): string {
  return tickers.map((ticker) => encodeURIComponent(ticker).replaceAll("%2F", "/")).join(",");
}

/**
 * Returns the tickers that one request asks for together with that of a symbol. The list is cut at the same places for all
 * symbols, so those of a batch share a URL.
 *
 * @param maxTickers The most tickers of a request.
 */
export function batchOf(tickers: Tickers, symbol: string, maxTickers: number): readonly string[] {
  const index = Object.keys(tickers).indexOf(symbol);
  const start = index - index % maxTickers;
  return Object.values(tickers).slice(start, start + maxTickers);
}

/** Creates the failure of a ticker that the provider does not know. It concerns this ticker only, like an HTTP 404. */
export function unknownTicker(title: string, ticker: string): UpstreamFailure {
  return new UpstreamFailure("http", `${title} does not know ${ticker}`, { status: 404 });
}

/** Creates the failure of a response that lacks a symbol. */
export function missingPrice(title: string, symbol: string): UpstreamFailure {
  return new UpstreamFailure("shape", `${title} returned no price for ${symbol}`);
}

/**
 * Creates the failure of a response with an error body.
 *
 * @param status The status that the body states. 429 makes the upstream pause, even if the body came with HTTP 200.
 */
export function errorBody(title: string, status: number): UpstreamFailure {
  const error = status === 200 ? "an error" : `error ${status}`;
  const outcome = status === 429 ? "refused: too many requests" : `answered with ${error}`;
  return new UpstreamFailure("http", `${title} ${outcome}`, { status });
}
