// @ts-check
/// <reference lib="dom" />
/**
 * A POST whose response is a stream, such as a chat message.
 *
 * @module
 */
import { createBackoff } from "./backoff.js";
import { ANSWER_TERMINAL_EVENTS, CONTROL_EVENTS } from "./event_types.js";
import { MAX_MISSED_HEARTBEATS } from "./heartbeat.js";
import { createParser } from "./parser.js";
import { readRefusal, sendRequest } from "./request.js";
import { browserRuntime } from "./runtime.js";

/** @import { BrowserRuntime, LiveEvent, PostStreamOptions, ReceivedFrame } from "./types.js" */

/** The number of consecutive failures at which the client gives up. */
const MAX_POST_FAILURES = 20;
/** The longest silence before `sync` names the heartbeat, which is 15 s by default. */
const MAX_FIRST_SILENCE_MS = MAX_MISSED_HEARTBEATS * 15_000;
/** The interval of deliveries to `onEvents`, so that a page does not render each token. */
const BATCH_MS = 50;

/** Parses a frame whose data is JSON. @param {ReceivedFrame} frame @returns {LiveEvent[]} */
const parseJsonFrame = ({ type, data, id = "" }) => [{ type, data: JSON.parse(data), id }];

/**
 * Sends a POST and follows its answer across cuts and restarts. The POST is repeated, with the same `Idempotency-Key`, only
 * until a server has accepted it. A malformed frame counts as a cut.
 *
 * @param {string | URL} url
 * @param {PostStreamOptions} options
 * @param {Pick<BrowserRuntime, "now" | "after" | "random" | "fetch">} [runtime]
 * @returns {Promise<LiveEvent>} The terminal event.
 * @throws {Error} With a `status` if the request is refused, with the last failure as `cause` if the client gives up, or the
 *   signal's reason if it is aborted.
 */
export async function stream(url, options, runtime = browserRuntime()) {
  const { body, headers, signal, onEvents, resumeUrl, withCredentials } = options;
  const { normalize = parseJsonFrame } = options;
  const backoff = createBackoff(runtime);
  const requestHeaders = new Headers(headers);
  if (!requestHeaders.has("idempotency-key")) {
    // Without TLS, crypto.randomUUID is missing.
    requestHeaders.set("idempotency-key", `${runtime.now()}-${runtime.random()}`);
  }
  requestHeaders.set("accept", "text/event-stream");
  requestHeaders.set("content-type", "application/json");
  /** @type {LiveEvent[]} */
  let batch = [];
  /** @type {LiveEvent | undefined} */
  let terminalEvent;
  /** The URL at which the answer resumes. @type {URL | undefined} */
  let location = body === undefined && resumeUrl ? new URL(resumeUrl) : undefined;
  /** True once a server has accepted the request: from then on it is not repeated. */
  let isAccepted = location !== undefined;
  /** The value of `isAccepted` before the current attempt, because a busy server takes its acceptance back. */
  let wasAccepted = false;
  let cursor = "";
  let maxSilenceMs = MAX_FIRST_SILENCE_MS;
  let minDelayMs = 0;
  let attempt = new AbortController();
  let cancelFlush = () => {};
  let stopWatchdog = () => {};
  let skipDelay = () => {};

  /** Delivers the pending events. */
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

  /** @param {LiveEvent} event */
  function receive(event) {
    const { type, data, id } = event;
    cursor = id || cursor;
    isAccepted = wasAccepted || type !== "busy";
    minDelayMs = data?.retry_after_ms ?? data?.retry_ms ?? 0;
    if (type === "sync") maxSilenceMs = MAX_MISSED_HEARTBEATS * data.heartbeat_ms;
    if (terminalEvent || CONTROL_EVENTS.includes(type)) return;
    backoff.reset();
    if (batch.push(event) === 1) cancelFlush = runtime.after(BATCH_MS, flush);
    if (!ANSWER_TERMINAL_EVENTS.includes(type)) return;
    terminalEvent = event;
    attempt.abort();
  }

  /** Sends the POST, or resumes its answer, and reads the stream to its end. Throws if the network fails. */
  async function send() {
    wasAccepted = isAccepted;
    if (cursor) location?.searchParams.set("last_event_id", cursor);
    // The watchdog also runs while the response is pending, because a request may be lost without an error.
    restartWatchdog();
    const response = await sendRequest(runtime, location ?? url, {
      ...!isAccepted && { method: "POST", body: JSON.stringify(body) },
      headers: requestHeaders,
      withCredentials,
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
    const namedUrl = resumeUrl ?? headers.get("location") ?? headers.get("content-location");
    if (namedUrl) {
      const target = new URL(namedUrl, response.url);
      // Another origin receives the request's headers only if the caller has named it.
      if (resumeUrl || target.origin === new URL(response.url).origin) location ??= target;
    }
    restartWatchdog();
    const { feed } = createParser((frame) => normalize(frame).forEach(receive));
    await response.body.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(text) {
          feed(text);
          restartWatchdog(); // a comment is a sign of life too
        },
      }),
    );
  }

  /** Waits, at most until `skipDelay` is called. @param {number} ms @returns {Promise<void>} */
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
      const ms = Math.max(backoff.fail(), minDelayMs);
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
