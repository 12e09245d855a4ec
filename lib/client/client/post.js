// @ts-check
/// <reference lib="dom" />
/**
 * A POST whose answer is a stream, such as a chat's.
 *
 * @module
 */
import { createBackoff } from "./backoff.js";
import { ANSWER_TERMINAL_EVENTS, CONTROL_EVENTS } from "./event_types.js";
import { createParser } from "./parser.js";
import { browserRuntime } from "./runtime.js";
import { readRefusal } from "./transports/fetch.js";

/** @import { BrowserRuntime, LiveEvent, PostStreamOptions, ReceivedFrame } from "./types.js" */

/** Failures in a row after which the request is given up. */
const MAX_POST_FAILURES = 20;
/** The longest silence before `sync` names the heartbeat. */
const MAX_FIRST_SILENCE_MS = 37_500;
/** The interval of deliveries to `onEvents`. */
const BATCH_MS = 50;

/**
 * Follows the answer to a POST across cuts and restarts. The POST is repeated, with the same `Idempotency-Key`, only until
 * a server has accepted it.
 *
 * @param {string | URL} url
 * @param {PostStreamOptions} options
 * @param {Pick<BrowserRuntime, "now" | "after" | "random" | "fetch">} [runtime]
 * @returns {Promise<LiveEvent>} The terminal event.
 * @throws {Error} With a `status` if the request is refused; the signal's reason if it is aborted.
 */
export async function stream(url, options, runtime = browserRuntime()) {
  const { body, headers, signal, onEvents, resumeUrl, withCredentials } = options;
  const backoff = createBackoff(runtime);
  const requestHeaders = new Headers(headers);
  const key = "idempotency-key";
  // Without TLS, crypto.randomUUID is missing.
  requestHeaders.set(key, requestHeaders.get(key) ?? `${runtime.now()}-${runtime.random()}`);
  requestHeaders.set("accept", "text/event-stream");
  requestHeaders.set("content-type", "application/json");
  /** @type {LiveEvent[]} */
  let batch = [];
  /** @type {LiveEvent | undefined} */
  let terminalEvent;
  /** The URL at which the answer resumes. @type {URL | undefined} */
  let location;
  /** True once a server has accepted the request: from then on it is not repeated. */
  let isAccepted = false;
  let wasAccepted = false;
  let cursor = "";
  let maxSilenceMs = MAX_FIRST_SILENCE_MS;
  let minDelayMs = 0;
  let attempt = new AbortController();
  let cancelFlush = () => {};
  let stopWatchdog = () => {};
  let skipDelay = () => {};

  function flush() {
    cancelFlush();
    const events = batch;
    batch = [];
    if (events.length) onEvents(events);
  }

  function restartWatchdog() {
    stopWatchdog();
    stopWatchdog = runtime.after(maxSilenceMs, () => attempt.abort());
  }

  /** @param {ReceivedFrame} frame */
  function receive({ type, data: json, id = "" }) {
    const data = JSON.parse(json);
    cursor = id || cursor;
    isAccepted = wasAccepted || type !== "busy";
    minDelayMs = data?.retry_after_ms ?? data?.retry_ms ?? 0;
    if (type === "sync") maxSilenceMs = 2.5 * data.heartbeat_ms;
    restartWatchdog();
    if (terminalEvent || CONTROL_EVENTS.includes(type)) return;
    backoff.reset();
    const event = { type, data, id };
    if (batch.push(event) === 1) cancelFlush = runtime.after(BATCH_MS, flush);
    if (!ANSWER_TERMINAL_EVENTS.includes(type)) return;
    terminalEvent = event;
    attempt.abort();
  }

  async function send() {
    wasAccepted = isAccepted;
    if (cursor) location?.searchParams.set("last_event_id", cursor);
    // A request may be lost silently too.
    restartWatchdog();
    const response = await runtime.fetch(location ?? url, {
      ...isAccepted ? {} : { method: "POST", body: JSON.stringify(body) },
      headers: requestHeaders,
      credentials: withCredentials ? "include" : "same-origin",
      signal: attempt.signal,
    });
    const { ok, status, headers } = response;
    const type = headers.get("content-type") ?? "";
    if (!ok || !response.body || !type.startsWith("text/event-stream")) {
      const { detail, retryAfterMs } = await readRefusal(response);
      minDelayMs = retryAfterMs;
      // Another attempt may help after a named delay, or if a proxy has lost the server.
      const isFinal = (status < 500 && status !== 429) || (type.includes("json") && !minDelayMs);
      throw Object.assign(new Error(detail), { status, isFinal });
    }
    isAccepted = true;
    const answerLocation = headers.get("location") ?? headers.get("content-location");
    const target = new URL(resumeUrl ?? answerLocation ?? "", response.url);
    // Another origin receives our headers only if the caller has named it.
    const isSameOrigin = target.origin === new URL(response.url).origin;
    if (resumeUrl || (answerLocation && isSameOrigin)) location ??= target;
    restartWatchdog();
    await response.body.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: createParser(receive).feed }));
  }

  /** @param {number} ms @returns {Promise<void>} */
  const delay = (ms) =>
    new Promise((resolve) => {
      const cancel = runtime.after(ms, resolve);
      skipDelay = () => {
        cancel();
        resolve();
      };
    });

  const onAbort = () => {
    attempt.abort();
    skipDelay();
  };
  signal?.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      attempt = new AbortController();
      minDelayMs = 0;
      const error = await send().catch((error) => error);
      stopWatchdog();
      if (terminalEvent) return terminalEvent;
      signal?.throwIfAborted();
      if (error?.isFinal) throw error;
      const ms = Math.max(backoff.next(), minDelayMs);
      if (backoff.failures >= MAX_POST_FAILURES || (isAccepted && !location)) {
        const reason = isAccepted ? "The answer was cut off." : "The server cannot be reached.";
        throw new Error(reason, { cause: error });
      }
      await delay(ms);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    flush();
  }
}
