/**
 * What is known: the newest quote of each symbol, and when its source was last heard.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { staleTime } from "./freshness.ts";
import { weigh } from "./guards.ts";
import type { Provider, Reading } from "./provider.ts";
import type { Quote } from "./quote.ts";
import { instrumentOf } from "./symbols.ts";

/** What a poller knows of its symbols. What was once known stays. */
export interface Book {
  /** Takes a reading in, unless a guard is against it. */
  take(reading: Reading, provider: Provider): void;
  /** Every quote known, judged now. */
  quotes(): Quote[];
  /** A quote, fresh or stale as it is now. Quotes of other books stay as they are. */
  judge(quote: Quote): Quote;
  /** When the quotes become stale unless their sources are heard again, in milliseconds since the epoch. */
  staleTimes(): number[];
}

/**
 * Creates an empty book.
 *
 * @param providers In order. Their symbols are those of the book.
 * @param simulated Whether the quotes are to say so.
 */
export function createBook(
  clock: Clock,
  providers: readonly Provider[],
  simulated: boolean,
): Book {
  const known = new Map<string, Quote>();
  const doubted = new Map<string, Reading>();

  /** Null where the quote is none of this book's, or its market is closed: then no silence makes it stale. */
  function staleTimeOf({ symbol, source, session, received_at }: Quote): number | null {
    const ours = providers.filter(({ symbols }) => symbols.includes(symbol));
    const provider = ours.find(({ name }) => name === source) ?? ours[0];
    if (provider === undefined || session === "closed") return null;
    const held = known.get(symbol);
    const heard = [received_at, ...(held?.source === source ? [held.received_at] : [])];
    return staleTime(Math.max(...heard.map(Date.parse)), provider.intervalMs);
  }

  function judge(quote: Quote): Quote {
    const at = staleTimeOf(quote);
    if (at === null) return quote;
    return { ...quote, is_stale: clock.now() >= at };
  }

  return {
    take(reading, { name, attribution }) {
      const { symbol } = reading;
      const verdict = weigh(reading, known.get(symbol), doubted.get(symbol), clock.now());
      if (verdict === "drop") return;
      if (verdict === "doubt") return void doubted.set(symbol, reading);
      doubted.delete(symbol);
      known.set(symbol, {
        ...instrumentOf(symbol),
        ...reading,
        is_stale: false,
        source: name,
        attribution,
        simulated,
      });
    },
    quotes: () => [...known.values()].map(judge),
    judge,
    staleTimes: () => [...known.values()].map(staleTimeOf).filter((at) => at !== null),
  };
}
