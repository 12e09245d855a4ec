// @ts-check
/**
 * One connection for all tabs. Who leads has the feed and tells the others. Each tab has its own cursor and drops what it
 * had; whoever leads next goes on from there.
 *
 * @module
 */
import { baseOf } from "./url.js";
import { createKeep } from "./keep.js";
import { createListeners } from "./listeners.js";
import { isAfter } from "./place.js";
import { createTurn } from "./turn.js";
import { createVoice } from "./state.js";
import { createWatch } from "./page_lifecycle.js";

/** @import { Channel, Feed, State, StreamEvent, World } from "./types.js" */
/** @import { Listeners } from "./listeners.js" */
/** @typedef {{ v: number, lead: string, url: string, after: string, cursor: string, state: State, event?: StreamEvent, to?: string, kept?: StreamEvent[] }} Told By who leads; `after`: what one must have had. */

/** In the name too: tabs of another version keep to themselves. */
const VERSION = 1;
/** Half a heartbeat: without five in a row, who leads is asleep. */
const BEAT_MS = 7_500;

/**
 * Leads, or follows. Who missed something has a feed of its own until it is where the others are.
 *
 * @param {string} key Tabs of one key ask for the same.
 * @param {(from: { cursor: string, url?: string }) => Feed} open
 * @param {World} world
 * @param {string} [cursor] Where a first paint ended.
 * @returns {Feed} Not shared where the browser cannot.
 */
export function createShared(key, open, world, cursor = "") {
  const name = `edgetape ${VERSION} ${key}`;
  const { locks } = world;
  let channel = locks && world.channel(name);
  if (!locks || !channel) return open({ cursor });

  const me = String(world.random());
  const turn = createTurn(locks, name, lead, stepDown);
  const keep = createKeep();
  /** Else the stream opens without what was before. */
  const isWhole = !cursor;
  /** @type {Listeners<StreamEvent>} */
  const events = createListeners(world.report);
  const { state, onState, say: setState } = createVoice(
    world.report,
    "Asking the other tabs.",
    true,
  );
  let url = "";
  /** @type {Feed | undefined} */
  let feed;
  let letGo = () => {};
  let isLeading = false;
  /** Whom we follow: we had all that was before. */
  let leader = "";
  /** @type {Told | undefined} */
  let heard;
  let missed = 0;
  let stopBeat = () => {};

  /** @param {object} message */
  const say = (message) => channel?.postMessage({ v: VERSION, ...message });
  /** @param {Partial<Told>} more */
  const tell = (more) =>
    isLeading && say({ lead: me, url, after: cursor, cursor, state: state(), ...more });

  /** @param {StreamEvent} event */
  function take(event) {
    const { id, type } = event;
    // The order may begin anew.
    const isAnew = type === "gap" || type === "snapshot";
    if (id && cursor && !isAnew && !isAfter(id, cursor)) return;
    if (id || type === "gap") cursor = id;
    keep.take(event);
    events.tell(event);
  }

  function connect() {
    const own = feed = open({ cursor, ...url && { url } });
    const offs = [
      own.subscribe((event) => {
        const after = cursor;
        take(event);
        tell({ after, event });
        follow();
      }),
      own.onState((next) => {
        setState(next);
        tell({});
      }),
      own.close,
    ];
    letGo = () => {
      feed = undefined;
      while (offs.length) offs.shift()?.();
    };
    setState(own.state());
  }

  /** Gives up an own feed that is where the others are. */
  function follow() {
    if (isLeading || !cursor || !heard?.cursor || isAfter(heard.cursor, cursor)) return;
    letGo();
    leader = heard.lead;
  }

  function lead() {
    isLeading = true;
    leader = "";
    missed = 0;
    if (!feed) connect();
    tell({});
  }

  function stepDown() {
    isLeading = false;
    letGo();
  }

  /** @param {Told} told */
  function hear(told) {
    const { to, after, kept, event } = told;
    if (to && to !== me) return;
    missed = 0;
    heard = told;
    ({ url } = told);
    if (feed) return follow();
    // A hidden tab does not poll: one that is seen does.
    if (told.state.kind === "paused" && !world.isHidden()) return turn.queue(true);
    if (leader !== told.lead) {
      if (!cursor && kept) kept.forEach(take);
      else if (!cursor && !to) return say({ hello: me });
      else if (!cursor || !after || isAfter(after, cursor)) return connect();
      leader = told.lead;
    }
    if (event) take(event);
    if (told.cursor && (!cursor || isAfter(told.cursor, cursor))) ({ cursor } = told);
    setState({ ...told.state, isShared: true });
  }

  /** @param {{ data: any }} message */
  function receive({ data }) {
    if (data?.v !== VERSION) return;
    url = data.setUrl ?? url;
    if (data.lead) hear(data);
    else if (data.hello) {
      // Somebody opened or came back to a tab, which asks for more than what was given up.
      if (data.isNew && state().kind === "stopped") feed?.reconnect();
      tell({ to: data.hello, ...isWhole && { kept: keep.events() } });
    } else if (data.setUrl) feed?.setUrl(data.setUrl);
    else if (data.reconnect) feed?.reconnect();
  }

  function beat() {
    stopBeat = world.after(BEAT_MS, beat);
    // Heartbeats move it too.
    if (feed) cursor = feed.cursor() || cursor;
    tell({});
    if (isLeading) return;
    if (++missed === 5) turn.queue(true);
    else if (!leader) say({ hello: me });
  }

  /** @param {Channel | undefined} to */
  function enter(to) {
    channel = to;
    if (channel) channel.onmessage = receive;
    missed = 0;
    turn.queue();
    say({ hello: me, isNew: true });
    stopBeat = world.after(BEAT_MS, beat);
  }

  /** @param {State["kind"]} kind @param {string} reason */
  function leave(kind, reason) {
    cursor = feed?.cursor() || cursor;
    // Whoever is next begins there.
    tell({});
    leader = "";
    stopBeat();
    stepDown();
    turn.leave();
    channel?.close();
    channel = undefined;
    setState({ transport: null, failures: 0, lagMs: 0, kind, reason, isShared: false });
  }

  const watch = createWatch(world, {
    onWake: () => channel || world.isHidden() || enter(world.channel(name)),
    onAway: (mayStream) =>
      mayStream || leave("paused", "Hidden or asleep: it goes on when the page is shown."),
  });
  enter(channel);

  return {
    subscribe: events.add,
    state,
    onState,
    cursor: () => feed?.cursor() || cursor,
    reconnect() {
      if (feed) feed.reconnect();
      else say({ reconnect: true });
    },
    setUrl(next) {
      url = baseOf(next, world.baseUrl);
      feed?.setUrl(url);
      say({ setUrl: url });
    },
    close() {
      watch.close();
      leave("stopped", "It was closed.");
    },
  };
}
