/**
 * The providers' own histories: cached in the isolate and in the store, so that a deployment asks for each only once per TTL.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { messageOf } from "../../../core/logger.ts";
import type { Runtime } from "../../../core/runtime.ts";
import { createSerial } from "../../../core/serial.ts";
import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import type { Store } from "../../../store/store.ts";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import type { ConnectedProvider } from "../provider_client.ts";
import type { ProviderHistory } from "../providers/provider.ts";
import { decodeBars, encodeBars, limitBars } from "./bar.ts";
import { type HistoryRange, RANGES } from "./range.ts";

/** The size of the cache of an isolate, in characters: about 300 histories. */
const MAX_HISTORY_CHARACTERS = 4_194_304;

/** The time before a history that could not be read is requested again, in ms. */
const HISTORY_RETRY_MS = MINUTE_MS;

/** The most requests for histories to one provider at once: its quotes come first. */
const MAX_REQUESTS_AT_ONCE = 3;

/** The time for which the store keeps a history that is past its TTL, in ms. */
const KEEP_HISTORY_MS = DAY_MS;

/** A history, and the wall time of its receipt in ms. */
export interface SourceHistory extends ProviderHistory {
  readonly receivedAt: number;
}

/** Writes a history for the store. */
function encodeHistory({ receivedAt, intervalMs, prevClose, bars }: SourceHistory): string {
  return [receivedAt, intervalMs, prevClose ?? "", encodeBars(bars)].join(" ");
}

/** Reads a history. Null if there is none, or if another version wrote it. */
export function decodeHistory(text: string | null): SourceHistory | null {
  const [receivedAt, intervalMs, prevClose, bars] = text?.split(" ") ?? [];
  if (bars === undefined || !(Number(intervalMs) > 0)) return null;
  return {
    receivedAt: Number(receivedAt),
    intervalMs: Number(intervalMs),
    prevClose: prevClose || null,
    bars: decodeBars(bars),
  };
}

/** Returns the key of a history in the store. */
export function historyKey(source: string, symbol: string, range: HistoryRange): string {
  return `history:${range}:${symbol}:${source}`;
}

/** Cuts a history to a range that ends with its last bar, and limits its bars. */
function cutTo(range: HistoryRange, history: ProviderHistory): ProviderHistory {
  const { intervalMs, bars, prevClose } = history;
  const startAt = (bars.at(-1)?.[0] ?? 0) - RANGES[range].durationMs;
  const first = bars.findIndex(([barAt]) => barAt > startAt);
  const limited = limitBars({ intervalMs, bars: bars.slice(first) });
  return { ...limited, prevClose: bars[first - 1]?.[4] ?? prevClose };
}

/** The dependencies of the histories. */
export interface SourceHistoriesOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  readonly store: Pick<Store, "set">;
  /** False if the store is not asked, because it has no other isolates. */
  readonly isShared: boolean;
  /** Reads a value of the store. Null if there is none. */
  readonly readValue: (key: string) => Promise<string | null>;
}

/** The arguments of a request. */
interface HistoryRequest {
  readonly connected: ConnectedProvider;
  readonly symbol: string;
  readonly range: HistoryRange;
}

/** Reads and caches the histories of providers. */
export class SourceHistories {
  readonly #options: SourceHistoriesOptions;
  readonly #serial = createSerial();
  #requests = 0;
  /** Encoded histories. The text is empty if there is none. */
  readonly #cache: LRUCache<string, { readonly text: string }, HistoryRequest>;

  constructor(options: SourceHistoriesOptions) {
    this.#options = options;
    this.#cache = new LRUCache({
      maxSize: MAX_HISTORY_CHARACTERS,
      sizeCalculation: ({ text }, key) => text.length + key.length,
      ttlResolution: 0,
      perf: { now: options.runtime.clock.elapsed },
      fetchMethod: async (key, stale, { options: entry, context }) => {
        const { text, ttlMs } = await this.#load(key, stale?.text ?? "", context);
        entry.ttl = Math.max(1, ttlMs);
        return { text };
      },
    });
  }

  /**
   * Returns the history of a provider: within its TTL from the cache, else from the provider, else the last known one. Null
   * if there is none, or the provider has no history. Never rejects.
   */
  async read(
    connected: ConnectedProvider,
    symbol: string,
    range: HistoryRange,
  ): Promise<SourceHistory | null> {
    const { provider } = connected;
    if (provider.readHistory === undefined) return null;
    const key = historyKey(provider.name, symbol, range);
    const cached = await this.#cache.fetch(key, { context: { connected, symbol, range } });
    return decodeHistory(cached?.text ?? null);
  }

  /** Returns the last known history, of any age, without a request. */
  peek(source: string, symbol: string, range: HistoryRange): SourceHistory | null {
    const cached = this.#cache.peek(historyKey(source, symbol, range), { allowStale: true });
    return decodeHistory(cached?.text ?? null);
  }

  /** Loads a history from the store, else from the provider. */
  async #load(
    key: string,
    known: string,
    request: HistoryRequest,
  ): Promise<{ readonly text: string; readonly ttlMs: number }> {
    const { store, readValue, runtime: { clock } } = this.#options;
    const stored = await this.#attempt(() => readValue(key)) ?? known;
    const receivedAt = decodeHistory(stored)?.receivedAt ?? -Infinity;
    const ageMs = clock.now() - receivedAt;
    const { provider } = request.connected;
    const ttlMs = Math.max(RANGES[request.range].ttlMs, provider.minHistoryTtlMs ?? 0);
    // A time in the future comes from a wall clock that was ahead.
    if (ageMs >= 0 && ageMs < ttlMs) return { text: stored, ttlMs: ttlMs - ageMs };
    const queue = `${provider.name} ${this.#requests++ % MAX_REQUESTS_AT_ONCE}`;
    const history = await this.#serial(() => this.#request(request), queue);
    if (history === null) {
      return { text: stored, ttlMs: Math.max(HISTORY_RETRY_MS, provider.minHistoryTtlMs ?? 0) };
    }
    const text = encodeHistory({ ...history, receivedAt: clock.now() });
    await this.#attempt(() => store.set(key, text, ttlMs + KEEP_HISTORY_MS));
    return { text, ttlMs };
  }

  /** Asks the provider. Null if it fails, or has no bars. */
  async #request(
    { connected: { provider, upstream }, symbol, range }: HistoryRequest,
  ): Promise<ProviderHistory | null> {
    const now = this.#options.runtime.clock.now();
    try {
      const history = await provider.readHistory?.(upstream, symbol, range, now);
      return history === undefined || history.bars.length === 0 ? null : cutTo(range, history);
    } catch (thrown) {
      const level = thrown instanceof UpstreamFailure ? "debug" : "error";
      this.#options.runtime.log[level]("Reading a history failed", {
        provider: provider.name,
        symbol,
        range,
        reason: messageOf(thrown),
      });
      return null;
    }
  }

  /** Calls the store if it is shared. A history is only a cache there, so it does without. */
  async #attempt<T>(call: () => Promise<T>): Promise<T | null> {
    if (!this.#options.isShared) return null;
    try {
      return await call();
    } catch (thrown) {
      this.#options.runtime.log.debug("Caching a history failed", { reason: messageOf(thrown) });
      return null;
    }
  }
}
