import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Instrument } from "../../../lib/topics/quotes/instrument.ts";
import { Day, Quote, Tick } from "../../../lib/topics/quotes/quote.ts";
import { joinQuote, toDay, toTick } from "../../../lib/topics/quotes/quote_parts.ts";

const decimal = fc.constantFrom("1.20", "-37.63", "0");
const nullableDecimal = fc.option(decimal);
const time = fc.constantFrom("2026-01-01T00:00:00Z", "2026-06-01T12:30:00.250Z");

const quotes: fc.Arbitrary<Quote> = fc.record({
  symbol: fc.constant("WTI"),
  name: fc.constant("WTI crude"),
  class: fc.constant("oil"),
  price: decimal,
  change: nullableDecimal,
  change_pct: fc.option(fc.constantFrom(-0.95, 0, 12.5)),
  basis: fc.constantFrom("prev_close", "rolling_24h", "session", "none"),
  prev_close: nullableDecimal,
  open: nullableDecimal,
  high: nullableDecimal,
  low: nullableDecimal,
  volume: nullableDecimal,
  bid: nullableDecimal,
  ask: nullableDecimal,
  currency: fc.constant("USD"),
  unit: fc.constant("bbl"),
  decimals: fc.constant(2),
  session: fc.constantFrom("open", "closed", "pre", "post", "halted"),
  next_open: fc.option(time),
  as_of: fc.option(time),
  received_at: time,
  is_delayed: fc.boolean(),
  delay_s: fc.option(fc.constantFrom(0, 900)),
  is_stale: fc.boolean(),
  source: fc.constantFrom("yahoo", "fred"),
  attribution: fc.constant(""),
  simulated: fc.boolean(),
});

Deno.test("joinQuote() restores a quote from its instrument, tick and day, as they are serialised", () => {
  fc.assert(fc.property(quotes, fc.boolean(), (parts, isAlwaysOpen) => {
    const session = isAlwaysOpen && parts.session === "open" ? "always" : parts.session;
    const quote = { ...parts, session, attribution: `Data of ${parts.source}` } as const;
    const hours = isAlwaysOpen ? "always" : "cme";
    const instrument: Instrument = { ...quote, hours, tickers: {} };
    const constants = {
      instruments: new Map([[quote.symbol, instrument]]),
      attributions: new Map(["yahoo", "fred"].map((name) => [name, `Data of ${name}`])),
      isSimulated: quote.simulated,
    };
    const tick = Tick.parse(JSON.parse(JSON.stringify(toTick(quote))));
    const day = Day.parse(JSON.parse(JSON.stringify(toDay(quote))));
    const joined = joinQuote(constants, tick, day);
    assertEquals(joined, quote);
    assertEquals(Object.keys(joined ?? {}), Object.keys(Quote.shape));
  }));
});

Deno.test("toTick() omits what is null, false or usual", () => {
  const [quote] = fc.sample(quotes, 1);
  if (quote === undefined) throw new Error("no sample");
  const fields = (changed: Partial<Quote>) =>
    Object.keys(toTick({
      ...quote,
      change: null,
      change_pct: null,
      bid: null,
      ask: null,
      session: "open",
      as_of: null,
      is_delayed: false,
      delay_s: null,
      is_stale: false,
      ...changed,
    }));
  const required = ["symbol", "price", "received_at", "source"];
  assertEquals(fields({}), required);
  assertEquals(fields({ session: "always" }), required);
  assertEquals(fields({ session: "closed", is_stale: true }), [
    "symbol",
    "price",
    "session",
    "received_at",
    "is_stale",
    "source",
  ]);
});

Deno.test("toTick() shortens percentages to two decimals, and market times of a whole second", () => {
  const [quote] = fc.sample(quotes, 1);
  if (quote === undefined) throw new Error("no sample");
  const shortened = (changed: Partial<Quote>) => {
    const { change_pct, as_of } = toTick({ ...quote, ...changed });
    return [change_pct, as_of];
  };
  assertEquals(shortened({ change_pct: -1.0151, as_of: "2026-01-01T00:00:00.000Z" }), [
    -1.02,
    "2026-01-01T00:00:00Z",
  ]);
  assertEquals(shortened({ change_pct: 0.6, as_of: "2026-01-01T00:00:00.100Z" }), [
    0.6,
    "2026-01-01T00:00:00.100Z",
  ]);
});

Deno.test("joinQuote() names a source that is not in use here, and has no figures without a day", () => {
  const [quote] = fc.sample(quotes, 1);
  if (quote === undefined) throw new Error("no sample");
  const constants = {
    instruments: new Map([[quote.symbol, { ...quote, hours: "cme" as const, tickers: {} }]]),
    attributions: new Map(),
    isSimulated: false,
  };
  const joined = joinQuote(constants, toTick(quote), undefined);
  assertEquals([joined?.attribution, joined?.basis, joined?.prev_close], [
    quote.source,
    "none",
    null,
  ]);
});

Deno.test("joinQuote() is null without a tick, and for a symbol that is not quoted here", () => {
  const [quote] = fc.sample(quotes, 1);
  if (quote === undefined) throw new Error("no sample");
  const constants = { instruments: new Map(), attributions: new Map(), isSimulated: false };
  assertEquals(joinQuote(constants, toTick(quote), toDay(quote)), null);
  assertEquals(joinQuote(constants, undefined, toDay(quote)), null);
});
