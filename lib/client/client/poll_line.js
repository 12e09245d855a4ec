// @ts-check
/// <reference lib="dom" />
/**
 * A line over the JSON routes, where no stream comes through: it tells what a stream would.
 *
 * @module
 */
import { refusalOf } from "./answer.js";

/** How long a round may take. */
const ROUND_MS = 15_000;
/** The server's delays are this much longer or shorter, so that clients do not come together. */
const JITTER = 0.1;
const ENDS = ["completed", "failed", "cancelled", "expired"];

/** Whether a topic can be had without a stream. @param {string} topic */
export const isPollable = (topic) => /^(quotes|news|(operations|sessions)\/.*)$/.test(topic);

/** @param {string} topic */
function pathOf(topic) {
  return `/v1/${topic}${topic.startsWith("sessions/") ? "/events" : ""}`;
}

/** @type {import("./types.js").OpenLine} */
export function openPoll(url, { onFrame, onEnd }, world, { withCredentials }) {
  const stop = new AbortController();
  const { signal } = stop;
  const { searchParams } = url;
  // News first: a place before the quotes' misses none of either.
  const all = new Set((searchParams.get("topics") ?? "").split(",").filter(isPollable).sort());
  /** @type {Map<string, string | null>} */
  const tags = new Map();
  let cursor = searchParams.get("last_event_id") ?? "";
  let callOff = () => {};

  /** @param {string} type @param {unknown} data @param {string} [id] */
  const tell = (type, data, id) => onFrame({ type, data: JSON.stringify(data), id });

  /** @param {string} topic */
  function urlOf(topic) {
    const target = new URL(url.href.replace(/\/v1\/stream\?.*/, pathOf(topic)));
    const name = { quotes: "symbols", news: "source" }[topic] ?? "";
    const filter = searchParams.get(name);
    if (filter) target.searchParams.set(name, filter);
    if (topic === "news" && cursor) target.searchParams.set("after", cursor);
    return target;
  }

  /** @param {string} topic @param {any} data */
  function take(topic, { articles, retracted, next_poll_delay: _, ...data }) {
    if (topic === "quotes") tell("snapshot", data);
    else if (topic === "news") {
      if (data.gap) tell("gap", { topic, after: cursor, before: null });
      if (!cursor) return; // as a stream without a cursor: what is new comes from now on
      for (const each of articles) tell(each.updated_at ? "article.updated" : "article", each);
      for (const id of retracted) tell("article.retracted", { id });
    } else {
      const state = data.state ?? data.session_state;
      const isOver = ENDS.includes(state);
      const type = data.state ? "progress" : "session";
      tell(isOver ? state : type, { id: topic.split("/")[1], ...data });
      if (isOver) all.delete(topic);
    }
  }

  /** @param {string} topic @returns {Promise<{ delayS: number, cursor: string } | import("./types.js").End>} */
  async function ask(topic) {
    const answer = await world.fetch(urlOf(topic), {
      headers: { accept: "application/json" },
      credentials: withCredentials ? "include" : "same-origin",
      cache: "no-cache",
      signal,
    });
    if (!answer.ok) return await refusalOf(answer);
    const data = await answer.json();
    const tag = answer.headers.get("etag");
    if (!tag || tag !== tags.get(topic) || topic === "news") take(topic, data);
    tags.set(topic, tag);
    return { delayS: data.next_poll_delay ?? 5, cursor: data.cursor ?? "" };
  }

  /** @returns {Promise<void>} */
  async function round() {
    const stopWaiting = world.after(ROUND_MS, () => end({ kind: "lost" }));
    let delayS = Infinity;
    let next = "";
    for (const topic of all) {
      const got = await ask(topic);
      if (signal.aborted) return;
      if ("kind" in got) return stopWaiting(), end(got);
      delayS = Math.min(delayS, got.delayS);
      next ||= got.cursor;
    }
    stopWaiting();
    cursor = next || cursor;
    if (all.size === 0) return end({ kind: "over" });
    const ms = delayS * 1000 * (1 + JITTER * (2 * world.random() - 1));
    const sync = { resumed: true, heartbeat_ms: ms + ROUND_MS, server_time: 0 };
    tell("sync", sync, cursor || undefined);
    callOff = world.after(ms, start);
  }

  /** @param {import("./types.js").End} how */
  function end(how) {
    if (signal.aborted) return;
    close();
    onEnd(how);
  }

  function start() {
    round().catch(() => end({ kind: "lost" }));
  }

  function close() {
    stop.abort();
    callOff();
  }

  start();
  return close;
}
