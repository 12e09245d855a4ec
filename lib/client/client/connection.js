// @ts-check
/// <reference lib="dom" />
/**
 * A connection that reconnects: it opens, replaces and upgrades transports, and delivers each event once.
 *
 * @module
 */
import { createAttempt, HEALTHY_AFTER_MS, isHealthy, LEVELS } from "./attempt.js";
import { createBackoff } from "./backoff.js";
import { createDedupe } from "./dedupe.js";
import { createEmitter } from "./emitter.js";
import { MAX_MISSED_HEARTBEATS, missedHeartbeats } from "./heartbeat.js";
import { createPageLifecycle } from "./page_lifecycle.js";
import { createReconnectTimer } from "./reconnect_timer.js";
import { sendRequest } from "./request.js";
import { CLOSED_REASON, createConnectionState, PAUSED_REASON } from "./state.js";
import { pollableTopics } from "./transports/poll.js";
import { serverUrl, streamUrl } from "./url.js";

/** @import { Attempt } from "./attempt.js" */
/** @import { Emitter } from "./emitter.js" */
/** @import { ConnectionState, ConnectOptions, BrowserRuntime, LiveEvent, LiveConnection, ReceivedFrame, TransportEnd } from "./types.js" */

/** The number of consecutive failures at which the connection gives up. */
const MAX_FAILURES = 20;
/** The longest delay before a connection that the server is about to end is replaced. */
const MAX_REPLACE_DELAY_MS = 1000;
/** The mean interval of attempts at a better transport. */
const UPGRADE_INTERVAL_MS = 60_000;

const CONNECTING_REASON = "Connecting to the server.";
const LIVE_REASON = "Connected: changes arrive as they happen.";
/** Texts for the reasons of `bye` that count as failures. @type {Readonly<Record<string, string>>} */
const BYE_REASONS = {
  slow: "This page reads events more slowly than they arrive.",
  revoked: "Access to these topics has ended.",
  fault: "The server failed.",
};

/** Formats a duration in seconds, rounded up. @param {number} ms */
const formatSeconds = (ms) => `${Math.ceil(ms / 1000)} s`;

/** Explains the state `polling`. @param {readonly string[]} unpollable Topics that polls do not deliver. */
function pollingReason(unpollable) {
  const except = unpollable.length ? `, but not for ${unpollable.join(", ")}` : "";
  return `Streaming is blocked: polling instead${except}. Streaming is tried again every minute.`;
}

/**
 * Follows topics until it is closed.
 *
 * `current` is the attempt that delivers, from its `sync` on. `next` is the attempt before its `sync`. At most one attempt
 * is scheduled. Listeners of the state may close or reconnect, so a change is published last, or `isFinal` is read after it.
 *
 * @param {ConnectOptions} options
 * @param {BrowserRuntime} runtime
 * @returns {LiveConnection}
 * @throws {TypeError} If the URL is invalid.
 */
export function createConnection(options, runtime) {
  const { topics, symbols, types = [], ticket: obtainTicket, withCredentials = false } = options;
  const pollable = pollableTopics(topics, !!obtainTicket);
  const unpollable = topics.filter((topic) => !pollable.includes(topic));
  const bestLevel = runtime.EventSource ? LEVELS.eventSource : LEVELS.fetch;
  const worstLevel = pollable.length ? LEVELS.poll : LEVELS.fetch;

  const backoff = createBackoff(runtime);
  const dedupe = createDedupe(options.cursor ?? "");
  /** @type {Emitter<LiveEvent>} */
  const events = createEmitter(runtime.report);
  let server = serverUrl(options.url, runtime.baseUrl);

  const state = createConnectionState(runtime.report, { reason: CONNECTING_REASON });
  const lifecycle = createPageLifecycle(runtime, {
    onTick: checkHeartbeats,
    onWake: wake,
    onHide() {
      if (level >= LEVELS.poll) pause();
    },
    onRelease: pause,
  });
  const timer = createReconnectTimer(runtime, startAttempt);

  let level = bestLevel;
  /** Consecutive silent attempts at this level. */
  let silentAttempts = 0;
  /** @type {Attempt | undefined} */
  let current;
  /** @type {Attempt | undefined} */
  let next;
  /** True if no attempt follows until `reconnect()`: the connection is refused, closed or has ended. */
  let isFinal = false;
  let isClosed = false;
  /** True after a tick whose quote must be requested. */
  let isIncomplete = false;

  /** Publishes changes of the state, with the transport and the failures of now. @param {Partial<ConnectionState>} changes */
  function setState(changes) {
    const { transport = null } = current ?? {};
    state.update({ transport, failures: backoff.failures, ...changes });
  }

  /** Publishes that events arrive. @param {Attempt} attempt */
  function setConnected({ level }) {
    const isPoll = level === LEVELS.poll;
    const reason = isPoll ? pollingReason(unpollable) : LIVE_REASON;
    setState({ kind: isPoll ? "polling" : "live", reason, lagMs: 0 });
  }

  /** Closes an attempt, which is then neither `current` nor `next`. @param {Attempt | undefined} attempt */
  function close(attempt) {
    attempt?.close();
    if (attempt === current) current = undefined;
    if (attempt === next) next = undefined;
  }

  /** Closes all transports and stops all timers. @param {ConnectionState["kind"]} kind @param {string} reason */
  function suspend(kind, reason) {
    timer.cancel();
    lifecycle.stop();
    close(next);
    close(current);
    setState({ kind, reason });
  }

  /** Suspends the connection until `reconnect()`. @param {ConnectionState["kind"]} kind @param {string} reason */
  function finish(kind, reason) {
    isFinal = true;
    suspend(kind, reason);
  }

  /** Suspends the connection until the page needs it again. */
  function pause() {
    if (!isFinal) suspend("paused", PAUSED_REASON);
  }

  /** Schedules an attempt at the best transport, randomly around the interval, so that clients spread out. */
  const scheduleUpgrade = () =>
    timer.schedule(UPGRADE_INTERVAL_MS * (0.5 + runtime.random()), bestLevel);

  /**
   * Opens a transport. The current one continues until the `sync` of the next. Polls do not continue, because two of them
   * would deliver events without ids twice.
   */
  async function startAttempt(attemptLevel = level) {
    if (!current) setState(state.get().kind === "stale" ? {} : { reason: CONNECTING_REASON });
    if (isFinal) return;
    const isPoll = attemptLevel === LEVELS.poll;
    if (isPoll && runtime.isHidden()) return pause();
    if (isPoll) close(current);
    timer.cancel();
    close(next);
    const attempt = next = createAttempt(attemptLevel, runtime.elapsed());
    let ticket;
    try {
      ticket = isPoll ? undefined : await obtainTicket?.();
    } catch (error) {
      runtime.report(error);
      if (attempt === next) fail(attempt, "No ticket could be obtained.");
    }
    if (attempt !== next) return;
    const cursor = isPoll ? dedupe.pollCursor() : dedupe.cursor();
    attempt.close = attempt.open(
      streamUrl(server, options, cursor, ticket),
      {
        onFrame(frame) {
          try {
            receive(attempt, frame);
          } catch (error) {
            // A malformed frame is dropped, over every transport.
            runtime.report(error);
          }
        },
        onEnd: (end) => handleEnd(attempt, end),
      },
      runtime,
      { types, pollable, withCredentials },
    );
  }

  /** Handlers of control events. In a map, types such as `constructor` have none. @type {Map<string, (attempt: Attempt, data: any) => void>} */
  const controlHandlers = new Map(Object.entries({
    sync(attempt, { resumed, gone, heartbeat_ms, server_time, polled }) {
      if (attempt !== current) {
        attempt.syncedAt = runtime.elapsed();
        attempt.serverAheadMs = server_time - runtime.elapsed();
        close(current);
        next = undefined;
        current = attempt;
        level = attempt.level;
        timer.cancel();
        if (level > bestLevel) scheduleUpgrade();
        if (!resumed) dedupe.reset();
        if (gone) events.emit({ type: "gone", data: gone, id: "" });
      }
      if (polled) dedupe.advancePoll(polled, !unpollable.length);
      attempt.heartbeatMs = heartbeat_ms;
      if (attempt === current) setConnected(attempt);
    },
    heartbeat(attempt, time) {
      const lagMs = Math.round(runtime.elapsed() + attempt.serverAheadMs - time);
      if (lagMs <= MAX_MISSED_HEARTBEATS * attempt.heartbeatMs) return setConnected(attempt);
      setState({ kind: "stale", reason: `Events arrive ${formatSeconds(lagMs)} late.`, lagMs });
    },
    auth(_, { expires_in_ms }) {
      // An ordinary attempt, not a replacement, because the next attempt after a cut must not wait for it.
      if (obtainTicket && expires_in_ms > HEALTHY_AFTER_MS && !timer.isReplacing) {
        timer.schedule(expires_in_ms / (2 + runtime.random()));
      }
    },
    busy(attempt, { in_use, limit, retry_after_ms }) {
      const reason = `The server is full (${in_use} of ${limit} streams in use).`;
      fail(attempt, reason, retry_after_ms, "busy");
    },
    bye(attempt, { reason, retry_ms }) {
      if (reason === "finished") handleEnd(attempt, { kind: "finished" });
      else if (reason === "drain" || reason === "max_age") {
        // The current connection delivers until the server closes it.
        timer.scheduleReplacement(runtime.random() * Math.min(retry_ms, MAX_REPLACE_DELAY_MS));
      } else fail(attempt, BYE_REASONS[reason] ?? "The server ended the stream.", retry_ms);
    },
  }));

  /** Handles a frame. Throws if it is malformed. @param {Attempt} attempt @param {ReceivedFrame} frame */
  function receive(attempt, { type, data: json, id = "", retry }) {
    attempt.receivedAt = runtime.elapsed();
    attempt.retryMs = retry || attempt.retryMs;
    const data = JSON.parse(json);
    const handle = controlHandlers.get(type);
    if (handle) handle(attempt, data);
    else if (attempt === current) {
      if (type === "gap" && !attempt.isOpening) dedupe.reset();
      const event = dedupe.accept({ type, data, id });
      if (event) events.emit(event);
      isIncomplete ||= event === undefined;
    }
    if (attempt !== current || !id) return;
    attempt.isOpening = false;
    dedupe.advance(id);
  }

  /** Requests the quotes that ticks need. A failed request is repeated. */
  async function completeQuotes() {
    isIncomplete = false;
    const url = `${server}/v1/quotes${symbols ? `?symbols=${symbols}` : ""}`;
    const response = await sendRequest(runtime, url, { withCredentials }).catch(() => null);
    const data = await response?.json().catch(() => null);
    const event = current && data?.quotes && dedupe.accept({ type: "snapshot", data, id: "" });
    if (event) events.emit(event);
    else isIncomplete = true;
  }

  /** Handles the end that a transport reports. @param {Attempt} attempt @param {TransportEnd} end */
  function handleEnd(attempt, end) {
    if (end.kind === "finished") finish("ended", "All topics have ended.");
    else if (end.kind === "refused") {
      const { status, detail, retryAfterMs } = end;
      // A timeout and a rate limit are temporary.
      const isRefusal = status < 500 && ![408, 429].includes(status);
      if (!current && isRefusal) finish("stopped", detail);
      else fail(attempt, detail, retryAfterMs, retryAfterMs ? "busy" : undefined);
    } else {
      // Only fetch exposes the status.
      if (end.kind === "unknown" && !current) level = Math.max(level, LEVELS.fetch);
      fail(attempt, "The connection was lost.", attempt.retryMs);
    }
  }

  /**
   * Closes a failed attempt and schedules another: an upgrade if a connection still delivers, none if another attempt runs
   * or a replacement is scheduled.
   *
   * A delay that the server requests (`busy`) does not count as a failure, because a full server spreads its clients over time
   * and admits them when it has room. A page that waits as requested must not give up.
   *
   * @param {Attempt} attempt
   * @param {string} reason
   * @param {number} [minDelayMs]
   * @param {"reconnecting" | "busy" | "stale"} [kind] Only `reconnecting` backs off.
   */
  function fail(attempt, reason, minDelayMs = 0, kind = "reconnecting") {
    close(attempt);
    if (current) return scheduleUpgrade();
    if (isHealthy(attempt)) backoff.reset();
    if (next || timer.isReplacing) return setState({ kind: "reconnecting", reason });
    const ms = kind === "reconnecting" ? Math.max(minDelayMs, backoff.fail()) : minDelayMs;
    const isOnline = runtime.isOnline();
    if (isOnline && backoff.failures >= MAX_FAILURES) {
      return suspend("stopped", `${reason} Gave up after ${MAX_FAILURES} tries.`);
    }
    timer.schedule(ms);
    const cause = isOnline ? reason : "There is no network.";
    setState({
      kind: isOnline ? kind : "offline",
      reason: ms ? `${cause} Next try in ${formatSeconds(ms)}.` : cause,
      nextTryAt: runtime.elapsed() + ms,
    });
  }

  /**
   * Replaces a silent attempt. A second one in a row lowers the transport level.
   *
   * @param {Attempt} attempt
   */
  function replaceSilent(attempt) {
    close(attempt);
    if (!current) {
      if (attempt.syncedAt === Infinity) backoff.fail();
      if (++silentAttempts >= 2 && level < worstLevel) {
        level++;
        silentAttempts = 0;
      }
    }
    fail(attempt, "The connection is silent. Opening another.", 0, "stale");
  }

  /** Replaces a silent attempt, or forgets the failures before a healthy one. */
  function checkHeartbeats() {
    // Once for all ticks of a second. When a source fails, all clients request quotes, but not at the same time.
    if (current && isIncomplete) void completeQuotes();
    const now = runtime.elapsed();
    const silent = [next, current].find((attempt) =>
      attempt && missedHeartbeats(attempt, now) >= MAX_MISSED_HEARTBEATS
    );
    if (silent) replaceSilent(silent);
    else if (current && isHealthy(current)) {
      backoff.reset();
      silentAttempts = 0;
      // Publishes that there are no failures.
      setState({});
    }
  }

  /** Starts an attempt immediately, without the earlier failures. */
  function start() {
    backoff.reset();
    if (!current) setState({ kind: "connecting", reason: CONNECTING_REASON });
    if (isFinal) return;
    lifecycle.start();
    void startAttempt();
  }

  /**
   * Starts an attempt, unless a frame has arrived within a heartbeat or the state forbids it.
   *
   * @param {number} sleptMs The time that the monotonic clock has missed.
   */
  function wake(sleptMs) {
    const { kind } = state.get();
    // A busy server has named the time of the next attempt.
    if (isFinal || kind === "busy" || (kind === "paused" && runtime.isHidden())) return;
    const now = runtime.elapsed() + sleptMs;
    if (![next, current].some((attempt) => attempt && missedHeartbeats(attempt, now) <= 1)) start();
  }

  function reconnect() {
    if (isClosed) return;
    isFinal = false;
    level = bestLevel;
    silentAttempts = 0;
    close(current);
    start();
  }

  start();

  return {
    subscribe: events.subscribe,
    state: state.get,
    onState: state.subscribe,
    cursor: dedupe.cursor,
    reconnect,
    setUrl(url) {
      server = serverUrl(url, runtime.baseUrl);
      reconnect();
    },
    close() {
      isClosed = true;
      lifecycle.close();
      finish("stopped", CLOSED_REASON);
    },
  };
}
