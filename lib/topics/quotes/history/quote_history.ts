/**
 * The history of quotes: a provider's own one if it has any, else the recorded bars, up to the latest price.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { messageOf } from "../../../core/logger.ts";
import type { Runtime } from "../../../core/runtime.ts";
import type { Store } from "../../../store/store.ts";
import { withTimeout } from "../../keep_warm.ts";
import type { Span } from "../market_hours.ts";
import type { ConnectedProvider } from "../provider_client.ts";
import type { Provider, ProviderHistory } from "../providers/provider.ts";
import { Decimal, type Quote } from "../quote.ts";
import { type Bar, barOf, type BarSeries, continueSeries, limitBars } from "./bar.ts";
import { decodeRing, type RingBars, ringKey } from "./bar_recorder.ts";
import { HistoryRange, RANGES } from "./range.ts";
import { SourceHistories } from "./source_histories.ts";

/** Validates the history of a symbol, as it is served. */
export const QuoteHistory = z.object({
  symbol: z.string().meta({ example: "BTC-USD" }),
  range: HistoryRange,
  interval_s: z.int().meta({ description: "Length of a bar, in seconds." }),
  bars: z.array(
    z.tuple([z.int(), Decimal, Decimal, Decimal, Decimal, z.union([Decimal, z.null()])]),
  ).meta({
    description:
      "Oldest first: start in milliseconds since the Unix epoch, open, high, low, close, volume. " +
      "A time without prices has no bar.",
  }),
  prev_close: z.union([Decimal, z.null()]).meta({
    description: "The price before the range, null if it is not known.",
  }),
  source: z.string().meta({ description: "The source of all bars.", example: "coinbase" }),
  attribution: z.string().meta({ example: "Coinbase" }),
  is_stale: z.boolean(),
  simulated: z.boolean(),
}).meta({ id: "QuoteHistory" });

/** The history of a symbol. All its bars have one source. */
export type QuoteHistory = Readonly<z.infer<typeof QuoteHistory>>;

/** The most cached rings of an isolate. */
const MAX_CACHED_RINGS = 256;

/** The TTL of a cached ring in ms. The leader writes one every 5 minutes. */
const RING_TTL_MS = 30_000;

/** The TTL of the trends, in ms. */
const TRENDS_TTL_MS = 10_000;

/** The time that a history covers: wall times in ms. */
interface HistoryPeriod {
  readonly start: number;
  /** Now, or the close of a market that is closed. */
  readonly end: number;
}

/** A series, and its provider. */
interface SourceSeries extends BarSeries {
  readonly provider: Provider;
  readonly prevClose: string | null;
}

/** The dependencies of histories. */
export interface QuoteHistoriesOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  readonly store: Pick<Store, "getMany" | "set">;
  /** True if isolates share the providers' own histories through the store. */
  readonly isShared: boolean;
  /** In order of preference. */
  readonly providers: readonly ConnectedProvider[];
  /** Returns the span of a symbol's market at a wall time in ms: null if it never closes. */
  readonly spanAt: (symbol: string, ms: number) => Span | null;
  /** The value of `simulated` in every history. */
  readonly isSimulated: boolean;
}

/** Creates a function that reads a value. Reads that are made together are one command. */
function batchReads(store: Pick<Store, "getMany">): (key: string) => Promise<string | null> {
  let keys: string[] = [];
  let values: Promise<(string | null)[]> | null = null;
  return async (key) => {
    values ??= Promise.resolve().then(() => {
      const batch = keys;
      keys = [];
      values = null;
      return store.getMany(batch);
    });
    const index = keys.push(key) - 1;
    return (await values)[index] ?? null;
  };
}

/** Continues a provider's own history with recorded bars. Without it, the recorded bars are the series. */
function joinSources(own: BarSeries | null, recorded: BarSeries): BarSeries {
  return own === null ? recorded : continueSeries(own, recorded);
}

/** Returns the close before a time: null if it is not known. */
function closeBefore(ms: number, bars: readonly Bar[], own: ProviderHistory | null): string | null {
  const [startAt = Infinity] = bars.at(0) ?? [];
  return bars.findLast((bar) => bar[0] < ms)?.[4] ??
    (startAt >= ms ? own?.prevClose ?? null : null);
}

/** Returns the bar of a quote. A price outside the trading hours has none, nor has a last price of unknown time. */
function latestBars({ price, as_of, received_at, session }: Quote): Bar[] {
  const isOutside = session === "pre" || session === "post";
  if (isOutside || as_of === null && session === "closed") return [];
  return [barOf(Date.parse(as_of ?? received_at), price)];
}

/** Reads the histories of quotes. */
export class QuoteHistories {
  readonly #options: QuoteHistoriesOptions;
  readonly #sources: SourceHistories;
  /** Encoded rings, by key. */
  readonly #rings: LRUCache<string, { readonly text: string }>;
  #trends: { readonly elapsed: number; readonly trends: Promise<ReadonlyMap<string, BarSeries>> } =
    { elapsed: -Infinity, trends: Promise.resolve(new Map()) };

  constructor(options: QuoteHistoriesOptions) {
    const { runtime: { clock }, store } = options;
    const readValue = batchReads(store);
    this.#options = options;
    this.#sources = new SourceHistories({ ...options, readValue });
    this.#rings = new LRUCache({
      max: MAX_CACHED_RINGS,
      ttl: RING_TTL_MS,
      ttlResolution: 0,
      perf: { now: clock.elapsed },
      allowStaleOnFetchRejection: true,
      fetchMethod: async (key) => ({ text: await readValue(key) ?? "" }),
    });
  }

  /**
   * Returns the history of a symbol, up to its quote. It waits briefly for a provider if bars are known already, and has no
   * bars if nothing is known. Never rejects.
   *
   * @param quote The latest quote of the symbol, if there is one.
   */
  async read(
    symbol: string,
    range: HistoryRange,
    quote: Quote | undefined,
  ): Promise<QuoteHistory> {
    const series = await this.#readSeries(symbol, range, quote);
    const provider = series?.provider ?? this.#candidatesOf(symbol, quote)[0]?.provider;
    const { intervalMs, bars } = series ?? { intervalMs: RANGES[range].ring.intervalMs, bars: [] };
    const isServed = quote !== undefined && quote.source === provider?.name;
    // The beginning of a session is not the price before a day.
    const prevClose = range === "1d" && isServed && quote.basis !== "session"
      ? quote.prev_close
      : null;
    const endsAt = (bars.at(-1)?.[0] ?? -Infinity) + intervalMs;
    return {
      symbol,
      range,
      interval_s: intervalMs / 1000,
      bars: bars.map((bar) => [...bar]),
      prev_close: prevClose ?? series?.prevClose ?? null,
      source: provider?.name ?? "none",
      attribution: provider?.attribution ?? "",
      is_stale: isServed
        ? quote.is_stale
        : endsAt + intervalMs < this.#periodOf(symbol, range, { bars }).end,
      simulated: this.#options.isSimulated,
    };
  }

  /**
   * Returns the course of the day of each quote that has one. A provider that does not answer soon is not waited for. Never
   * rejects.
   */
  trends(quotes: readonly Quote[]): Promise<ReadonlyMap<string, BarSeries>> {
    const elapsed = this.#options.runtime.clock.elapsed();
    if (elapsed - this.#trends.elapsed >= TRENDS_TTL_MS) {
      this.#trends = { elapsed, trends: this.#readTrends(quotes) };
    }
    return this.#trends.trends;
  }

  async #readTrends(quotes: readonly Quote[]): Promise<ReadonlyMap<string, BarSeries>> {
    const trends = new Map<string, BarSeries>();
    const readAll = (mayRequest: boolean) =>
      Promise.all(quotes.map(async (quote) => {
        const series = await this.#seriesOf(quote.symbol, "1d", quote, mayRequest);
        if (series !== null) trends.set(quote.symbol, series);
      }));
    const read = async () => {
      await readAll(false); // what this deployment knows already
      await readAll(true);
    };
    await withTimeout(this.#options.runtime.clock, read());
    return trends;
  }

  async #readSeries(
    symbol: string,
    range: HistoryRange,
    quote: Quote | undefined,
  ): Promise<SourceSeries | null> {
    const known = await this.#seriesOf(symbol, range, quote, false);
    const requested = this.#seriesOf(symbol, range, quote, true);
    if (known === null) return await requested;
    let newest: SourceSeries = known;
    const refresh = requested.then((series) => {
      newest = series ?? known;
    });
    await withTimeout(this.#options.runtime.clock, refresh);
    return newest;
  }

  /**
   * Finds the series of a symbol that covers a range best. A source of its own history covers it all.
   *
   * @param mayRequest False if only known histories count.
   */
  async #seriesOf(
    symbol: string,
    range: HistoryRange,
    quote: Quote | undefined,
    mayRequest: boolean,
  ): Promise<SourceSeries | null> {
    const recorded = await this.#readRing(ringKey(RANGES[range].ring, symbol));
    let best: SourceSeries | null = null;
    for (const connected of this.#candidatesOf(symbol, quote)) {
      const { provider } = connected;
      const own = mayRequest
        ? await this.#sources.read(connected, symbol, range)
        : this.#sources.peek(provider.name, symbol, range);
      const known = joinSources(own, {
        intervalMs: RANGES[range].ring.intervalMs,
        bars: recorded.get(provider.name) ?? [],
      });
      const whole = quote?.source === provider.name
        ? continueSeries(known, { intervalMs: 1, bars: latestBars(quote) })
        : known;
      const { start, end } = this.#periodOf(symbol, range, whole);
      const bars = whole.bars.filter(([startAt]) => startAt >= start && startAt < end);
      const startAt = bars.at(0)?.[0];
      if (startAt === undefined) continue;
      const limited = limitBars({ intervalMs: whole.intervalMs, bars });
      const series = { ...limited, provider, prevClose: closeBefore(start, whole.bars, own) };
      if (own !== null || startAt < (start + end) / 2) return series;
      if (best === null || startAt < (best.bars.at(0)?.[0] ?? Infinity)) best = series;
    }
    return best;
  }

  /** Reads a ring. It is empty if the store does not answer. */
  async #readRing(key: string): Promise<RingBars> {
    try {
      const cached = await this.#rings.fetch(key);
      return decodeRing(cached?.text ?? null);
    } catch (thrown) {
      this.#options.runtime.log.debug("Reading recorded prices failed", {
        reason: messageOf(thrown),
      });
      return new Map();
    }
  }

  /** Returns the time that a range covers: up to now, or up to the close if the market is closed. */
  #periodOf(symbol: string, range: HistoryRange, { bars }: Pick<BarSeries, "bars">): HistoryPeriod {
    const { runtime: { clock }, spanAt } = this.#options;
    const now = clock.now();
    const span = spanAt(symbol, now);
    const lastStartAt = bars.at(-1)?.[0] ?? -Infinity;
    // The source knows better than the calendar if it has later bars.
    const end = span === null || span.isOpen ? now + 1 : Math.max(span.start, lastStartAt + 1);
    const { durationMs, alwaysOpenMs = durationMs } = RANGES[range];
    return { start: end - (span === null ? alwaysOpenMs : durationMs), end };
  }

  /** Lists the providers of a symbol: the serving one first, then by preference. */
  #candidatesOf(symbol: string, quote: Quote | undefined): readonly ConnectedProvider[] {
    const candidates = this.#options.providers.filter(({ provider }) =>
      provider.symbols.includes(symbol)
    );
    const isServing = ({ provider }: ConnectedProvider) => provider.name === quote?.source;
    return [...candidates.filter(isServing), ...candidates.filter((each) => !isServing(each))];
  }
}
