/**
 * What is known: the newest quote of each symbol, and when its source was last heard.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Freshness, freshnessOf, type Heard, type Held, hold } from "./freshness.ts";
import { weigh } from "./sanity_filter.ts";
import type { SpanAt } from "./market_hours.ts";
import type { Provider, Reading } from "./providers/provider.ts";
import type { Quote } from "./quote.ts";
import { createReferences } from "./baseline.ts";
import { instrumentOf } from "./instruments.ts";

/** What a poller knows of its symbols. What was once known stays. */
export interface Book {
  /** Takes a reading in, unless a guard is against it. @returns Whether it did. */
  take(reading: Reading, provider: Provider): boolean;
  /** Whether a reading would be fresh: what is old when it comes is no price to change to. */
  isFresh(reading: Reading, provider: Provider): boolean;
  /** What is held of a symbol, where this source gave it. */
  heldOf(symbol: string, source: string): Reading | undefined;
  /** Whether what is held of a symbol is this source's, and not stale. */
  isFreshOf(symbol: string, source: string): boolean;
  /** Every quote known, judged now. */
  quotes(): Quote[];
  /** A quote, fresh or stale, of an open market or a closed one, as it is now. Quotes of other books stay as they are. */
  judge(quote: Quote): Quote;
  /** When quotes stand otherwise after `from`, unless their sources are heard again, in milliseconds since the epoch. */
  changeTimes(from: number): number[];
}

/** A reading, and who gave it. */
interface Entry {
  readonly reading: Held;
  readonly provider: Provider;
}

/** What a book needs. */
export interface BookOptions {
  readonly clock: Clock;
  readonly spanAt: SpanAt;
  /** In order. Their symbols are those of the book. */
  readonly providers: readonly Provider[];
  /** Whether the quotes are to say so. */
  readonly simulated: boolean;
  /** How many times longer than usual the intervals are now. */
  readonly patience: () => number;
}

/** Creates an empty book. */
export function createBook({ clock, spanAt, providers, simulated, patience }: BookOptions): Book {
  const known = new Map<string, Entry>();
  const doubted = new Map<string, Reading>();
  const measures = new Map(providers.map((each) => [each.name, createReferences()]));

  function freshness(heard: Heard, { intervalMs }: Provider, at = clock.now()): Freshness {
    return freshnessOf(spanAt, heard, patience() * intervalMs, at);
  }

  function quoteOf({ reading, provider }: Entry): Quote {
    const { period: _, newsAt: __, ...said } = reading;
    const { session, isStale } = freshness(reading, provider);
    return {
      ...instrumentOf(reading.symbol),
      ...said,
      session,
      is_stale: isStale,
      source: provider.name,
      attribution: provider.attribution,
      simulated,
    };
  }

  /** By what its source said last, which may be the same again: that was not published. */
  function heardOf(quote: Quote): Heard {
    const held = known.get(quote.symbol);
    const isNewer = held?.provider.name === quote.source &&
      held.reading.received_at >= quote.received_at;
    return isNewer ? held.reading : quote;
  }

  return {
    take(said, provider) {
      const { symbol } = said;
      const before = known.get(symbol);
      const verdict = weigh(said, before?.reading, doubted.get(symbol), clock.now());
      if (verdict === "drop") return false;
      if (verdict === "doubt") {
        doubted.set(symbol, said);
        return false;
      }
      doubted.delete(symbol);
      const measure = provider.isMeasuredByDay ? measures.get(provider.name) : undefined;
      const own = before?.provider.name === provider.name ? before.reading : undefined;
      known.set(symbol, {
        reading: hold(measure?.(said) ?? said, own, provider.intervalMs),
        provider,
      });
      return true;
    },
    isFresh: (reading, provider) =>
      !freshness(hold(reading, undefined, provider.intervalMs), provider).isStale,
    heldOf(symbol, source) {
      const entry = known.get(symbol);
      return entry?.provider.name === source ? entry.reading : undefined;
    },
    isFreshOf(symbol, source) {
      const entry = known.get(symbol);
      return entry?.provider.name === source && !freshness(entry.reading, entry.provider).isStale;
    },
    quotes: () => [...known.values()].map(quoteOf),
    judge(quote) {
      const ours = providers.filter(({ symbols }) => symbols.includes(quote.symbol));
      const provider = ours.find(({ name }) => name === quote.source) ?? ours[0];
      if (provider === undefined) return quote;
      const { session, isStale } = freshness(heardOf(quote), provider);
      return { ...quote, session, is_stale: isStale };
    },
    changeTimes: (from) =>
      [...known.values()].map(({ reading, provider }) => freshness(reading, provider, from).until),
  };
}
