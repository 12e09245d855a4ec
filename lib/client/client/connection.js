// @ts-check
/// <reference lib="dom" />
/**
 * A connection that stays: lines are opened, replaced and exchanged for better ones, and what they tell is told once.
 *
 * @module
 */
import { addressOf } from "./address.js";
import { createBackoff } from "./backoff.js";
import { openFetch } from "./fetch_line.js";
import { createListeners } from "./listeners.js";
import { isPollable, openPoll } from "./poll_line.js";
import { createRepeats } from "./repeats.js";
import { openSource } from "./source_line.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").End} End */

/**
 * A line, from its dialling on. It is `current` from its `sync` on.
 *
 * @typedef {object} Trial
 * @property {number} rung
 * @property {number} heardAt
 * @property {number} syncedAt 0 before its `sync`.
 * @property {boolean} isOpening Until the first id.
 * @property {number} heartbeatMs
 * @property {number} aheadMs The server's clock before ours, as of `sync`.
 * @property {() => void} close
 */

/** The ladder, from the best. */
const RUNGS = /** @type {const} */ (["source", "fetch", "poll"]);
const LINES = [openSource, openFetch, openPoll];

/** The types of the built-in topics, and the stream's own. */
const TYPES = [
  ...["sync", "gap", "snapshot", "heartbeat", "bye", "busy", "auth"],
  ...["quote", "status", "article", "article.updated", "article.retracted"],
  ...["progress", "session", "task", "token", "done", "stopped"],
  ...["completed", "failed", "cancelled", "expired"],
];

const MOST_FAILURES = 20;
/** A line that lived so long was healthy: what failed before is forgotten. */
const HEALTHY_MS = 10_000;
/** How long a line may take to its `sync`. */
const PATIENCE_MS = 10_000;
/** So many heartbeats may fail to come. */
const HEARTBEATS_MISSED = 2.5;
const TICK_MS = 1000;
/** A tick that comes so late was slept through. */
const SLEPT_MS = 10_000;
/** Pages that are hidden for so long let go. */
export const HIDDEN_MS = 300_000;
const CLIMB_MS = 60_000;

const ENDED = "All of it has ended.";

/** @param {number} ms */
const seconds = (ms) => `${Math.max(1, Math.round(ms / 1000))} s`;

/**
 * Follows the topics until it is closed.
 *
 * @param {import("./types.js").Options} options
 * @param {import("./types.js").World} world
 * @returns {import("./types.js").Feed}
 */
export function createConnection(options, world) {
  const { topics, ticket, withCredentials = false } = options;
  const types = [...new Set([...TYPES, ...options.types ?? []])];
  const best = world.EventSource ? 0 : 1;
  // A ticket opens streams and nothing else.
  const canPoll = topics.some((each) => isPollable(each) && !(ticket && each.includes("/")));
  const last = canPoll ? 2 : 1;

  const backoff = createBackoff(world);
  const repeats = createRepeats(options.cursor ?? "");
  /** @type {ReturnType<typeof createListeners<import("./types.js").StreamEvent>>} */
  const events = createListeners(world.report);
  /** @type {ReturnType<typeof createListeners<State>>} */
  const states = createListeners(world.report);

  let base = options.url;
  /** @type {State} */
  let state = {
    kind: "connecting",
    transport: null,
    reason: "Asking the server for the stream.",
    nextTryAt: null,
    failures: 0,
    lagMs: 0,
    isShared: false,
  };
  let rung = best;
  /** Lines in a row that never had their `sync`. */
  let mutes = 0;
  /** @type {Trial | undefined} */
  let current;
  /** @type {Trial | undefined} */
  let next;
  let stopRetry = () => {};
  let stopClimb = () => {};
  let stopTick = () => {};
  let stopHiding = () => {};
  let tickedAt = 0;
  /** Whether a line is to be opened beside the current one. */
  let isPlanned = false;
  /** Whether it is over, until somebody asks for more. */
  let isOver = false;
  let isClosed = false;

  /** @param {Partial<State>} change */
  function say(change) {
    const said = { ...state, nextTryAt: null, failures: backoff.failures, ...change };
    if (JSON.stringify(said) !== JSON.stringify(state)) states.tell(state = said);
  }

  function sayLive() {
    if (!current) return;
    const transport = RUNGS[current.rung] ?? null;
    const kind = transport === "poll" ? "polling" : "live";
    const rest = topics.filter((each) => !isPollable(each)).join(", ");
    const polled = `No stream comes through: the server is asked again and again${
      rest && `, but not for ${rest}`
    }. A stream is tried every minute.`;
    const reason = kind === "live" ? "Connected: changes arrive as they happen." : polled;
    say({ kind, transport, reason, lagMs: 0 });
  }

  /** @param {Trial | undefined} trial */
  function drop(trial) {
    trial?.close();
    if (trial === current) current = undefined;
    if (trial === next) next = undefined;
  }

  /** Whether more came than an opening. @param {Trial} trial */
  const isHealthy = ({ syncedAt, heardAt }) => syncedAt > 0 && heardAt - syncedAt >= HEALTHY_MS;

  /** All that was to come has come, or nothing will. @param {State["kind"]} kind @param {string} reason */
  function finish(kind, reason) {
    isOver = true;
    rest({ kind, reason });
  }

  /** Lets go of everything that runs, and says why. @param {Partial<State>} why */
  function rest(why) {
    for (const stop of [stopRetry, stopClimb, stopTick]) stop();
    isPlanned = false;
    drop(next);
    drop(current);
    say({ transport: null, ...why });
  }

  /** Opens a line. Where another one is current it goes on until this one has had its `sync`. */
  async function dial(at = rung) {
    stopRetry();
    isPlanned = false;
    drop(next);
    /** @type {Trial} */
    const trial = next = {
      rung: at,
      heardAt: world.now(),
      syncedAt: 0,
      isOpening: true,
      heartbeatMs: 15_000,
      aheadMs: 0,
      close() {},
    };
    let bought;
    try {
      bought = await ticket?.();
    } catch {
      if (trial === next) lost(trial, 0, "No ticket could be had.");
    }
    if (trial !== next) return;
    const url = addressOf(base, options, repeats.cursor(), bought, world.baseUrl);
    const open = LINES[at] ?? openPoll;
    trial.close = open(
      url,
      {
        onFrame: (frame) => receive(trial, frame),
        onEnd: (end) => over(trial, end),
      },
      world,
      { types, withCredentials },
    );
  }

  /** What the stream says of itself, by type. @type {Record<string, (trial: Trial, data: any) => void>} */
  const ours = {
    sync(trial, { resumed, gone, heartbeat_ms, server_time }) {
      const isFirst = trial !== current;
      if (isFirst) {
        trial.syncedAt = world.now();
        trial.aheadMs = server_time - world.now();
        next = undefined;
        drop(current);
        current = trial;
        rung = trial.rung;
        stopClimb();
        if (rung > best) climbLater();
        if (!resumed) repeats.forget();
        if (gone) events.tell({ type: "gone", data: gone, id: "" });
      }
      trial.heartbeatMs = heartbeat_ms;
      sayLive();
    },
    heartbeat(trial, time) {
      const lagMs = Math.round(world.now() + trial.aheadMs - time);
      if (lagMs <= HEARTBEATS_MISSED * trial.heartbeatMs) return sayLive();
      const reason = `What you see is ${seconds(lagMs)} behind.`;
      say({ kind: "stale", reason, lagMs });
    },
    auth(_, { expires_in_ms }) {
      if (ticket && expires_in_ms > HEALTHY_MS) later(expires_in_ms / 2);
    },
    busy(trial, { in_use, limit, retry_after_ms }) {
      drop(trial);
      if (current) return climbLater();
      const reason = `The server has no free stream (${in_use} of ${limit} in use).`;
      retry(retry_after_ms, reason, "busy");
    },
    bye(trial, { reason, retry_ms }) {
      if (reason === "finished") return finish("ended", ENDED);
      if (reason !== "drain") {
        return lost(trial, retry_ms, `The server ended the stream: ${reason}.`);
      }
      // The old line goes on as long as it lives.
      later(Math.min(retry_ms, TICK_MS));
    },
  };

  /** Opens a line beside the current one, before so many milliseconds are over. @param {number} ms */
  function later(ms) {
    stopRetry();
    isPlanned = true;
    stopRetry = world.after(ms * world.random(), () => void dial());
  }

  function climbLater() {
    stopClimb();
    stopClimb = world.after(CLIMB_MS * (0.5 + world.random()), () => void dial(best));
  }

  /** @param {Trial} trial @param {Frame} frame */
  function receive(trial, { type, data: json, id = "" }) {
    trial.heardAt = world.now();
    const data = JSON.parse(json);
    const own = ours[type];
    if (own) own(trial, data);
    else if (trial === current) {
      if (type === "gap" && !trial.isOpening) repeats.forget();
      const event = repeats.take({ type, data, id });
      if (event) events.tell(event);
    }
    if (trial !== current || !id) return;
    trial.isOpening = false;
    if (own) repeats.moveTo(id);
  }

  /** @param {Trial} trial @param {End} end */
  function over(trial, end) {
    if (end.kind === "over") return finish("ended", ENDED);
    if (end.kind === "refused") {
      const { status, detail, retryAfterMs } = end;
      if (status < 500 && status !== 429 && status !== 408 && trial !== current && !current) {
        return finish("stopped", detail);
      }
      return lost(trial, retryAfterMs, detail);
    }
    // fetch sees what was answered.
    if (end.kind === "unseen" && !current) rung = Math.max(rung, 1);
    lost(trial, 0, "The connection was lost.");
  }

  /** @param {Trial} trial @param {number} leastMs @param {string} reason */
  function lost(trial, leastMs, reason) {
    drop(trial);
    if (current) return climbLater(); // a better line could not be had
    if (isHealthy(trial)) backoff.reset();
    if (next || isPlanned) say({ kind: "reconnecting", transport: null, reason });
    else retry(leastMs, reason, "reconnecting");
  }

  /** @param {number} leastMs @param {string} reason @param {State["kind"]} kind */
  function retry(leastMs, reason, kind) {
    const isOnline = world.isOnline();
    const ms = Math.max(leastMs, backoff.next());
    const failures = backoff.failures;
    if (failures >= MOST_FAILURES && isOnline) {
      return rest({ kind: "stopped", reason: `${reason} Gave up after ${failures} tries.` });
    }
    stopRetry();
    stopRetry = world.after(ms, () => void dial());
    say({
      kind: isOnline ? kind : "offline",
      transport: null,
      reason: `${isOnline ? reason : "There is no network."} Next try in ${seconds(ms)}.`,
      nextTryAt: world.now() + ms,
    });
  }

  /** A line that says nothing: another takes its place, and where that is nothing new, one of the rung below. @param {Trial} trial */
  function mute(trial) {
    drop(trial);
    if (current) return climbLater();
    if (++mutes >= 2 && rung < last) {
      rung++;
      mutes = 0;
    }
    say({ kind: "stale", reason: "The connection is mute: opening another." });
    void dial();
  }

  function tick() {
    stopTick = world.after(TICK_MS, tick);
    const isLate = world.wallClock() - tickedAt > TICK_MS + SLEPT_MS;
    tickedAt = world.wallClock();
    if (isLate) return wake();
    for (const trial of [next, current]) {
      if (!trial) continue;
      const silentMs = world.now() - trial.heardAt;
      const mostMs = trial.syncedAt ? trial.heartbeatMs * HEARTBEATS_MISSED : PATIENCE_MS;
      if (silentMs >= mostMs) mute(trial);
      else if (isHealthy(trial)) {
        backoff.reset();
        mutes = 0;
      }
    }
  }

  /** Runs, from now on. */
  function start() {
    backoff.reset();
    tickedAt = world.wallClock();
    stopTick();
    stopTick = world.after(TICK_MS, tick);
    void dial();
  }

  /** Something came back: what cannot be trusted is replaced at once. */
  function wake() {
    const trial = current ?? next;
    if (!trial || world.now() - trial.heardAt > trial.heartbeatMs) start();
  }

  /** @param {import("./types.js").Wake} why */
  function hear(why) {
    stopHiding();
    if (isOver) return;
    const reason = "The page is hidden or asleep: it goes on when it is shown.";
    const pause = () => rest({ kind: "paused", reason });
    if (why === "freeze" || why === "pagehide") pause();
    else if (why === "hidden") {
      stopHiding = world.after(HIDDEN_MS, pause);
      if (current?.rung === 2) pause();
    } else if (why !== "offline" && !(world.isHidden() && state.kind === "paused")) wake();
  }

  addressOf(base, options, "", "", world.baseUrl); // a URL that is none throws here
  const stopWaking = world.onWake(hear);
  start();
  if (world.isHidden()) hear("hidden");

  return {
    subscribe: events.add,
    state: () => state,
    onState: states.add,
    cursor: repeats.cursor,
    reconnect() {
      if (isClosed) return;
      isOver = false;
      rung = best;
      mutes = 0;
      drop(current);
      say({ kind: "connecting", transport: null, reason: "Asking the server for the stream." });
      start();
    },
    setUrl(url) {
      base = url;
      this.reconnect();
    },
    close() {
      isClosed = true;
      stopHiding();
      stopWaking();
      finish("stopped", "It was closed.");
    },
  };
}
