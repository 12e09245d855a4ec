// @ts-check
/// <reference lib="dom" />
/**
 * The polling transport: it turns JSON answers into the frames of a stream, for networks that block streams. It delivers
 * a round completely or not at all, between two `sync` frames; the second has the round's cursor as `polled`.
 *
 * @module
 */
import { TERMINAL_EVENTS } from "../event_types.js";
import { readRefusal, sendRequest } from "./fetch.js";

/** The time allowed for a round. */
const ROUND_MS = 5000;
/** The interval of rounds when no topic is left to poll. */
const IDLE_INTERVAL_S = 60;

/**
 * Selects the topics that can be polled, in the order of requests: the first answer has the oldest cursor, which is the
 * cursor of the round.
 *
 * @param {readonly string[]} topics
 * @param {boolean} hasTicket A ticket opens streams only.
 */
export const pollableTopics = (topics, hasTicket) => [
  ...["news", "quotes"].filter((each) => topics.includes(each)),
  ...topics.filter((each) => !hasTicket && /^(operations|sessions)\//.test(each)),
];

/** @type {import("../types.js").OpenTransport} */
export function openPoll(url, { onFrame, onEnd }, runtime, { pollable, withCredentials }) {
  const controller = new AbortController();
  const { signal } = controller;
  const { searchParams } = url;
  const topics = new Set(pollable);
  /** The number of topics that have not ended, including those that cannot be polled. */
  let activeTopics = (searchParams.get("topics") ?? "").split(",").length;
  /** @type {Map<string, string | null>} */
  const etags = new Map();
  let cursor = searchParams.get("last_event_id") ?? "";
  let cancelRound = () => {};

  /** @param {string} type @param {unknown} data */
  function deliver(type, data) {
    if (!signal.aborted) onFrame({ type, data: JSON.stringify(data), id: undefined });
  }

  /** @param {string} topic */
  function topicUrl(topic) {
    const path = `/v1/${topic}${topic.startsWith("sessions/") ? "/events" : ""}`;
    const target = new URL(url.href.replace(/\/v1\/stream\?.*/, path));
    const name = { quotes: "symbols", news: "source" }[topic] ?? "";
    const filter = searchParams.get(name);
    if (filter) target.searchParams.set(name, filter);
    if (topic === "news" && cursor) target.searchParams.set("after", cursor);
    return target;
  }

  /** @param {string} topic */
  function endTopic(topic) {
    if (topics.delete(topic)) activeTopics--;
  }

  /**
   * Converts an answer to events.
   *
   * @param {string} topic
   * @param {any} answer
   * @returns {[type: string, data: unknown][]}
   */
  function toEvents(topic, answer) {
    const { quotes, status, articles, retracted, gap, next_poll_delay: _, ...data } = answer;
    if (topic === "quotes") return [["snapshot", { quotes, status }]];
    if (topic === "news") {
      // Without a cursor, news start with the next article, as in a stream.
      if (!cursor) return [];
      return [
        ...gap ? [["gap", { topic, after: cursor, before: null }]] : [],
        ...articles.map((
          /** @type {any} */ each,
        ) => [each.updated_at ? "article.updated" : "article", each]),
        ...retracted.map((/** @type {string} */ id) => ["article.retracted", { id }]),
      ];
    }
    const state = data.state ?? data.session_state;
    const isTerminal = TERMINAL_EVENTS.includes(state);
    if (isTerminal) endTopic(topic);
    const type = isTerminal ? state : data.state ? "progress" : "session";
    return [[type, { id: topic.split("/")[1], ...data }]];
  }

  async function poll() {
    /** @type {[type: string, data: unknown][]} */
    const events = [];
    /** @type {string[]} */
    const gone = [];
    /** @type {string | undefined} */
    let roundCursor;
    let delayS = Infinity;
    for (const topic of topics) {
      const response = await sendRequest(
        runtime,
        topicUrl(topic),
        "application/json",
        withCredentials,
        signal,
      );
      // As in a resumed stream, a deleted topic is named and the others continue.
      if (response.status === 404 && topic.includes("/") && (cursor || etags.has(topic))) {
        endTopic(topic);
        await response.body?.cancel();
        gone.push(topic);
        continue;
      }
      if (!response.ok) return end(await readRefusal(response));
      const answer = await response.json();
      const etag = response.headers.get("etag");
      if (!etag || etag !== etags.get(topic) || topic === "news") {
        events.push(...toEvents(topic, answer));
      }
      etags.set(topic, etag);
      delayS = Math.min(delayS, answer.next_poll_delay ?? 5);
      roundCursor ??= answer.cursor ?? "";
    }
    cursor = roundCursor || cursor;
    if (gone.length) events.push(["gone", gone]);
    // Up to a tenth shorter or longer, so that clients spread out.
    const ms = (delayS < Infinity ? delayS : IDLE_INTERVAL_S) * (900 + 200 * runtime.random());
    const sync = { resumed: true, heartbeat_ms: ms + ROUND_MS };
    deliver("sync", sync);
    for (const event of events) deliver(...event);
    deliver("sync", { ...sync, polled: cursor });
    if (!activeTopics) end({ kind: "finished" });
    else if (!signal.aborted) cancelRound = runtime.after(ms, startRound);
  }

  /** @param {import("../types.js").TransportEnd} how */
  function end(how) {
    if (signal.aborted) return;
    close();
    onEnd(how);
  }

  function startRound() {
    poll().catch(() => end({ kind: "lost" }));
  }

  function close() {
    controller.abort();
    cancelRound();
  }

  startRound();
  return close;
}
