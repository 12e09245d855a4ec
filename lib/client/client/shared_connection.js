// @ts-check
/// <reference lib="dom" />
/**
 * One connection for all tabs. The leader holds it and broadcasts its events. Each tab keeps a cursor and drops duplicates,
 * so that any tab can resume as the next leader.
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
/** @import { BrowserRuntime, ConnectionState, LiveEvent, LiveConnection, TabChannel } from "./types.js" */

/**
 * A leader's message.
 *
 * @typedef {object} LeaderMessage
 * @property {number} v The version.
 * @property {string} leader The id of the tab.
 * @property {string} url The server, "" if it is the one of the options.
 * @property {string} prev The cursor before `event`.
 * @property {string} cursor
 * @property {ConnectionState} state
 * @property {LiveEvent} [event]
 * @property {string} [to] The only tab that receives the message.
 * @property {LiveEvent[]} [snapshot] The initial state for the tab `to`.
 */

/** The version of the messages, in the channel's name too: tabs of another version do not take part. */
const MESSAGE_VERSION = 3;
/** The interval of a leader's pings: half of the default heartbeat. */
const LEADER_PING_MS = 7_500;
/** The number of missed pings at which a leader is replaced. */
const MAX_MISSED_PINGS = 5;

/**
 * Elects one tab by a Web Lock. A deposed leader competes again.
 *
 * @param {Pick<LockManager, "request">} locks
 * @param {string} name
 * @param {() => void} onElected
 * @param {() => void} onDeposed Called when another tab has stolen the lock.
 */
function createTabLeader(locks, name, onElected, onDeposed) {
  /** @type {AbortController | undefined} */
  let candidacy;

  function resign() {
    candidacy?.abort();
    candidacy = undefined;
  }

  /** Requests the lock. @param {LockOptions} [options] */
  function request(options) {
    resign();
    candidacy = new AbortController();
    const { signal } = candidacy;
    locks.request(name, options ?? { signal }, () => {
      if (signal.aborted) return;
      onElected();
      return new Promise((_, release) => {
        signal.onabort = release;
        if (signal.aborted) release();
      });
    }).catch((error) => {
      if (signal.aborted) return;
      // A page without permission to use locks leads.
      if (error.name !== "AbortError") return onElected();
      onDeposed();
      request();
    });
  }

  return {
    /** Waits for the lock. */
    compete: () => request(),
    /** Takes the lock from a tab that sleeps. */
    steal: () => request({ steal: true }),
    /** Releases the lock, or stops waiting for it. */
    resign,
  };
}

/** Types of which the cache keeps the last event per `data.id`, and every part. The terminal event of an answer has no id. */
const KEPT_EVENTS = ["progress", "session", "part", ...TERMINAL_EVENTS, ...ANSWER_TERMINAL_EVENTS];

/** Appends an item and removes the one with the same key. @param {any[]} items @param {string} key @param {any} item */
const replaceBy = (
  items,
  key,
  item,
) => [...items.filter((other) => other[key] !== item[key]), item];

/** Creates a cache of the initial state of a tab that joins late: quotes, the newest states, the parts of an answer. */
function createSnapshotCache() {
  /** The data of a snapshot: quotes and their statuses. @type {any} */
  let market;
  /** Events with the key that the next one replaces. @type {any[]} */
  let kept = [];
  return {
    /** Applies an event. @param {{ type: string, data: any }} event */
    add({ type, data }) {
      if (type === "snapshot") market = data;
      // The answer starts again.
      else if (type === "gap") kept = kept.filter((event) => event.type !== "part");
      else if (KEPT_EVENTS.includes(type)) {
        kept = replaceBy(kept, "key", { key: type === "part" ? {} : data.id, type, data });
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
        ...kept,
      ].map(({ type, data }) => ({ type, data, id: "" })),
  };
}

/**
 * Shares a connection with the other tabs. A tab that has missed events opens a temporary one until it has caught up.
 *
 * @param {string} key Equal in tabs whose options are equal.
 * @param {(overrides: { cursor: string, url?: string }) => LiveConnection} open Opens a connection.
 * @param {BrowserRuntime} runtime
 * @param {string} [cursor] The end of a first paint.
 * @returns {LiveConnection} An unshared connection if the browser has no Web Locks or channels.
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
  const reason = "Looking for a connection in another tab.";
  const state = createConnectionState(runtime.report, { reason, isShared: true });
  let url = "";
  /** This tab's connection: the leader's, or a temporary one to catch up. @type {LiveConnection | undefined} */
  let feed;
  let closeFeed = () => {};
  let isLeader = false;
  /** The id of the followed leader, "" if there is none. This tab has all events before that leader's next one. */
  let followedId = "";
  /** @type {LeaderMessage | undefined} */
  let lastMessage;
  let missedPings = 0;
  let stopPing = () => {};

  /** Posts a message to all other tabs. @param {object} message */
  const post = (message) => channel?.postMessage({ v: MESSAGE_VERSION, ...message });

  /** Posts the cursor and the state, if this tab leads. @param {Partial<LeaderMessage>} [fields] */
  function broadcast(fields) {
    if (!isLeader) return;
    post({ leader: tabId, url, prev: cursor, cursor, state: state.get(), ...fields });
  }

  /** Delivers an event unless it is a duplicate. @param {LiveEvent} event */
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
    const newFeed = feed = open({ cursor, ...url && { url } });
    const cleanups = [
      newFeed.subscribe((event) => {
        const prev = cursor;
        accept(event);
        broadcast({ prev, event });
        rejoin();
      }),
      newFeed.onState((feedState) => {
        state.update(feedState);
        broadcast();
      }),
      newFeed.close,
    ];
    closeFeed = () => {
      feed = undefined;
      // Each once, because a listener of the last state may close the feed again.
      while (cleanups.length) cleanups.shift()?.();
    };
    state.update(newFeed.state());
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
    broadcast();
  }

  function stepDown() {
    isLeader = false;
    closeFeed();
  }

  /** Takes over a leader's event, cursor and state. @param {LeaderMessage} message */
  function follow(message) {
    const { to, prev, snapshot, event } = message;
    if (to && to !== tabId) return;
    missedPings = 0;
    lastMessage = message;
    ({ url } = message);
    if (feed) return rejoin();
    // A hidden leader does not poll. A visible tab does.
    if (message.state.kind === "paused" && !runtime.isHidden()) return election.steal();
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

  /** Handles a message of another tab. @param {{ data: any }} message */
  function receive({ data }) {
    if (data?.v !== MESSAGE_VERSION) return;
    url = data.setUrl ?? url;
    if (data.leader) follow(data);
    else if (data.hello) {
      // The user has opened or shown a tab, so a leader that has given up tries again.
      if (data.isNew && state.get().kind === "stopped") feed?.reconnect();
      broadcast({ to: data.hello, ...hasInitialState && { snapshot: snapshotCache.events() } });
    } else if (data.setUrl) feed?.setUrl(data.setUrl);
    else if (data.reconnect) feed?.reconnect();
  }

  /** Reports this leader to the others, or counts the pings of the leader that are missing. */
  function ping() {
    stopPing = runtime.after(LEADER_PING_MS, ping);
    // Heartbeats move the cursor too.
    if (feed) cursor = feed.cursor() || cursor;
    broadcast();
    if (isLeader) return;
    if (++missedPings === MAX_MISSED_PINGS) election.steal();
    else if (!followedId) post({ hello: tabId });
  }

  /** Takes part in the election. @param {TabChannel | undefined} tabChannel */
  function join(tabChannel) {
    channel = tabChannel;
    if (channel) channel.onmessage = receive;
    missedPings = 0;
    election.compete();
    post({ hello: tabId, isNew: true });
    stopPing = runtime.after(LEADER_PING_MS, ping);
  }

  /** Leaves the election and closes this tab's connection. @param {ConnectionState["kind"]} kind @param {string} reason */
  function leave(kind, reason) {
    cursor = feed?.cursor() || cursor;
    // The next leader starts at this cursor.
    broadcast();
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
    onRelease: () => leave("paused", PAUSED_REASON),
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
    setUrl(newUrl) {
      url = serverUrl(newUrl, runtime.baseUrl);
      feed?.setUrl(url);
      post({ setUrl: url });
    },
    close() {
      lifecycle.close();
      leave("stopped", CLOSED_REASON);
    },
  };
}
