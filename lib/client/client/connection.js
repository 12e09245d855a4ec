// @ts-check
/// <reference lib="dom" />
/**
 * A connection that stays: lines are opened, replaced and exchanged for better ones, and what they tell is told once.
 *
 * @module
 */
import { addressOf, baseOf } from "./url.js";
import { createBackoff } from "./backoff.js";
import { createListeners } from "./listeners.js";
import { createPlan } from "./reconnect_timer.js";
import { pollableOf } from "./transports/poll.js";
import { createRepeats } from "./dedupe.js";
import { createTrial, HEALTHY_MS, isHealthy, silenceOf } from "./attempt.js";
import { createVoice } from "./state.js";
import { createWatch } from "./page_lifecycle.js";
import { ASKING, endingOf, goingWell, seconds, thenNext } from "./words.js";

/** @import { End, Frame, State } from "./types.js" */
/** @typedef {import("./attempt.js").Trial} Trial A line: `current` from its `sync` on, `next` before. */

const MOST_FAILURES = 20;
/** So many heartbeats may fail to come. */
const HEARTBEATS_MISSED = 2.5;
/** Who is sent away goes in this time. */
const MOMENT_MS = 1000;
const CLIMB_MS = 60_000;

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
  /** @type {import("./listeners.js").Listeners<import("./types.js").StreamEvent>} */
  const events = createListeners(world.report);
  let base = baseOf(options.url, world.baseUrl);

  const voice = createVoice(world.report, ASKING, false);
  const watch = createWatch(world, {
    onTick: look,
    onWake: wake,
    onAway: (mayStream) => isOver || (mayStream && rung < 2) || pause(),
  });

  let rung = best;
  /** Lines in a row that said nothing. */
  let mutes = 0;
  /** @type {Trial | undefined} */
  let current;
  /** @type {Trial | undefined} */
  let next;
  const plan = createPlan(world, dial);
  /** Whether it is over, until somebody asks for more; and for good. */
  let [isOver, isClosed] = [false, false];

  // Whoever is told of a state may close, or ask for another line: so it is said last of all, or what follows looks again.
  /** @param {Partial<State>} change */
  function say(change) {
    const { transport = null } = current ?? {};
    voice.say({ transport, failures: backoff.failures, ...change });
  }

  /** @param {Trial} trial */
  const sayWell = ({ transport }) => say({ ...goingWell(transport, unpolled), lagMs: 0 });

  /** @param {Trial | undefined} trial */
  function drop(trial) {
    trial?.close();
    if (trial === current) current = undefined;
    if (trial === next) next = undefined;
  }

  /** Lets go of everything that runs, and says why. @param {State["kind"]} kind @param {string} reason */
  function rest(kind, reason, isFinal = false) {
    isOver = isFinal;
    plan.off();
    watch.rest();
    drop(next);
    drop(current);
    say({ kind, reason });
  }

  const pause = () => rest("paused", "Hidden or asleep: it goes on when the page is shown.");

  /** Plans a line that takes over from the current one. @param {number} ms */
  function replace(ms) {
    plan.wait(ms);
    plan.isSoon = true;
  }

  const climbLater = () => plan.wait(CLIMB_MS * (0.5 + world.random()), best);

  /** Opens a line. A current one goes on until this has had its `sync`; but not polls: both would tell what has no ids. */
  async function dial(at = rung) {
    if (!current) say(voice.state().kind === "stale" ? {} : { reason: ASKING });
    if (isOver) return;
    const isPoll = at === 2;
    if (isPoll && world.isHidden()) return pause();
    if (isPoll) drop(current);
    plan.off();
    drop(next);
    const trial = next = createTrial(at, world.now());
    let bought;
    try {
      bought = isPoll ? undefined : await ticket?.();
    } catch (error) {
      world.report(error);
      if (trial === next) fail(trial, "No ticket could be had.");
    }
    if (trial !== next) return;
    trial.close = trial.open(
      addressOf(base, options, isPoll ? repeats.pollCursor() : repeats.cursor(), bought),
      { onFrame: (frame) => receive(trial, frame), onEnd: (end) => over(trial, end) },
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
        plan.off();
        if (rung > best) climbLater();
        if (!resumed) repeats.forget();
        if (gone) events.tell({ type: "gone", data: gone, id: "" });
      }
      if (place) repeats.polledTo(place, !unpolled.length);
      trial.heartbeatMs = heartbeat_ms;
      if (trial === current) sayWell(trial);
    },
    heartbeat(trial, time) {
      const lagMs = Math.round(world.now() + trial.aheadMs - time);
      if (lagMs <= HEARTBEATS_MISSED * trial.heartbeatMs) return sayWell(trial);
      say({ kind: "stale", reason: `What you see is ${seconds(lagMs)} behind.`, lagMs });
    },
    auth(_, { expires_in_ms }) {
      // Not soon: a line that is lost until then is not waited for so long.
      if (ticket && expires_in_ms > HEALTHY_MS && !plan.isSoon) {
        plan.wait(expires_in_ms / (2 + world.random()));
      }
    },
    busy(trial, { in_use: used, limit, retry_after_ms: ms }) {
      fail(trial, `The server has no free stream (${used} of ${limit} in use).`, ms, "busy");
    },
    bye(trial, { reason, retry_ms }) {
      if (reason === "finished") over(trial, { kind: "over" });
      // The old line goes on as long as it lives.
      else if (/drain|max/.test(reason)) replace(world.random() * Math.min(retry_ms, MOMENT_MS));
      else fail(trial, endingOf(reason), retry_ms);
    },
  }));

  /** @param {Trial} trial @param {Frame} frame */
  function receive(trial, { type, data: json, id = "", retry }) {
    Object.assign(trial, { heardAt: world.now() }, retry && { retryMs: retry });
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
    if (end.kind === "over") rest("ended", "All of it has ended.", true);
    else if (end.kind === "refused") {
      const { status, detail, retryAfterMs: ms } = end;
      if (!current && status < 500 && ![408, 429].includes(status)) rest("stopped", detail, true);
      else fail(trial, detail, ms, ms ? "busy" : undefined);
    } else {
      // fetch sees what was answered.
      if (end.kind === "unseen" && !current) rung = Math.max(rung, 1);
      fail(trial, "The connection was lost.", trial.retryMs);
    }
  }

  /**
   * A line is of no more use: what else there is goes on, else another one is tried after a while.
   *
   * To be told to wait is no failure: a server that is full but well names its time, spread over its clients, and has them
   * back whenever there is room. To give up then would leave pages dead that did what they were told.
   *
   * @param {Trial} trial @param {string} reason @param {number} [leastMs]
   * @param {"reconnecting" | "busy" | "stale"} [kind] Only the first is waited for longer and longer.
   */
  function fail(trial, reason, leastMs = 0, kind = "reconnecting") {
    drop(trial);
    if (current) return climbLater();
    if (isHealthy(trial)) backoff.reset();
    if (next || plan.isSoon) return say({ kind: "reconnecting", reason });
    const ms = kind === "reconnecting" ? Math.max(leastMs, backoff.next()) : leastMs;
    const isOnline = world.isOnline();
    if (isOnline && backoff.failures >= MOST_FAILURES) {
      return rest("stopped", `${reason} Gave up after ${MOST_FAILURES} tries.`);
    }
    plan.wait(ms);
    say({
      kind: isOnline ? kind : "offline",
      reason: thenNext(isOnline ? reason : "There is no network.", ms),
      nextTryAt: world.now() + ms,
    });
  }

  /** A line that says nothing: another takes its place, and where that is nothing new, one of the rung below. @param {Trial} trial */
  function mute(trial) {
    drop(trial);
    if (!current) {
      if (trial.syncedAt === Infinity) backoff.next();
      if (++mutes >= 2 && rung < last) {
        rung++;
        mutes = 0;
      }
    }
    fail(trial, "The connection is mute: opening another.", 0, "stale");
  }

  function look() {
    const now = world.now();
    const trial = [next, current].find((each) => each && silenceOf(each, now) >= HEARTBEATS_MISSED);
    if (trial) mute(trial);
    else if (current && isHealthy(current)) {
      backoff.reset();
      mutes = 0;
      say({});
    }
  }

  /** Runs, from now on. */
  function start() {
    backoff.reset();
    if (!current) say({ kind: "connecting", reason: ASKING });
    if (isOver) return;
    watch.start();
    void dial();
  }

  /** Something came back: what cannot be trusted is replaced at once. @param {number} sleptMs */
  function wake(sleptMs) {
    const { kind } = voice.state();
    // Who is busy has said when.
    if (isOver || kind === "busy" || (kind === "paused" && world.isHidden())) return;
    const now = world.now() + sleptMs;
    if (![next, current].some((each) => each && silenceOf(each, now) <= 1)) start();
  }

  function reconnect() {
    if (isClosed) return;
    isOver = false;
    rung = best;
    mutes = 0;
    drop(current);
    start();
  }

  start();

  return {
    subscribe: events.add,
    state: voice.state,
    onState: voice.onState,
    cursor: repeats.cursor,
    reconnect,
    setUrl(url) {
      base = baseOf(url, world.baseUrl);
      reconnect();
    },
    close() {
      isClosed = true;
      watch.close();
      rest("stopped", "It was closed.", true);
    },
  };
}
