/**
 * Requests to an external service, with a TTL cache, one flight per URL, a circuit breaker and a cool-down.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { noMetrics } from "../core/metrics.ts";
import type { Runtime } from "../core/runtime.ts";
import { type BreakerState, createBreaker } from "./breaker.ts";
import { createCooldown } from "./cooldown.ts";
import { asFailure, UpstreamFailure } from "./failure.ts";
import { fetchText, type RequestOptions } from "./request.ts";

/** The most URLs whose last text is cached. Together with `maxBytes` it bounds the memory. */
const MAX_CACHED_URLS = 32;

/** A value, the time of its receipt, and the failure to refresh it. */
export interface UpstreamValue<T> {
  /** Parsed for this caller alone, so the caller may change it. */
  readonly value: T;
  /** The wall time of its receipt, in milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** The monotonic time of its receipt, by which its age is measured. */
  readonly receivedElapsed: number;
  /** The failure of the last refresh if the value is older than the TTL, else null. */
  readonly failure: UpstreamFailure | null;
}

/** The health of an upstream. */
export interface UpstreamHealth {
  readonly breaker: BreakerState;
  /** The wall time before which no call goes out, in milliseconds since the Unix epoch. Null if one is allowed now. */
  readonly nextTryAt: number | null;
  /** The failure of the last call, null after a success. Never of kind `waiting`, because then no call was made. */
  readonly failure: UpstreamFailure | null;
}

/** One external service. All its URLs share a breaker. */
export interface Upstream {
  /**
   * Gets a value: the cached one within the TTL, else a new one from the upstream, else the stale one with the failure.
   *
   * @param parse Parses a body. It throws if the shape is unknown, or an {@linkcode UpstreamFailure} that the body reports.
   * @throws {UpstreamFailure} The refresh failed and no value of this URL is cached. Nothing else is thrown.
   */
  get<T>(url: string, parse: (text: string) => T): Promise<UpstreamValue<T>>;
  /** Returns the health at this moment. */
  health(): UpstreamHealth;
}

/** The options of an upstream. */
export interface UpstreamOptions extends RequestOptions {
  /** The name under which metrics count the calls. The title by default. */
  readonly name?: string;
  /** The TTL of a value in milliseconds. It begins with the request, so a poll every `ttlMs` always makes a call. */
  readonly ttlMs: number;
}

/** A body that could be parsed. Texts are cached instead of values, so callers cannot change each other's values. */
interface CachedText {
  readonly text: string;
  /** The monotonic time of the request. */
  readonly requestedElapsed: number;
  readonly receivedAt: number;
  readonly receivedElapsed: number;
}

/** Checks the text of a body. It throws if the text cannot be used. */
type TextCheck = (text: string) => void;

/** Creates an upstream. Nothing starts before the first `get()`. */
export function createUpstream(runtime: Runtime, options: UpstreamOptions): Upstream {
  const { clock, metrics = noMetrics } = runtime;
  const { title, name = title, ttlMs } = options;
  const breaker = createBreaker(clock);
  metrics.guarded(name, breaker.state);
  const cooldown = createCooldown(clock);
  const cache = new LRUCache<string, CachedText>({ max: MAX_CACHED_URLS });
  const flights = new Map<string, Promise<CachedText>>();
  let lastFailure: UpstreamFailure | null = null;
  /** The wall time of the end of the current pause. It is set when the pause begins, because it is shown. */
  let nextTryAt = 0;

  function isFresh({ requestedElapsed }: CachedText): boolean {
    return clock.elapsed() - requestedElapsed < ttlMs;
  }

  function waitMs(): number {
    return Math.max(breaker.waitMs(), cooldown.waitMs());
  }

  async function call(url: string, check: TextCheck): Promise<CachedText> {
    const requestedElapsed = clock.elapsed();
    try {
      const text = await fetchText(runtime, options, url);
      const received = { receivedAt: clock.now(), receivedElapsed: clock.elapsed() };
      check(text);
      cooldown.recordSuccess();
      lastFailure = null;
      metrics.called(name, "ok");
      return { text, requestedElapsed, ...received };
    } catch (thrown) {
      lastFailure = toFailure(thrown);
      cooldown.recordFailure(lastFailure);
      metrics.called(name, lastFailure.kind);
      throw lastFailure;
    }
  }

  async function refresh(url: string, check: TextCheck): Promise<CachedText> {
    if (cooldown.waitMs() > 0) throw refuse();
    try {
      const text = await breaker.run(() => call(url, check), refuse);
      cache.set(url, text);
      return text;
    } catch (thrown) {
      if (thrown === lastFailure) nextTryAt = Math.round(clock.now() + waitMs());
      throw thrown;
    }
  }

  /** Joins the flight of a URL, or starts one. */
  function joinFlight(url: string, check: TextCheck): Promise<CachedText> {
    const current = flights.get(url);
    if (current) return current;
    const flight = refresh(url, check).finally(() => flights.delete(url));
    flights.set(url, flight);
    return flight;
  }

  /** Converts a thrown value to a failure: of kind `shape` if it is not one already, because then a parser threw it. */
  function toFailure(thrown: unknown): UpstreamFailure {
    return asFailure(thrown, "shape", `${title} answered in an unknown format`);
  }

  /** Counts a call that is not made, and creates its failure. */
  function refuse(): UpstreamFailure {
    metrics.called(name, "waiting");
    const time = new Date(Math.ceil(nextTryAt / 1000) * 1000).toISOString().slice(11, 19);
    const reason = cooldown.waitMs() >= breaker.waitMs()
      ? ", as it requested"
      : ` after ${breaker.failures()} failures`;
    return new UpstreamFailure("waiting", `${title} is not called until ${time} UTC${reason}`, {
      retryAfterMs: waitMs(),
    });
  }

  return {
    async get<T>(url: string, parse: (text: string) => T) {
      // A flight calls the parser of the caller that started it, so that caller need not parse the text again.
      const ownFlight: { parsed?: { readonly value: T } } = {};
      let failure: UpstreamFailure | null = null;
      let cached = cache.get(url);
      if (cached === undefined || !isFresh(cached)) {
        try {
          cached = await joinFlight(url, (text) => {
            ownFlight.parsed = { value: parse(text) };
          });
        } catch (thrown) {
          failure = toFailure(thrown);
          if (cached === undefined) throw failure;
        }
      }
      try {
        const { value } = ownFlight.parsed ?? { value: parse(cached.text) };
        const { receivedAt, receivedElapsed } = cached;
        return { value, receivedAt, receivedElapsed, failure };
      } catch (thrown) {
        throw toFailure(thrown);
      }
    },
    health() {
      return {
        breaker: breaker.state(),
        nextTryAt: waitMs() > 0 ? nextTryAt : null,
        failure: lastFailure,
      };
    },
  };
}
