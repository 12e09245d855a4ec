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
import { openPoll, pollableOf } from "./poll_line.js";
import { createRepeats } from "./repeats.js";
import { openSource } from "./source_line.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").End} End */

/**
 * A line, from its dialling on. It is `current` from its `sync` on; before, it is `next`.
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

const MOST_FAILURES = 20;
/** A line that lived so long was healthy: what failed before is forgotten. */
const HEALTHY_MS = 10_000;
/** How long a line may take to its `sync`, with the ticket it may need. */
const PATIENCE_MS = 10_000;
/** So many heartbeats may fail to come. */
const HEARTBEATS_MISSED = 2.5;
const TICK_MS = 1000;
/** A tick that comes so late was slept through. */
const SLEPT_MS = 10_000;
/** Pages that are hidden for so long let go. */
export const HIDDEN_MS = 300_000;
const CLIMB_MS = 60_000;

const ASKING = "Asking the server for the stream.";
const ENDED = "All of it has ended.";

/** @param {number} ms */
const seconds = (ms) => `${Math.ceil(ms / 1000)} s`;

/**
 * Follows the topics until it is closed.
 *
 * @param {import("./types.js").Options} options
 * @param {import("./types.js").World} world
 * @returns {import("./types.js").Feed}
 * @throws {TypeError} Where the URL is none.
 */
export function createConnection(options, world) {
  const { topics, types = [], ticket, withCredentials = false } = options;
  const best = world.EventSource ? 0 : 1;
  const polled = pollableOf(topics, !!ticket);
  const unpolled = topics.filter((each) => !polled.includes(each));
  const last = polled.length ? 2 : 1;

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
    reason: ASKING,
    nextTryAt: null,
    failures: 0,
    lagMs: 0,
    isShared: false,
  };
  let rung = best;
  /** Lines in a row that said nothing. */
  let mutes = 0;
  /** @type {Trial | undefined} */
  let current;
  /** @type {Trial | undefined} */
  let next;
  let stopPlan = () => {};
  let stopTick = () => {};
  /** @type {(() => void) | undefined} */
  let stopHiding;
  let tickedAt = 0;
  /** The wall's clock before the other, which stands still in sleep. */
  let driftMs = 0;
  /** Whether a line is to take over from the current one in a moment. */
  let isSoon = false;
  /** Whether it is over, until somebody asks for more. */
  let isOver = false;
  let isClosed = false;

  // Whoever is told of a state may close, or ask for another line: so it is said last of all, or what follows looks again.
  /** @param {Partial<State>} change */
  function say(change) {
    const transport = (current && RUNGS[current.rung]) ?? null;
    const said = { ...state, transport, nextTryAt: null, failures: backoff.failures, ...change };
    if (JSON.stringify(said) !== JSON.stringify(state)) states.tell(state = said);
  }

  function sayLive(lagMs = 0) {
    if (current?.rung !== 2) {
      return say({ kind: "live", reason: "Connected: changes arrive as they happen.", lagMs });
    }
    const without = unpolled.length && `, but not for ${unpolled.join(", ")}`;
    const reason =
      `No stream comes through: the server is asked again and again${without || ""}. ` +
      "A stream is tried every minute.";
    say({ kind: "polling", reason, lagMs });
  }

  /** @param {Trial | undefined} trial */
  function drop(trial) {
    trial?.close();
    if (trial === current) current = undefined;
    if (trial === next) next = undefined;
  }

  /** Whether more came than an opening. @param {Trial} trial */
  const isHealthy = ({ syncedAt, heardAt }) => syncedAt > 0 && heardAt - syncedAt >= HEALTHY_MS;

  /** Lets go of everything that runs, and says why. @param {State["kind"]} kind @param {string} reason */
  function rest(kind, reason) {
    stopPlan();
    stopTick();
    isSoon = false;
    drop(next);
    drop(current);
    say({ kind, reason });
  }

  /** All that was to come has come, or nothing will. @type {typeof rest} */
  function finish(kind, reason) {
    isOver = true;
    show();
    rest(kind, reason);
  }

  function pause() {
    rest("paused", "The page is hidden or asleep: it goes on when it is shown.");
  }

  /** The page is seen, or it does not matter any more. */
  function show() {
    stopHiding?.();
    stopHiding = undefined;
  }

  /** Opens a line after so many ms. Where another one is current it goes on. */
  function plan(/** @type {number} */ ms, at = -1) {
    stopPlan();
    stopPlan = world.after(ms, () => void dial(at < 0 ? rung : at));
  }

  /** Plans a line that takes over from the current one. @param {number} ms */
  function replace(ms) {
    plan(ms);
    isSoon = true;
  }

  function climbLater() {
    isSoon = false;
    plan(CLIMB_MS * (0.5 + world.random()), best);
  }

  /** @param {string} from @param {string} [bought] */
  const address = (from, bought, cursor = repeats.cursor()) =>
    addressOf(from, options, cursor, bought, world.baseUrl);

  /** Opens a line. Where another one is current it goes on until this one has had its `sync`. */
  async function dial(at = rung) {
    if (!current) say({ reason: ASKING });
    if (isOver) return;
    const isPoll = at === 2;
    if (isPoll && world.isHidden()) return pause();
    stopPlan();
    isSoon = false;
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
      bought = isPoll ? undefined : await ticket?.();
    } catch {
      if (trial === next) fail(trial, "No ticket could be had.");
    }
    if (trial !== next) return;
    const open = LINES[at] ?? openPoll;
    trial.close = open(
      address(base, bought, isPoll ? repeats.pollCursor() : undefined),
      {
        onFrame: (frame) => receive(trial, frame),
        onEnd: (end) => over(trial, end),
      },
      world,
      { types, polled, withCredentials },
    );
  }

  /** What the stream says of itself, by type. @type {Map<string, (trial: Trial, data: any) => void>} */
  const ours = new Map(Object.entries({
    sync(trial, { resumed, gone, heartbeat_ms, server_time, polled: place }) {
      if (trial !== current) {
        trial.syncedAt = world.now();
        trial.aheadMs = server_time - world.now();
        drop(current);
        next = undefined;
        current = trial;
        rung = trial.rung;
        stopPlan();
        isSoon = false;
        if (rung > best) climbLater();
        if (!resumed) repeats.forget();
        if (gone) events.tell({ type: "gone", data: gone, id: "" });
      }
      if (place) repeats.polledTo(place, !unpolled.length);
      trial.heartbeatMs = heartbeat_ms;
      if (trial === current) sayLive();
    },
    heartbeat(trial, time) {
      const lagMs = Math.round(world.now() + trial.aheadMs - time);
      if (lagMs <= HEARTBEATS_MISSED * trial.heartbeatMs) return sayLive();
      say({ kind: "stale", reason: `What you see is ${seconds(lagMs)} behind.`, lagMs });
    },
    auth(_, { expires_in_ms }) {
      if (ticket && expires_in_ms > HEALTHY_MS) replace(expires_in_ms / (2 + world.random()));
    },
    busy(trial, { retry_after_ms }) {
      fail(trial, "The server takes no more streams for now.", retry_after_ms, "busy");
    },
    bye(trial, { reason, retry_ms }) {
      if (reason === "finished") finish("ended", ENDED);
      // The old line goes on as long as it lives.
      else if (/drain|max_age/.test(reason)) replace(world.random() * Math.min(retry_ms, TICK_MS));
      else fail(trial, `The server ended the stream: ${reason}.`, retry_ms);
    },
  }));

  /** @param {Trial} trial @param {Frame} frame */
  function receive(trial, { type, data: json, id = "" }) {
    trial.heardAt = world.now();
    const data = JSON.parse(json);
    const own = ours.get(type);
    if (own) own(trial, data);
    else if (trial === current) {
      if (type === "gap" && !trial.isOpening) repeats.forget();
      const event = repeats.take({ type, data, id });
      if (event) events.tell(event);
    }
    if (trial !== current || !id) return;
    trial.isOpening = false;
    repeats.moveTo(id);
  }

  /** @param {Trial} trial @param {End} end */
  function over(trial, end) {
    if (end.kind === "over") return finish("ended", ENDED);
    if (end.kind === "refused") {
      const { status, detail, retryAfterMs } = end;
      if (status < 500 && status !== 429 && status !== 408 && !current) finish("stopped", detail);
      else fail(trial, detail, retryAfterMs, retryAfterMs ? "busy" : undefined);
      return;
    }
    // fetch sees what was answered.
    if (end.kind === "unseen" && !current) rung = Math.max(rung, 1);
    fail(trial, "The connection was lost.");
  }

  /**
   * A line is of no more use: what else there is goes on, else another one is tried after a while.
   *
   * To be told to wait is no failure: a server that is full but well names its time, spread over its clients, and has them
   * back whenever there is room. To give up then would leave pages dead that did what they were told.
   *
   * @param {Trial} trial
   * @param {string} reason
   * @param {number} [leastMs]
   * @param {"reconnecting" | "busy" | "stale"} [kind] Only the first is waited for longer and longer.
   */
  function fail(trial, reason, leastMs = 0, kind = "reconnecting") {
    drop(trial);
    if (current) return climbLater(); // a better line could not be had
    if (isHealthy(trial)) backoff.reset();
    if (next || isSoon) return say({ kind: "reconnecting", reason });
    const ms = kind === "reconnecting" ? Math.max(leastMs, backoff.next()) : leastMs;
    const isOnline = world.isOnline();
    if (isOnline && backoff.failures >= MOST_FAILURES) {
      return rest("stopped", `${reason} Gave up after ${MOST_FAILURES} tries.`);
    }
    plan(ms);
    say({
      kind: isOnline ? kind : "offline",
      reason: `${isOnline ? reason : "There is no network."} Next try in ${seconds(ms)}.`,
      nextTryAt: world.now() + ms,
    });
  }

  /** A line that says nothing: another takes its place, and where that is nothing new, one of the rung below. @param {Trial} trial */
  function mute(trial) {
    drop(trial);
    if (!current) {
      if (!trial.syncedAt) backoff.next();
      if (++mutes >= 2 && rung < last) {
        rung++;
        mutes = 0;
      }
    }
    fail(trial, "Nothing comes through.", 0, "stale");
  }

  function tick() {
    const sleptMs = world.wallClock() - world.now() - driftMs;
    const isLate = world.wallClock() - tickedAt > TICK_MS + SLEPT_MS;
    tickLater();
    if (isLate) return wake(sleptMs);
    for (const trial of [next, current]) {
      if (!trial || (trial !== next && trial !== current)) continue;
      const silentMs = world.now() - trial.heardAt;
      const mostMs = trial.syncedAt ? trial.heartbeatMs * HEARTBEATS_MISSED : PATIENCE_MS;
      if (silentMs >= mostMs) mute(trial);
      else if (isHealthy(trial)) {
        backoff.reset();
        mutes = 0;
        say({});
      }
    }
  }

  function tickLater() {
    tickedAt = world.wallClock();
    driftMs = tickedAt - world.now();
    stopTick();
    stopTick = world.after(TICK_MS, tick);
  }

  /** Runs, from now on. */
  function start() {
    backoff.reset();
    if (!current) say({ kind: "connecting", reason: ASKING });
    if (isOver) return;
    if (world.isHidden()) hide();
    tickLater();
    void dial();
  }

  function hide() {
    stopHiding ??= world.after(HIDDEN_MS, () => {
      show();
      pause();
    });
  }

  /** Something came back: what cannot be trusted is replaced at once. */
  function wake(sleptMs = 0) {
    if (state.kind === "busy" && state.nextTryAt) return; // as it was told
    /** @param {Trial | undefined} trial */
    const isFresh = (trial) =>
      trial &&
      world.now() + sleptMs - trial.heardAt <= (trial.syncedAt ? trial.heartbeatMs : TICK_MS);
    if (!isFresh(current) && !isFresh(next)) start();
  }

  /** @param {import("./types.js").Wake} why */
  function hear(why) {
    const isHidden = world.isHidden();
    if (!isHidden) show();
    if (isOver) return;
    if (why === "freeze" || why === "pagehide" || (isHidden && rung === 2)) pause();
    else if (why === "hidden") hide();
    else if (why !== "offline" && !(isHidden && state.kind === "paused")) wake();
  }

  function reconnect() {
    if (isClosed) return;
    isOver = false;
    rung = best;
    mutes = 0;
    drop(current);
    start();
  }

  address(base); // a URL that is none throws here
  const stopWaking = world.onWake(hear);
  start();

  return {
    subscribe: events.add,
    state: () => state,
    onState: states.add,
    cursor: repeats.cursor,
    reconnect,
    setUrl(url) {
      address(url);
      base = url;
      reconnect();
    },
    close() {
      isClosed = true;
      stopWaking();
      finish("stopped", "It was closed.");
    },
  };
}
