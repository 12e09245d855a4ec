// @ts-check
/// <reference lib="dom" />
/**
 * The shapes of the client.
 *
 * @module
 */

/**
 * What subscribers are told: the events of the topics, `snapshot`, `gap`, and `gone` with the names of topics that are no more.
 *
 * @typedef {object} StreamEvent
 * @property {string} type
 * @property {any} data What the server sent, parsed.
 * @property {string} id Empty where it had none.
 */

/**
 * How it goes. A new object for every change, and the same one until then.
 *
 * | kind | means |
 * | --- | --- |
 * | `stale` | connected, but mute, or behind |
 * | `paused` | the page is hidden or asleep |
 * | `ended` | nothing comes any more |
 * | `stopped` | it was closed, refused, or gave up: `reconnect()` tries again |
 *
 * @typedef {object} State
 * @property {"connecting" | "live" | "stale" | "reconnecting" | "polling" | "busy" | "offline" | "paused" | "ended" | "stopped"} kind
 * @property {"source" | "fetch" | "poll" | null} transport
 * @property {string} reason For people: why, and what comes next.
 * @property {number | null} nextTryAt In ms since the epoch.
 * @property {number} failures In a row.
 * @property {number} lagMs How far behind the server it is.
 * @property {boolean} isShared Whether another tab holds the connection.
 */

/**
 * @typedef {object} Options
 * @property {string} url Of the server, such as `https://edge.example.com`; empty for the page's own.
 * @property {readonly string[]} topics Such as `quotes`, `news`, `events/alerts`, `operations/<id>`.
 * @property {readonly string[]} [symbols]
 * @property {readonly string[]} [sources]
 * @property {number} [maxRate] Deliveries a second: 0.1 0.2 0.5 1 2 5 10.
 * @property {string} [cursor] Where a first paint ended.
 * @property {readonly string[]} [types] Of your channels' events: EventSource hears only those it is told.
 * @property {() => Promise<string>} [ticket] Asked for a new ticket before every connection.
 * @property {boolean} [withCredentials] Sends the cookie to another origin.
 * @property {boolean | string} [share] Whether tabs share one connection: true, unless said otherwise. A word keeps users apart.
 */

/**
 * @typedef {object} Feed
 * @property {(listener: (event: StreamEvent) => void) => () => void} subscribe Gives what ends it.
 * @property {() => State} state
 * @property {(listener: (state: State) => void) => () => void} onState
 * @property {() => string} cursor The place from which another one goes on.
 * @property {() => void} reconnect At once, with all failures forgotten.
 * @property {(url: string) => void} setUrl Goes on at another server.
 * @property {() => void} close
 */

/**
 * What comes over a line. `id` is undefined where the frame has none.
 *
 * @typedef {{ type: string, data: string, id: string | undefined, retry?: number | undefined }} Frame
 */

/**
 * How a line ended. `unseen`: EventSource gave up on a status that it does not tell.
 *
 * @typedef {{ kind: "lost" | "unseen" | "over" } | { kind: "refused", status: number, detail: string, retryAfterMs: number }} End
 */

/**
 * One try to follow. It tells, and who opened it decides.
 *
 * @callback OpenLine
 * @param {URL} url Of `/v1/stream`, with all parameters.
 * @param {{ onFrame(frame: Frame): void, onEnd(end: End): void }} events
 * @param {World} world
 * @param {{ types: readonly string[], withCredentials: boolean }} options
 * @returns {() => void} Closes it: nothing is told any more.
 */

/** @typedef {"visible" | "hidden" | "online" | "offline" | "freeze" | "resume" | "pageshow" | "pagehide"} Wake */

/**
 * @typedef {object} Channel
 * @property {(message: unknown) => void} postMessage
 * @property {(type: "message", listener: (event: { data: any }) => void) => void} addEventListener
 * @property {() => void} close
 */

/**
 * All that is around the client: tests bring their own.
 *
 * @typedef {object} World
 * @property {string | undefined} base What relative URLs are relative to.
 * @property {() => number} now In ms since the epoch.
 * @property {() => number} elapsed In ms: a clock that nobody sets.
 * @property {(ms: number, run: () => void) => () => void} after Gives what calls it off.
 * @property {() => number} random
 * @property {typeof fetch} fetch
 * @property {typeof EventSource | undefined} EventSource
 * @property {() => boolean} isHidden
 * @property {() => boolean} isOnline
 * @property {(listener: (why: Wake) => void) => () => void} onWake
 * @property {Pick<LockManager, "request"> | undefined} locks
 * @property {(name: string) => Channel | undefined} channel
 */
export {};
