// @ts-check
/// <reference lib="dom" />
/**
 * The polling transport, for networks that block streams. It converts JSON responses to the frames of a stream. It delivers
 * a round completely or not at all, between two `sync` frames; the second has the round's cursor as `polled`.
 *
 * @module
 */
import { TERMINAL_EVENTS } from "../event_types.js";
import { readRefusal, sendRequest } from "../request.js";

/** @import { OpenTransport, TransportEnd } from "../types.js" */

/** @typedef {[type: string, data: unknown]} PolledEvent */

/** The time allowed for the requests of a round. The heartbeat is the delay of the next round plus this time. */
const ROUND_TIMEOUT_MS = 5000;
/** The delay of the next round if a response names none. */
const DEFAULT_DELAY_S = 5;
/** The interval of rounds when no topic is left to poll. */
const IDLE_INTERVAL_S = 60;

/**
 * Selects the topics that can be polled, in the order of requests: the first response has the oldest cursor, which is
 * the cursor of the round.
 *
 * @param {readonly string[]} topics
 * @param {boolean} hasTicket A ticket opens streams only.
 */
export const pollableTopics = (topics, hasTicket) => [
  ...["news", "quotes"].filter((topic) => topics.includes(topic)),
  ...topics.filter((topic) => !hasTicket && /^(operations|sessions)\//.test(topic)),
];

/** @type {OpenTransport} */
export function openPoll(url, { onFrame, onEnd }, runtime, { pollable, withCredentials }) {
  const controller = new AbortController();
  const { signal } = controller;
  const { searchParams } = url;
  const topics = new Set(pollable);
  /** The number of topics that have not ended, including those that cannot be polled. */
  let activeTopics = (searchParams.get("topics") ?? "").split(",").length;
  /** The ETag of each topic's last response. @type {Map<string, string | null>} */
  const etags = new Map();
  let cursor = searchParams.get("last_event_id") ?? "";
  let cancelRound = () => {};

  /** Delivers a frame without an id. @param {string} type @param {unknown} data */
  function deliver(type, data) {
    if (!signal.aborted) onFrame({ type, data: JSON.stringify(data), id: undefined });
  }

  /** Builds the URL of a topic's JSON. @param {string} topic */
  function topicUrl(topic) {
    const path = `/v1/${topic}${topic.startsWith("sessions/") ? "/events" : ""}`;
    const target = new URL(url.href.replace(/\/v1\/stream\?.*/, path));
    const name = { quotes: "symbols", news: "source" }[topic] ?? "";
    const filter = searchParams.get(name);
    if (filter) target.searchParams.set(name, filter);
    if (topic === "news" && cursor) target.searchParams.set("after", cursor);
    return target;
  }

  /** Stops polling a topic. @param {string} topic */
  function endTopic(topic) {
    if (topics.delete(topic)) activeTopics--;
  }

  /**
   * Converts a response to events. A terminal state ends its topic.
   *
   * @param {string} topic
   * @param {any} body
   * @returns {PolledEvent[]}
   */
  function receiveBody(topic, body) {
    const { quotes, status, articles, retracted, gap, next_poll_delay: _, ...data } = body;
    if (topic === "quotes") return [["snapshot", { quotes, status }]];
    if (topic === "news") {
      // Without a cursor, news start with the next article, as in a stream.
      if (!cursor) return [];
      /** @type {PolledEvent[]} */
      const events = gap ? [["gap", { topic, after: cursor, before: null }]] : [];
      for (const article of articles) {
        events.push([article.updated_at ? "article.updated" : "article", article]);
      }
      for (const id of retracted) events.push(["article.retracted", { id }]);
      return events;
    }
    const state = data.state ?? data.session_state;
    const isTerminal = TERMINAL_EVENTS.includes(state);
    if (isTerminal) endTopic(topic);
    const type = isTerminal ? state : data.state ? "progress" : "session";
    return [[type, { id: topic.split("/")[1], ...data }]];
  }

  /** Requests all topics, delivers the round and schedules the next. Throws if the network fails. */
  async function poll() {
    /** @type {PolledEvent[]} */
    const events = [];
    /** @type {string[]} */
    const gone = [];
    /** The cursor of the first response. @type {string | undefined} */
    let roundCursor;
    let delayS = Infinity;
    for (const topic of topics) {
      const response = await sendRequest(runtime, topicUrl(topic), {
        headers: { accept: "application/json" },
        // The browser revalidates its copy, so a response is never outdated.
        cache: "no-cache",
        withCredentials,
        signal,
      });
      // As in a resumed stream, a deleted topic is named and the others continue.
      if (response.status === 404 && topic.includes("/") && (cursor || etags.has(topic))) {
        endTopic(topic);
        await response.body?.cancel();
        gone.push(topic);
        continue;
      }
      if (!response.ok) return end(await readRefusal(response));
      const body = await response.json();
      const etag = response.headers.get("etag");
      // News are requested after the cursor, so that no response repeats another.
      if (!etag || etag !== etags.get(topic) || topic === "news") {
        events.push(...receiveBody(topic, body));
      }
      etags.set(topic, etag);
      delayS = Math.min(delayS, body.next_poll_delay ?? DEFAULT_DELAY_S);
      roundCursor ??= body.cursor ?? "";
    }
    cursor = roundCursor || cursor;
    if (gone.length) events.push(["gone", gone]);
    // Up to a tenth shorter or longer, so that clients spread out.
    const ms = (delayS < Infinity ? delayS : IDLE_INTERVAL_S) * (900 + 200 * runtime.random());
    const sync = { resumed: true, heartbeat_ms: ms + ROUND_TIMEOUT_MS };
    deliver("sync", sync);
    for (const event of events) deliver(...event);
    deliver("sync", { ...sync, polled: cursor });
    if (!activeTopics) end({ kind: "finished" });
    else if (!signal.aborted) cancelRound = runtime.after(ms, startRound);
  }

  /** Closes the transport and reports its end. @param {TransportEnd} reason */
  function end(reason) {
    if (signal.aborted) return;
    close();
    onEnd(reason);
  }

  function startRound() {
    // A malformed response counts as a lost one, because a proxy may have written it.
    poll().catch(() => end({ kind: "lost" }));
  }

  function close() {
    controller.abort();
    cancelRound();
  }

  startRound();
  return close;
}
