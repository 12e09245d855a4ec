/**
 * The parts of a quote, which change at different times: the constant properties of its instrument, the tick and the
 * figures of the day. A stream sends a part when it changes.
 *
 * @module
 */
import type { Instruments } from "./instrument.ts";
import type { Day, Quote, Tick } from "./quote.ts";

/** The constant properties of quotes. */
export interface QuoteConstants {
  readonly instruments: Instruments;
  /** The attributions of providers by their names. */
  readonly attributions: ReadonlyMap<string, string>;
  /** The value of `simulated`. */
  readonly isSimulated: boolean;
}

/** The sessions that a tick omits. The hours of the instrument tell which of them is meant. */
const USUAL_SESSIONS: readonly Quote["session"][] = ["open", "always"];

/** The day of a symbol without figures. */
const EMPTY_DAY: Omit<Day, "symbol"> = {
  basis: "none",
  prev_close: null,
  open: null,
  high: null,
  low: null,
  volume: null,
  next_open: null,
};

/**
 * Returns the tick of a quote, in its shortest form: a percentage has two decimals, and a market time of a whole second has
 * none.
 */
export function toTick(quote: Quote): Tick {
  const { change, change_pct, bid, ask, session, as_of, delay_s } = quote;
  return {
    symbol: quote.symbol,
    price: quote.price,
    ...(change !== null && { change }),
    ...(change_pct !== null && { change_pct: Math.round(change_pct * 100) / 100 }),
    ...(bid !== null && { bid }),
    ...(ask !== null && { ask }),
    ...(!USUAL_SESSIONS.includes(session) && { session }),
    ...(as_of !== null && { as_of: as_of.replace(".000Z", "Z") }),
    received_at: quote.received_at,
    ...(quote.is_delayed && { is_delayed: true }),
    ...(delay_s !== null && { delay_s }),
    ...(quote.is_stale && { is_stale: true }),
    source: quote.source,
  };
}

/** Returns the figures of the day of a quote. */
export function toDay(
  { symbol, basis, prev_close, open, high, low, volume, next_open }: Quote,
): Day {
  return { symbol, basis, prev_close, open, high, low, volume, next_open };
}

/**
 * Joins the parts of a quote.
 *
 * @param day Undefined if none is known.
 * @returns Null without a tick, or if the symbol is not one of the instruments.
 */
export function joinQuote(
  { instruments, attributions, isSimulated }: QuoteConstants,
  tick: Tick | undefined,
  day: Day | undefined,
): Quote | null {
  const instrument = instruments.get(tick?.symbol ?? "");
  if (instrument === undefined || tick === undefined) return null;
  const { symbol, name, hours } = instrument;
  const { basis, prev_close, open, high, low, volume, next_open } = day ?? EMPTY_DAY;
  const { source } = tick;
  return {
    symbol,
    name,
    class: instrument.class,
    price: tick.price,
    change: tick.change ?? null,
    change_pct: tick.change_pct ?? null,
    basis,
    prev_close,
    open,
    high,
    low,
    volume,
    bid: tick.bid ?? null,
    ask: tick.ask ?? null,
    currency: instrument.currency,
    unit: instrument.unit,
    decimals: instrument.decimals,
    session: tick.session ?? (hours === "always" ? "always" : "open"),
    next_open,
    as_of: tick.as_of ?? null,
    received_at: tick.received_at,
    is_delayed: tick.is_delayed ?? false,
    delay_s: tick.delay_s ?? null,
    is_stale: tick.is_stale ?? false,
    source,
    attribution: attributions.get(source) ?? source,
    simulated: isSimulated,
  };
}
