// @ts-check
/// <reference lib="dom" />
/**
 * The answer to a POST that comes as a stream, such as a chat's.
 *
 * @module
 */
import { createBackoff } from "./backoff.js";
import { createParser } from "./parser.js";
import { browserWorld } from "./world.js";

/** @typedef {import("./types.js").StreamEvent} StreamEvent */
/** @typedef {Pick<import("./types.js").World, "now" | "after" | "random" | "fetch">} World */

/**
 * @typedef {object} PostOptions
 * @property {unknown} body Sent as JSON.
 * @property {(events: readonly StreamEvent[]) => void} onEvents Every 50 ms at most, and before the end. After a `gap` all is told anew.
 * @property {HeadersInit} [headers] Such as `authorization`. An `idempotency-key` is added where there is none.
 * @property {AbortSignal} [signal]
 * @property {string} [resumeUrl] Where the answer goes on, if its `Location` does not say so.
 * @property {boolean} [withCredentials] Sends the cookie to another origin.
 */

const BATCH_MS = 50;
const MOST_FAILURES = 20;
const HEARTBEATS_MISSED = 2.5;
const TERMINAL = ["done", "failed", "stopped"];
/** About the connection: not handed on. */
const OURS = ["sync", "heartbeat", "auth", "bye", "busy"];

/**
 * Hands events on together.
 *
 * @param {Pick<World, "after">} world
 * @param {(events: readonly StreamEvent[]) => void} onEvents
 */
function createBatch({ after }, onEvents) {
  /** @type {StreamEvent[]} */
  let events = [];
  let callOff = () => {};

  function flush() {
    callOff();
    const waiting = events;
    events = [];
    if (waiting.length > 0) onEvents(waiting);
  }

  /** @param {StreamEvent} event */
  function add(event) {
    if (events.push(event) === 1) callOff = after(BATCH_MS, flush);
  }

  return { add, flush };
}

/**
 * Where an answer goes on.
 *
 * @param {Response} answer
 * @param {string} [resumeUrl]
 */
function placeOf({ headers, url }, resumeUrl) {
  if (resumeUrl) return new URL(resumeUrl, url);
  const location = headers.get("location") ?? headers.get("content-location");
  const place = location ? new URL(location, url) : undefined;
  // Another origin has no right to our headers, which hold the token.
  return place?.origin === new URL(url).origin ? place : undefined;
}

/**
 * Why a server refused. Another try may help where it names a time, or where something between has lost it.
 *
 * @param {Response} answer
 */
async function refusalOf(answer) {
  const { status, headers } = answer;
  const problem = await answer.json().catch(() => undefined);
  const after = headers.get("retry-after");
  return {
    words: problem?.detail ?? `The server answered ${status}.`,
    leastMs: Number(after) * 1000 || 0,
    isFinal: (status !== 429 && status < 500) || (problem && !after),
    status,
    problem,
  };
}

/**
 * Sends a POST and follows its answer to the terminal event, over cuts and restarts. It is sent again, with the same
 * `Idempotency-Key`, only as long as no server has taken it.
 *
 * @param {string | URL} url
 * @param {PostOptions} options
 * @param {World} [world]
 * @returns {Promise<StreamEvent>} The terminal event.
 * @throws {Error} In words for people, with `status` and `problem` where it was refused; the signal's reason where aborted.
 */
export async function stream(
  url,
  { body, onEvents, headers, signal, resumeUrl, withCredentials },
  world = browserWorld(),
) {
  const backoff = createBackoff(world);
  const batch = createBatch(world, onEvents);
  const sent = new Headers(headers);
  const key = "idempotency-key";
  // Not by crypto.randomUUID, which pages without TLS do not have.
  if (!sent.has(key)) sent.set(key, `${world.now()}-${world.random()}`);
  sent.set("accept", "text/event-stream");
  sent.set("content-type", "application/json");
  /** @type {StreamEvent | undefined} */
  let end;
  /** @type {URL | undefined} */
  let place;
  let isTaken = false;
  let isBusy = false;
  let cursor = "";
  let silenceMs = 15_000 * HEARTBEATS_MISSED;
  let leastMs = 0;
  let trouble = "";
  let wake = () => {};
  const onAbort = () => wake();

  /** @param {import("./types.js").Frame} frame */
  function onFrame({ type, data: json, id = "" }) {
    const data = JSON.parse(json);
    cursor = id || cursor;
    isBusy = type === "busy";
    leastMs = data?.retry_after_ms ?? data?.retry_ms ?? 0;
    if (type === "sync") silenceMs = data.heartbeat_ms * HEARTBEATS_MISSED;
    if (end || OURS.includes(type)) return;
    backoff.reset();
    const event = { type, data, id };
    batch.add(event);
    if (TERMINAL.includes(type)) end = event;
  }

  /** @param {ReadableStream<Uint8Array<ArrayBuffer>>} content */
  async function read(content) {
    const reader = content.pipeThrough(new TextDecoderStream()).getReader();
    const cancel = () => void reader.cancel().catch(() => {});
    const parser = createParser(onFrame);
    for (;;) {
      const callOff = world.after(silenceMs, cancel);
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      callOff();
      if (value === undefined) return;
      parser.feed(value);
      if (end) return cancel();
    }
  }

  async function attempt() {
    const wasTaken = isTaken;
    isBusy = false;
    leastMs = 0;
    trouble = "The server cannot be reached.";
    if (cursor) place?.searchParams.set("last_event_id", cursor);
    const answer = await world.fetch(place ?? url, {
      headers: sent,
      credentials: withCredentials ? "include" : "same-origin",
      ...isTaken ? {} : { method: "POST", body: JSON.stringify(body) },
      ...signal && { signal },
    }).catch(() => undefined);
    if (!answer) return;
    if (!answer.ok) {
      const { words, isFinal, ...refusal } = await refusalOf(answer);
      if (isFinal) throw Object.assign(new Error(words), refusal);
      leastMs = refusal.leastMs;
      trouble = words;
      return;
    }
    if (!answer.body || !answer.headers.get("content-type")?.startsWith("text/event-stream")) {
      throw new Error("The server's answer is no stream.");
    }
    isTaken = true;
    place ??= placeOf(answer, resumeUrl);
    sent.delete("content-type");
    await read(answer.body);
    isTaken = wasTaken || !isBusy;
  }

  /** @param {number} ms */
  function pause(ms) {
    return new Promise((resolve) => {
      wake = () => {
        callOff();
        resolve(undefined);
      };
      const callOff = world.after(ms, wake);
    });
  }

  signal?.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      await attempt();
      if (end) return end;
      signal?.throwIfAborted();
      if (isTaken && !place) throw new Error("The answer was cut off and cannot be resumed.");
      const ms = Math.max(leastMs, backoff.next());
      if (backoff.failures >= MOST_FAILURES) throw new Error(`${trouble} Gave up.`);
      await pause(ms);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    batch.flush();
  }
}
