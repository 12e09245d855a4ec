/**
 * Fetching from others: at most one call at a time for one URL, none that is not needed, none that is not welcome.
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

/** URLs whose last answer is kept: more than any upstream of ours has. With `maxBytes` it bounds the memory. */
const MAX_URLS = 32;

/** A value, and how good it is. */
export interface UpstreamAnswer<T> {
  /** Parsed for this caller alone, so it may be changed. */
  readonly value: T;
  /** When it came in, in ms since the epoch. */
  readonly receivedAt: number;
  /** The same by the monotonic clock: ages are measured by it. */
  readonly receivedElapsed: number;
  /** Why it was not refreshed, where it is older than the TTL: else null. */
  readonly failure: UpstreamFailure | null;
}

/** How an upstream is doing. */
export interface Health {
  readonly breaker: BreakerState;
  /** In ms since the epoch: no call goes out before. Null where one is allowed now. */
  readonly nextTryAt: number | null;
  /** How the last call failed, null after a success. Never of kind `waiting`, since that is no call. */
  readonly failure: UpstreamFailure | null;
}

/** One remote. What it is asked for shares a breaker. */
export interface Upstream {
  /**
   * Gets a value: the known one within the TTL, else from the upstream, else an older one that says so.
   *
   * @param parse Whatever it throws means an answer of unknown shape, unless it is an {@linkcode UpstreamFailure}.
   * @throws {UpstreamFailure} Where no value of this URL is known. Nothing else is thrown.
   */
  get<T>(url: string, parse: (text: string) => T): Promise<UpstreamAnswer<T>>;
  health(): Health;
}

/** How an upstream is asked, and how often. */
export interface UpstreamOptions extends RequestOptions {
  /** What its calls are counted under. */
  readonly name?: string;
  /** How long an answer holds, counted from when it was asked for: a poll every `ttlMs` always gets a new one. */
  readonly ttlMs: number;
}

/** A text that could be parsed. Texts are kept rather than values: callers cannot spoil each other's. */
interface Copy {
  readonly text: string;
  readonly askedAt: number;
  readonly receivedAt: number;
  readonly receivedElapsed: number;
}

/** Throws where a text is of no use. */
type Check = (text: string) => void;

/** Creates an upstream. Nothing starts before the first `get()`. */
export function createUpstream(runtime: Runtime, options: UpstreamOptions): Upstream {
  const { clock, metrics = noMetrics } = runtime;
  const { name = "", title, ttlMs } = options;
  const breaker = createBreaker(clock);
  metrics.guarded(name, breaker.state);
  const cooldown = createCooldown(clock);
  let lastFailure: UpstreamFailure | null = null;

  // Freshness is judged in get(): lru-cache's own TTL takes a start of 0 for "never expires" and needs a clock.
  const copies = new LRUCache<string, Copy, Check>({
    max: MAX_URLS,
    noDeleteOnFetchRejection: true,
    ignoreFetchAbort: true, // a flight that others pushed out of the cache still answers those who wait for it
    async fetchMethod(url, _old, { context: check }) {
      if (clock.now() < cooldown.until()) throw leaveAlone();
      return await breaker.run(() => call(url, check), leaveAlone);
    },
  });

  function isFresh(copy: Copy | undefined): boolean {
    return copy !== undefined && clock.now() - copy.askedAt < ttlMs;
  }

  async function call(url: string, check: Check): Promise<Copy> {
    const askedAt = clock.now();
    try {
      const text = await fetchText(runtime, options, url);
      const received = { receivedAt: clock.now(), receivedElapsed: clock.elapsed() };
      check(text);
      cooldown.succeeded();
      lastFailure = null;
      metrics.called(name, "ok");
      return { text, askedAt, ...received };
    } catch (thrown) {
      lastFailure = unknownShape(thrown);
      cooldown.failed(lastFailure);
      metrics.called(name, lastFailure.kind);
      throw lastFailure;
    }
  }

  function unknownShape(thrown: unknown): UpstreamFailure {
    return asFailure(thrown, "shape", `${title} answered in a shape we do not know`);
  }

  function leaveAlone(): UpstreamFailure {
    metrics.called(name, "waiting");
    return waiting();
  }

  function nextTryAt(): number {
    return Math.max(breaker.until(), cooldown.until());
  }

  function waiting(): UpstreamFailure {
    const at = nextTryAt();
    const time = new Date(Math.ceil(at / 1000) * 1000).toISOString().slice(11, 19);
    const why = at === cooldown.until() ? ", as it asked" : ` after ${breaker.failures()} failures`;
    return new UpstreamFailure("waiting", `${title} is left alone until ${time} UTC${why}`, {
      retryAfterMs: Math.max(at - clock.now(), 0),
    });
  }

  return {
    async get<T>(url: string, parse: (text: string) => T) {
      // Whoever's parser judged the text of a flight need not parse it again.
      const own: { parsed?: { readonly value: T } } = {};
      let failure: UpstreamFailure | null = null;
      let copy = copies.peek(url);
      try {
        copy = await copies.forceFetch(url, {
          forceRefresh: !isFresh(copy),
          context: (text) => {
            own.parsed = { value: parse(text) };
          },
        });
      } catch (thrown) {
        failure = unknownShape(thrown);
        copy = copies.peek(url);
        if (copy === undefined) throw failure;
      }
      try {
        const { value } = own.parsed ?? { value: parse(copy.text) };
        const { receivedAt, receivedElapsed } = copy;
        return { value, receivedAt, receivedElapsed, failure };
      } catch (thrown) {
        throw unknownShape(thrown);
      }
    },
    health() {
      const at = nextTryAt();
      return {
        breaker: breaker.state(),
        nextTryAt: clock.now() < at ? at : null,
        failure: lastFailure,
      };
    },
  };
}
