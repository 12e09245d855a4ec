// @ts-check
/// <reference lib="dom" />
/**
 * The answer to a POST that comes as a stream, such as a chat's.
 *
 * @module
 */
import { refusalOf } from "./answer.js";
import { createBackoff } from "./backoff.js";
import { createParser } from "./parser.js";
import { browserWorld } from "./runtime.js";

/** @typedef {import("./types.js").StreamEvent} StreamEvent */

const TERMINAL = ["done", "failed", "stopped"];
/** About the connection: not handed on. */
const OURS = ["sync", "heartbeat", "auth", "bye", "busy"];

/**
 * Follows the answer to a POST over cuts and restarts. It is sent again, with the same `Idempotency-Key`, only until a
 * server has taken it.
 *
 * @param {string | URL} url
 * @param {import("./types.js").PostOptions} options
 * @param {Pick<import("./types.js").World, "now" | "after" | "random" | "fetch">} [world]
 * @returns {Promise<StreamEvent>} The terminal event.
 * @throws {Error} With `status` where it was refused; the signal's reason where aborted.
 */
export async function stream(url, options, world = browserWorld()) {
  const { body, headers, signal, onEvents, resumeUrl, withCredentials } = options;
  const backoff = createBackoff(world);
  const sent = new Headers(headers);
  const key = "idempotency-key";
  // crypto.randomUUID is not there without TLS.
  sent.set(key, sent.get(key) ?? `${world.now()}-${world.random()}`);
  sent.set("accept", "text/event-stream");
  sent.set("content-type", "application/json");
  /** @type {StreamEvent[]} */
  let batch = [];
  /** @type {StreamEvent | undefined} */
  let end;
  /** @type {URL | undefined} Where the answer goes on. */
  let place;
  let isTaken = false;
  let wasTaken = false;
  let cursor = "";
  let silenceMs = 37_500;
  let leastMs = 0;
  let cut = new AbortController();
  let callOff = () => {};
  let stopWatch = () => {};
  let wake = () => {};

  function flush() {
    callOff();
    const events = batch;
    batch = [];
    if (events.length) onEvents(events);
  }

  function watch() {
    stopWatch();
    stopWatch = world.after(silenceMs, () => cut.abort());
  }

  /** @param {import("./types.js").Frame} frame */
  function onFrame({ type, data: json, id = "" }) {
    const data = JSON.parse(json);
    cursor = id || cursor;
    isTaken = wasTaken || type !== "busy";
    leastMs = data?.retry_after_ms ?? data?.retry_ms ?? 0;
    if (type === "sync") silenceMs = 2.5 * data.heartbeat_ms;
    watch();
    if (end || OURS.includes(type)) return;
    backoff.reset();
    const event = { type, data, id };
    if (batch.push(event) === 1) callOff = world.after(50, flush);
    if (!TERMINAL.includes(type)) return;
    end = event;
    cut.abort();
  }

  async function attempt() {
    wasTaken = isTaken;
    if (cursor) place?.searchParams.set("last_event_id", cursor);
    // A request may be lost without a word too.
    watch();
    const answer = await world.fetch(place ?? url, {
      ...isTaken ? {} : { method: "POST", body: JSON.stringify(body) },
      headers: sent,
      credentials: withCredentials ? "include" : "same-origin",
      signal: cut.signal,
    });
    const { ok, status, headers } = answer;
    const type = headers.get("content-type") ?? "";
    if (!ok || !answer.body || !type.startsWith("text/event-stream")) {
      const { detail, retryAfterMs } = await refusalOf(answer);
      leastMs = retryAfterMs;
      // Another try may help where a time is named, or where something between has lost the server.
      const isFinal = (status < 500 && status !== 429) || (type.includes("json") && !leastMs);
      throw Object.assign(new Error(detail), { status, isFinal });
    }
    isTaken = true;
    const goesOn = headers.get("location") ?? headers.get("content-location");
    const there = new URL(resumeUrl ?? goesOn ?? "", answer.url);
    // Another origin that the caller has not named has no right to our headers.
    if (resumeUrl || (goesOn && there.origin === new URL(answer.url).origin)) place ??= there;
    watch();
    await answer.body.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: createParser(onFrame).feed }));
  }

  const onAbort = () => {
    cut.abort();
    wake();
  };
  signal?.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      cut = new AbortController();
      leastMs = 0;
      const error = await attempt().catch((error) => error);
      stopWatch();
      if (end) return end;
      signal?.throwIfAborted();
      if (error?.isFinal) throw error;
      const ms = Math.max(backoff.next(), leastMs);
      if (backoff.failures >= 20 || (isTaken && !place)) {
        const words = isTaken ? "The answer was cut off." : "The server cannot be reached.";
        throw new Error(words, { cause: error });
      }
      await new Promise((resolve) => {
        const stop = world.after(
          ms,
          wake = () => {
            stop();
            resolve(end);
          },
        );
      });
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    flush();
  }
}
