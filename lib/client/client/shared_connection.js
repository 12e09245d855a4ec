// @ts-check
/// <reference lib="dom" />
/**
 * One connection for all tabs. The leader holds it and broadcasts its events. Each tab has its own cursor and drops
 * duplicates, so the next leader resumes at its own cursor.
 *
 * @module
 */
import { isAfter } from "./dedupe.js";
import { createEmitter } from "./emitter.js";
import { ANSWER_TERMINAL_EVENTS, TERMINAL_EVENTS } from "./event_types.js";
import { createPageLifecycle } from "./page_lifecycle.js";
import { CLOSED_REASON, createConnectionState, PAUSED_REASON } from "./state.js";
import { serverUrl } from "./url.js";

/** @import { Emitter } from "./emitter.js" */
/** @import { BrowserRuntime, ConnectionState, LiveEvent, LiveFeed, TabChannel } from "./types.js" */

/** A leader's message. `prev` is the cursor before `event`; `snapshot` answers the tab `to`. @typedef {{ v: number, leader: string, url: string, prev: string, cursor: string, state: ConnectionState, event?: LiveEvent, to?: string, snapshot?: LiveEvent[] }} LeaderMessage */

/** The version of the messages, in the channel's name too: tabs of another version do not take part. */
const MESSAGE_VERSION = 2;
/** The interval of a leader's messages: half a heartbeat. */
const LEADER_PING_MS = 7_500;
/** A leader that misses so many pings is replaced. */
const MAX_MISSED_PINGS = 5;

/**
 * Elects one tab by a Web Lock.
 *
 * @param {Pick<LockManager, "request">} locks
 * @param {string} name
 * @param {() => void} onElected
 * @param {() => void} onDeposed Another tab stole the lock.
 */
function createTabLeader(locks, name, onElected, onDeposed) {
  /** @type {AbortController | undefined} */
  let candidacy;

  function resign() {
    candidacy?.abort();
    candidacy = undefined;
  }

  /** Waits for the lock. @param {boolean} [steal] Takes it from a tab that sleeps. */
  function compete(steal) {
    resign();
    candidacy = new AbortController();
    const { signal } = candidacy;
    locks.request(name, steal ? { steal } : { signal }, () => {
      if (signal.aborted) return;
      onElected();
      return new Promise((_, release) => {
        signal.onabort = release;
        if (signal.aborted) release();
      });
    }).catch((error) => {
      if (signal.aborted) return;
      // A page that may not use locks leads itself.
      if (error.name !== "AbortError") return onElected();
      onDeposed();
      compete();
    });
  }

  return { compete, resign };
}

/** Types that a snapshot keeps by `data.id`. The terminal event of a chat answer has none. */
const STATE_EVENTS = ["progress", "session", ...TERMINAL_EVENTS, ...ANSWER_TERMINAL_EVENTS];

/** @param {any[]} items @param {string} key @param {any} item */
const replaceBy = (items, key, item) => [...items.filter((each) => each[key] !== item[key]), item];

/** Keeps the initial state for a tab that joins late: quotes, the newest states, and the text of a chat answer. */
function createSnapshotCache() {
  /** @type {any} */
  let market;
  /** @type {any[]} */
  let states = [];
  let text = "";
  return {
    /** @param {{ type: string, data: any }} event */
    add({ type, data }) {
      if (type === "snapshot") market = data;
      else if (type === "token") text += data.text;
      // The answer starts again.
      else if (type === "gap") text = "";
      else if (STATE_EVENTS.includes(type)) {
        states = replaceBy(states, "key", { key: data.id, type, data });
      } else if (market && type === "quote") {
        market = { ...market, quotes: replaceBy(market.quotes, "symbol", data) };
      } else if (market && type === "status") {
        market = { ...market, status: replaceBy(market.status, "provider", data) };
      }
    },
    /** @returns {LiveEvent[]} Events without ids. */
    events: () =>
      [
        ...market ? [{ type: "snapshot", data: market }] : [],
        ...text ? [{ type: "token", data: { text } }] : [],
        ...states,
      ].map(({ type, data }) => ({ type, data, id: "" })),
  };
}

/**
 * Shares a connection with the other tabs. A tab that has missed events opens its own until it has caught up.
 *
 * @param {string} key Equal in tabs that request the same.
 * @param {(from: { cursor: string, url?: string }) => LiveFeed} open Opens a connection.
 * @param {BrowserRuntime} runtime
 * @param {string} [cursor] The end of a first paint.
 * @returns {LiveFeed} An unshared connection if the browser has no Web Locks or channels.
 */
export function createSharedConnection(key, open, runtime, cursor = "") {
  const name = `edgetape ${MESSAGE_VERSION} ${key}`;
  const { locks } = runtime;
  let channel = locks && runtime.openChannel(name);
  if (!locks || !channel) return open({ cursor });

  const tabId = String(runtime.random());
  const election = createTabLeader(locks, name, becomeLeader, stepDown);
  const snapshotCache = createSnapshotCache();
  /** A stream with a cursor has no initial state to pass on. */
  const hasInitialState = !cursor;
  /** @type {Emitter<LiveEvent>} */
  const events = createEmitter(runtime.report);
  const state = createConnectionState(
    runtime.report,
    "Looking for a connection in another tab.",
    true,
  );
  let url = "";
  /** This tab's connection: the leader's, or a temporary one to catch up. @type {LiveFeed | undefined} */
  let feed;
  let closeFeed = () => {};
  let isLeader = false;
  /** The followed leader: this tab has all events before its next one. */
  let followedId = "";
  /** @type {LeaderMessage | undefined} */
  let lastMessage;
  let missedPings = 0;
  let stopPing = () => {};

  /** @param {object} message */
  const post = (message) => channel?.postMessage({ v: MESSAGE_VERSION, ...message });

  /** Sends this leader's position and state. @param {Partial<LeaderMessage>} more */
  function broadcast(more) {
    if (!isLeader) return;
    post({ leader: tabId, url, prev: cursor, cursor, state: state.get(), ...more });
  }

  /** @param {LiveEvent} event */
  function accept(event) {
    const { id, type } = event;
    // After a gap or a snapshot, the order may start again.
    const mayRestart = type === "gap" || type === "snapshot";
    if (id && cursor && !mayRestart && !isAfter(id, cursor)) return;
    if (id || type === "gap") cursor = id;
    snapshotCache.add(event);
    events.emit(event);
  }

  function openFeed() {
    const own = feed = open({ cursor, ...url && { url } });
    const cleanups = [
      own.subscribe((event) => {
        const prev = cursor;
        accept(event);
        broadcast({ prev, event });
        rejoin();
      }),
      own.onState((next) => {
        state.update(next);
        broadcast({});
      }),
      own.close,
    ];
    closeFeed = () => {
      feed = undefined;
      while (cleanups.length) cleanups.shift()?.();
    };
    state.update(own.state());
  }

  /** Closes a temporary connection that has caught up with the leader. */
  function rejoin() {
    if (isLeader || !cursor || !lastMessage?.cursor || isAfter(lastMessage.cursor, cursor)) return;
    closeFeed();
    followedId = lastMessage.leader;
  }

  function becomeLeader() {
    isLeader = true;
    followedId = "";
    missedPings = 0;
    if (!feed) openFeed();
    broadcast({});
  }

  function stepDown() {
    isLeader = false;
    closeFeed();
  }

  /** @param {LeaderMessage} message */
  function follow(message) {
    const { to, prev, snapshot, event } = message;
    if (to && to !== tabId) return;
    missedPings = 0;
    lastMessage = message;
    ({ url } = message);
    if (feed) return rejoin();
    // A hidden leader does not poll. A visible tab does.
    if (message.state.kind === "paused" && !runtime.isHidden()) return election.compete(true);
    if (followedId !== message.leader) {
      if (!cursor && snapshot) snapshot.forEach(accept);
      else if (!cursor && !to) return post({ hello: tabId });
      else if (!cursor || !prev || isAfter(prev, cursor)) return openFeed();
      followedId = message.leader;
    }
    if (event) accept(event);
    if (message.cursor && (!cursor || isAfter(message.cursor, cursor))) ({ cursor } = message);
    state.update({ ...message.state, isShared: true });
  }

  /** @param {{ data: any }} message */
  function receive({ data }) {
    if (data?.v !== MESSAGE_VERSION) return;
    url = data.setUrl ?? url;
    if (data.leader) follow(data);
    else if (data.hello) {
      // An opened or shown tab needs events again after the leader has given up.
      if (data.isNew && state.get().kind === "stopped") feed?.reconnect();
      broadcast({ to: data.hello, ...hasInitialState && { snapshot: snapshotCache.events() } });
    } else if (data.setUrl) feed?.setUrl(data.setUrl);
    else if (data.reconnect) feed?.reconnect();
  }

  function ping() {
    stopPing = runtime.after(LEADER_PING_MS, ping);
    // Heartbeats move the cursor too.
    if (feed) cursor = feed.cursor() || cursor;
    broadcast({});
    if (isLeader) return;
    if (++missedPings === MAX_MISSED_PINGS) election.compete(true);
    else if (!followedId) post({ hello: tabId });
  }

  /** @param {TabChannel | undefined} joined */
  function join(joined) {
    channel = joined;
    if (channel) channel.onmessage = receive;
    missedPings = 0;
    election.compete();
    post({ hello: tabId, isNew: true });
    stopPing = runtime.after(LEADER_PING_MS, ping);
  }

  /** @param {ConnectionState["kind"]} kind @param {string} reason */
  function leave(kind, reason) {
    cursor = feed?.cursor() || cursor;
    // The next leader starts at this cursor.
    broadcast({});
    followedId = "";
    stopPing();
    stepDown();
    election.resign();
    channel?.close();
    channel = undefined;
    state.update({ transport: null, failures: 0, lagMs: 0, kind, reason, isShared: false });
  }

  const lifecycle = createPageLifecycle(runtime, {
    onWake() {
      if (!channel && !runtime.isHidden()) join(runtime.openChannel(name));
    },
    onHide(mayStream) {
      if (!mayStream) leave("paused", PAUSED_REASON);
    },
  });
  join(channel);

  return {
    subscribe: events.subscribe,
    state: state.get,
    onState: state.subscribe,
    cursor: () => feed?.cursor() || cursor,
    reconnect() {
      if (feed) feed.reconnect();
      else post({ reconnect: true });
    },
    setUrl(next) {
      url = serverUrl(next, runtime.baseUrl);
      feed?.setUrl(url);
      post({ setUrl: url });
    },
    close() {
      lifecycle.close();
      leave("stopped", CLOSED_REASON);
    },
  };
}
