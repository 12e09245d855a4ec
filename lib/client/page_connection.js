// @ts-check
/// <reference lib="dom" />
/**
 * The page's stream: one plain EventSource, and an honest word for how it is doing.
 *
 * @module
 */
import { durationWords } from "./page_format.js";

/** @typedef {"connecting" | "live" | "stale" | "reconnecting" | "busy" | "offline"} State */

/**
 * @typedef {object} ConnectionOptions
 * @property {string | undefined} cursor Where the first paint ended: the stream goes on from there.
 * @property {readonly string[]} types The events handed to `onEvent`.
 * @property {(type: string, json: string) => void} onEvent
 * @property {(state: State, detail: string) => void} onState
 */

/** So many heartbeats may fail to come before the connection counts as mute. */
const HEARTBEATS_MISSED = 2.5;
/** How long a connection may take to come about: longer than any `retry:` the server sends, and the dial. */
const PATIENCE_MS = 60_000;

const CONNECTED = "Connected: changes arrive as they happen.";

/** @type {Record<string, string>} */
const GOODBYES = {
  drain: "The server is restarting.",
  max_age: "The connection reached its maximum age.",
  slow: "This connection was too slow for the stream.",
  fault: "The server had a fault.",
};

/**
 * Follows a stream for as long as the page lives.
 *
 * @param {string} url With parameters.
 * @param {ConnectionOptions} options
 * @returns {{ connect(): void }} `connect` begins anew: where the browser gave up, nothing else does.
 */
export function createConnection(url, { cursor, types, onEvent, onState }) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {State} */
  let state = "connecting";
  let heardAt = 0;
  /** True where the server has said why it ends the stream. */
  let isTold = false;
  let heartbeatMs = 15_000;
  /** The server's clock and ours, read at once: the server's alone cannot tell how far we are behind. */
  let synced = { server: 0, local: 0 };

  /**
   * @param {State} next
   * @param {string} detail
   */
  function say(next, detail) {
    state = next;
    onState(next, detail);
  }

  /** @type {Record<string, (json: string) => void>} */
  const ours = {
    sync(json) {
      const { heartbeat_ms, server_time } = JSON.parse(json);
      heartbeatMs = heartbeat_ms;
      synced = { server: server_time, local: performance.now() };
      say("live", CONNECTED);
    },
    heartbeat(json) {
      const behindMs = (performance.now() - synced.local) - (Number(json) - synced.server);
      if (behindMs > HEARTBEATS_MISSED * heartbeatMs) {
        say("stale", `What you see is ${durationWords(behindMs / 1000)} behind.`);
      } else if (state === "stale") say("live", CONNECTED);
    },
    gap() {
      say("live", "A part of the past is gone; what you see is the newest.");
    },
    busy(json) {
      isTold = true;
      const { in_use, limit, retry_after_ms } = JSON.parse(json);
      const next = `Next try in ${durationWords(retry_after_ms / 1000)}.`;
      say("busy", `The server has no free stream (${in_use} of ${limit} in use). ${next}`);
    },
    bye(json) {
      isTold = true;
      const { reason } = JSON.parse(json);
      say("reconnecting", `${GOODBYES[reason] ?? "The server ended the stream."} Trying again.`);
    },
  };

  /** @param {MessageEvent<string>} event */
  function receive({ type, data, lastEventId }) {
    heardAt = performance.now();
    cursor = lastEventId || cursor;
    ours[type]?.(data);
    if (types.includes(type)) onEvent(type, data);
  }

  function lost() {
    heardAt = performance.now();
    if (source?.readyState === EventSource.CLOSED) {
      say("offline", "The server refused the stream, so the browser has given up.");
    } else if (!isTold) say("reconnecting", "The connection was lost. Trying again.");
    isTold = false;
  }

  function dial() {
    source?.close();
    heardAt = performance.now();
    source = new EventSource(cursor ? `${url}&last_event_id=${encodeURIComponent(cursor)}` : url);
    for (const type of new Set([...Object.keys(ours), ...types])) {
      source.addEventListener(type, receive);
    }
    source.addEventListener("error", lost);
  }

  function watch() {
    if (source === undefined || source.readyState === EventSource.CLOSED) return;
    const isOpen = source.readyState === EventSource.OPEN;
    const silentMs = performance.now() - heardAt;
    if (silentMs < (isOpen ? HEARTBEATS_MISSED * heartbeatMs : PATIENCE_MS)) return;
    const silence = `Nothing came for ${durationWords(silentMs / 1000)}`;
    say("stale", `${silence}: the connection is mute. Connecting anew.`);
    dial();
  }

  function connect() {
    say("connecting", "Asking the server for the stream.");
    dial();
  }

  setInterval(watch, 1000);
  addEventListener("pageshow", ({ persisted }) => persisted && connect());
  connect();
  return { connect };
}
