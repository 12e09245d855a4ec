/**
 * Requests to an external service, with a TTL cache, one flight per URL, a pace, a cool-down, and circuit breakers: one for
 * the host, and one for each URL. The host is judged only by failures that concern it, so a bad URL affects only itself.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { noMetrics } from "../core/metrics.ts";
import type { Runtime } from "../core/runtime.ts";
import { type Breaker, type BreakerState, createBreaker } from "./breaker.ts";
import { createCallQueue } from "./call_queue.ts";
import { createCooldown } from "./cooldown.ts";
import { asFailure, concernsHost, concernsUrlOnly, UpstreamFailure } from "./failure.ts";
import { type CallLimit, createPace } from "./pace.ts";
import { fetchText, type RequestOptions } from "./request.ts";

/** The most characters of all cached texts: 200 URLs with bodies of 40 KB. */
const MAX_CACHED_CHARACTERS = 8_388_608;

/** The most URLs that are cached, and whose failures are counted. */
const MAX_URLS = 2048;

/** The time after its last call for which a URL counts for the health of its host, in milliseconds. */
const URL_ACTIVE_MS = 15 * 60_000;

/** The most different URLs that must fail before the host counts as failing. Fewer suffice if fewer are in use. */
const MAX_EVIDENCE_URLS = 5;

/** The different URLs that must fail in a row in a trial, if more than one waits. */
const TRIAL_URLS = 2;

/** The most calls in flight. A call that hangs takes one until its deadline. */
const MAX_IN_FLIGHT = 16;

/** The limits of an upstream that states none. */
const DEFAULT_LIMITS: readonly CallLimit[] = [{ calls: 10, perMs: 1000 }];

/** The longest time for which a call waits for the pace, in milliseconds, unless the TTL is longer. */
const MAX_PACE_WAIT_MS = 10_000;

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
  /** The state of the host's breaker. If this is closed, that of the URLs if all that are in use are paused. */
  readonly breaker: BreakerState;
  /** The wall time before which no call goes out, in milliseconds since the Unix epoch. Null if one is allowed now. */
  readonly nextTryAt: number | null;
  /** The failure of the last call, null after a success. Never of kind `waiting`, because then no call was made. */
  readonly failure: UpstreamFailure | null;
}

/** One external service. All its URLs share a pace and a breaker. */
export interface Upstream {
  /**
   * Gets a value: the cached one within the TTL, else a new one from the upstream, else the stale one with the failure.
   *
   * @param parse Parses a body. It throws if the shape is unknown, or an {@linkcode UpstreamFailure} that the body reports.
   * @param cost The credits that a call costs within the limits. One by default.
   * @throws {UpstreamFailure} The refresh failed and no value of this URL is cached. Nothing else is thrown.
   */
  get<T>(url: string, parse: (text: string) => T, cost?: number): Promise<UpstreamValue<T>>;
  /** Returns the health at this moment. */
  health(): UpstreamHealth;
}

/** The options of an upstream. */
export interface UpstreamOptions extends RequestOptions {
  /** The name under which metrics count the calls. The title by default. */
  readonly name?: string;
  /** The TTL of a value in milliseconds. It begins with the request, so a poll every `ttlMs` always makes a call. */
  readonly ttlMs: number;
  /** The limits within which calls are made. Ten calls per second by default. */
  readonly limits?: readonly CallLimit[] | undefined;
}

/** The recent outcomes of a URL. */
interface UrlRecord {
  readonly breaker: Breaker;
  /** The monotonic time of the last call. */
  calledElapsed: number;
  /** The monotonic time of its last trial that failed. */
  trialFailedElapsed: number;
  lastFailure: UpstreamFailure | null;
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

/** Formats a wall time as hours, minutes and seconds, rounded up. */
function utcTime(ms: number): string {
  return new Date(Math.ceil(ms / 1000) * 1000).toISOString().slice(11, 19);
}

/** Creates an upstream. Nothing starts before the first `get()`. */
export function createUpstream(runtime: Runtime, options: UpstreamOptions): Upstream {
  const { clock, metrics = noMetrics } = runtime;
  const { title, name = title, ttlMs, limits = DEFAULT_LIMITS } = options;
  const records = new LRUCache<string, UrlRecord>({ max: MAX_URLS });
  const breaker = createBreaker(clock, evidenceUrls);
  metrics.guarded(name, () => health().breaker);
  const cooldown = createCooldown(clock);
  const cache = new LRUCache<string, CachedText>({
    max: MAX_URLS,
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ text }) => Math.max(1, text.length),
  });
  const flights = new Map<string, Promise<CachedText>>();
  const pace = createPace(clock, limits);
  const queue = createCallQueue(clock, pace, {
    maxInFlight() {
      if (waitMs() > 0) return 0;
      return breaker.state() === "closed" ? MAX_IN_FLIGHT : 1;
    },
    // The trials of a host rotate, so that a URL that fails for good does not decide all of them.
    rankOfTrial: (url) => recordOf(url).trialFailedElapsed,
  });
  let lastFailure: UpstreamFailure | null = null;
  /** The wall time of the end of the current pause. It is set when the pause begins, because it is shown. */
  let nextTryAt = 0;

  function recordOf(url: string): UrlRecord {
    const known = records.get(url);
    if (known !== undefined) return known;
    const record: UrlRecord = {
      breaker: createBreaker(clock),
      calledElapsed: -Infinity,
      trialFailedElapsed: -Infinity,
      lastFailure: null,
    };
    records.set(url, record);
    return record;
  }

  /** Lists the URLs that are in use. */
  function activeRecords(): UrlRecord[] {
    return [...records.values()].filter(({ calledElapsed }) =>
      clock.elapsed() - calledElapsed < URL_ACTIVE_MS
    );
  }

  /**
   * Returns the number of different URLs that must fail for the host to count as failing: half of those in use, and in a
   * trial a second one if it waits.
   */
  function evidenceUrls(state: BreakerState): number {
    if (state === "half-open") return queue.size() > 0 ? TRIAL_URLS : 1;
    const half = Math.ceil((activeRecords().length + queue.size()) / 2);
    return Math.min(Math.max(half, TRIAL_URLS), MAX_EVIDENCE_URLS);
  }

  function isFresh({ requestedElapsed }: CachedText): boolean {
    return clock.elapsed() - requestedElapsed < ttlMs;
  }

  /** Returns the milliseconds until the host may be called. */
  function waitMs(): number {
    return Math.max(breaker.waitMs(), cooldown.waitMs());
  }

  function recordSuccess(record: UrlRecord): void {
    cooldown.recordSuccess();
    breaker.recordSuccess();
    record.breaker.recordSuccess();
    record.lastFailure = lastFailure = null;
  }

  function recordFailure(url: string, record: UrlRecord, failure: UpstreamFailure): void {
    const isHostTrial = breaker.state() === "half-open";
    record.lastFailure = lastFailure = failure;
    if (!concernsUrlOnly(failure)) cooldown.recordFailure(failure);
    // The host has answered, whatever it says about this URL.
    if (!concernsHost(failure)) breaker.recordSuccess();
    // A URL that has failed for long says nothing new about its host.
    else if (isHostTrial || record.breaker.state() === "closed") breaker.recordFailure(url);
    if (isHostTrial) record.trialFailedElapsed = clock.elapsed();
    else if (cooldown.waitMs() === 0) record.breaker.recordFailure(url);
    if (waitMs() > 0) nextTryAt = Math.round(clock.now() + waitMs());
  }

  async function call(url: string, check: TextCheck): Promise<CachedText> {
    const requestedElapsed = clock.elapsed();
    const record = recordOf(url);
    record.calledElapsed = requestedElapsed;
    try {
      const text = await fetchText(runtime, options, url);
      const received = { receivedAt: clock.now(), receivedElapsed: clock.elapsed() };
      check(text);
      recordSuccess(record);
      metrics.called(name, "ok");
      return { text, requestedElapsed, ...received };
    } catch (thrown) {
      const failure = toFailure(thrown);
      recordFailure(url, record, failure);
      metrics.called(name, failure.kind);
      throw failure;
    }
  }

  async function refresh(url: string, check: TextCheck, cost: number): Promise<CachedText> {
    if (waitMs() > 0) throw refuseAll();
    const record = recordOf(url);
    if (record.breaker.state() === "open") throw refuseUrl(record);
    const paceMs = queue.waitMs(cost);
    if (paceMs > Math.max(ttlMs, MAX_PACE_WAIT_MS)) throw refuseForPace(paceMs);
    const text = await queue.run(url, cost, () => call(url, check), refuseAll);
    cache.set(url, text);
    return text;
  }

  /** Joins the flight of a URL, or starts one. */
  function joinFlight(url: string, check: TextCheck, cost: number): Promise<CachedText> {
    const current = flights.get(url);
    if (current) return current;
    const flight = refresh(url, check, cost).finally(() => flights.delete(url));
    flights.set(url, flight);
    return flight;
  }

  /** Converts a thrown value to a failure: of kind `shape` if it is not one already, because then a parser threw it. */
  function toFailure(thrown: unknown): UpstreamFailure {
    return asFailure(thrown, "shape", `${title} answered in an unknown format`);
  }

  /** Counts a call that is not made, and creates its failure. */
  function refuse(reason: string, retryAfterMs: number, cause: UpstreamFailure | null) {
    metrics.called(name, "waiting");
    return new UpstreamFailure("waiting", `${title} is not called ${reason}`, {
      retryAfterMs,
      cause: cause ?? undefined,
    });
  }

  /** Creates the failure of a call while the host is not called. */
  function refuseAll(): UpstreamFailure {
    const reason = cooldown.waitMs() >= breaker.waitMs()
      ? ", as it requested"
      : ` after ${breaker.failures()} failures`;
    return refuse(`until ${utcTime(nextTryAt)} UTC${reason}`, waitMs(), lastFailure);
  }

  /** Creates the failure of a call while its URL is not called. */
  function refuseUrl({ breaker, lastFailure }: UrlRecord): UpstreamFailure {
    const time = utcTime(clock.now() + breaker.waitMs());
    const reason = `until ${time} UTC after ${breaker.failures()} failures`;
    return refuse(reason, breaker.waitMs(), lastFailure);
  }

  /** Creates the failure of a call that would exceed a limit for long. */
  function refuseForPace(paceMs: number): UpstreamFailure {
    const reason = `until ${
      utcTime(clock.now() + paceMs)
    } UTC, since its limit of calls is reached`;
    return refuse(reason, paceMs, null);
  }

  /** Returns the health of the URLs: paused if all that are in use are. */
  function healthOfUrls(): UpstreamHealth {
    const states = activeRecords().map((record) => record.breaker.state());
    const isPaused = states.length > 0 && !states.includes("closed");
    const isOpen = isPaused && !states.includes("half-open");
    const waitsMs = activeRecords().map((record) => record.breaker.waitMs());
    return {
      breaker: isOpen ? "open" : isPaused ? "half-open" : "closed",
      nextTryAt: isOpen ? Math.round(clock.now() + Math.min(...waitsMs)) : null,
      failure: lastFailure,
    };
  }

  function health(): UpstreamHealth {
    const isHostClosed = breaker.state() === "closed" && waitMs() === 0;
    if (isHostClosed) return healthOfUrls();
    return {
      breaker: breaker.state(),
      nextTryAt: waitMs() > 0 ? nextTryAt : null,
      failure: lastFailure,
    };
  }

  return {
    async get<T>(url: string, parse: (text: string) => T, cost = 1) {
      // A flight calls the parser of the caller that started it, so that caller need not parse the text again.
      const ownFlight: { parsed?: { readonly value: T } } = {};
      let failure: UpstreamFailure | null = null;
      let cached = cache.get(url);
      if (cached === undefined || !isFresh(cached)) {
        try {
          cached = await joinFlight(url, (text) => {
            ownFlight.parsed = { value: parse(text) };
          }, cost);
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
    health,
  };
}
