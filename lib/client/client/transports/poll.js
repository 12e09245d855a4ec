// @ts-check
/// <reference lib="dom" />
/**
 * A line over the JSON routes, where no stream comes through: it tells what a stream would, round by round. Each round is
 * told whole or not at all, between two `sync` of its own making; the second has how far it went as `polled`.
 *
 * @module
 */
import { ask, refusalOf } from "../answer.js";

/** How long a round may well take. */
const ROUND_MS = 5000;
/** How often it looks whether there is a stream again, where nothing is left to ask for. */
const IDLE_S = 60;
const ENDS = ["completed", "failed", "cancelled", "expired"];

/**
 * The topics that can be had without a stream, in the order of asking: the first one's cursor is the place, since it is
 * older than all that is told after it.
 *
 * @param {readonly string[]} topics
 * @param {boolean} hasTicket A ticket opens streams and nothing else.
 */
export const pollableOf = (topics, hasTicket) => [
  ...["news", "quotes"].filter((each) => topics.includes(each)),
  ...topics.filter((each) => !hasTicket && /^(operations|sessions)\//.test(each)),
];

/** @type {import("../types.js").OpenLine} */
export function openPoll(url, { onFrame, onEnd }, world, { polled, withCredentials }) {
  const stop = new AbortController();
  const { signal } = stop;
  const { searchParams } = url;
  const asked = new Set(polled);
  let lasting = (searchParams.get("topics") ?? "").split(",").length;
  /** @type {Map<string, string | null>} */
  const tags = new Map();
  let cursor = searchParams.get("last_event_id") ?? "";
  let callOff = () => {};

  /** @param {string} type @param {unknown} data */
  const tell = (type, data) =>
    signal.aborted || onFrame({ type, data: JSON.stringify(data), id: undefined });

  /** @param {string} topic */
  function urlOf(topic) {
    const path = `/v1/${topic}${topic.startsWith("sessions/") ? "/events" : ""}`;
    const target = new URL(url.href.replace(/\/v1\/stream\?.*/, path));
    const name = { quotes: "symbols", news: "source" }[topic] ?? "";
    const filter = searchParams.get(name);
    if (filter) target.searchParams.set(name, filter);
    if (topic === "news" && cursor) target.searchParams.set("after", cursor);
    return target;
  }

  /**
   * Adds what a stream would have told.
   *
   * @param {(type: string, data: unknown) => void} add
   * @param {string} topic
   * @param {any} answer
   */
  function read(add, topic, answer) {
    const { quotes, status, articles, retracted, gap, next_poll_delay: _, ...data } = answer;
    if (topic === "quotes") return add("snapshot", { quotes, status });
    if (topic === "news") {
      // As a stream without a cursor: what is new comes from now on.
      if (!cursor) return;
      if (gap) add("gap", { topic, after: cursor, before: null });
      for (const each of articles) add(each.updated_at ? "article.updated" : "article", each);
      for (const id of retracted) add("article.retracted", { id });
      return;
    }
    const state = data.state ?? data.session_state;
    const isOver = ENDS.includes(state);
    if (isOver && asked.delete(topic)) lasting--;
    const type = isOver ? state : data.state ? "progress" : "session";
    add(type, { id: topic.split("/")[1], ...data });
  }

  async function round() {
    /** @type {[type: string, data: unknown][]} */
    const events = [];
    /** @param {string} type @param {unknown} data */
    const add = (type, data) => void events.push([type, data]);
    /** @type {string[]} */
    const gone = [];
    /** @type {string | undefined} */
    let place;
    let delayS = Infinity;
    for (const topic of asked) {
      const answer = await ask(world, urlOf(topic), "application/json", withCredentials, signal);
      // As a stream that goes on: what is no more is named, and the others are told.
      if (answer.status === 404 && topic.includes("/") && (cursor || tags.has(topic))) {
        asked.delete(topic);
        lasting--;
        await answer.body?.cancel();
        gone.push(topic);
        continue;
      }
      if (!answer.ok) return end(await refusalOf(answer));
      const data = await answer.json();
      const tag = answer.headers.get("etag");
      if (!tag || tag !== tags.get(topic) || topic === "news") read(add, topic, data);
      tags.set(topic, tag);
      delayS = Math.min(delayS, data.next_poll_delay ?? 5);
      place ??= data.cursor ?? "";
    }
    cursor = place || cursor;
    if (gone.length) add("gone", gone);
    // A tenth longer or shorter, so that clients do not come together.
    const ms = (delayS < Infinity ? delayS : IDLE_S) * (900 + 200 * world.random());
    const sync = { resumed: true, heartbeat_ms: ms + ROUND_MS };
    tell("sync", sync);
    for (const event of events) tell(...event);
    tell("sync", { ...sync, polled: cursor });
    if (!lasting) end({ kind: "over" });
    else if (!signal.aborted) callOff = world.after(ms, start);
  }

  /** @param {import("../types.js").End} how */
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
