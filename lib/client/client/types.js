// @ts-check
/// <reference lib="dom" />
/**
 * The words of the client: types only, never fetched by a browser.
 *
 * @module
 */

/**
 * One event, as it is handed to whoever subscribed.
 *
 * @typedef {object} StreamEvent
 * @property {string} type
 * @property {any} data Parsed JSON.
 * @property {string} id "" where the frame had none.
 */

/**
 * How the feed is doing.
 *
 * - `connecting`: the first try, or one that was asked for.
 * - `live`, `polling`: events come.
 * - `stale`: connected, but mute or behind.
 * - `reconnecting`, `busy`, `offline`: not now; it tries again by itself.
 * - `paused`: the page is hidden; it goes on when it is seen.
 * - `ended`: all that was asked for is over.
 * - `stopped`: given up, refused or closed. Only `reconnect()` and `setUrl()` begin anew.
 *
 * @typedef {"connecting" | "live" | "stale" | "reconnecting" | "polling" | "busy" | "offline" | "paused" | "ended" | "stopped"} StateKind
 */

/** @typedef {"source" | "fetch" | "poll"} Transport */

/**
 * The state of a feed: another object after every change, the same one otherwise.
 *
 * @typedef {object} State
 * @property {StateKind} kind
 * @property {Transport | null} transport Null where nothing is open.
 * @property {string} reason For people: why, and what it does next.
 * @property {number | null} nextTryAt By `world.now()`, where it waits for a try.
 * @property {number} failures In a row.
 * @property {number} lagMs How far what comes is behind; less than a second is none.
 * @property {boolean} isShared True in a tab that follows another one's connection.
 */

/**
 * @typedef {object} Options
 * @property {string} url The server, such as "https://edge.example.com"; relative to the page.
 * @property {readonly string[]} topics Such as "quotes", "news", "events/alerts", "operations/<id>".
 * @property {readonly string[]} [symbols] Of quotes; all where not given.
 * @property {readonly string[]} [sources] Of news; all where not given.
 * @property {number} [maxRate] Deliveries a second.
 * @property {string} [cursor] Where a first paint ended: the stream goes on from there.
 * @property {readonly string[]} [types] Event types of one's own channels: EventSource hears only those it is told.
 * @property {() => Promise<string>} [ticket] Asked anew for each connection.
 * @property {boolean} [withCredentials] Send the cookie.
 * @property {boolean | string} [share] One connection per browser, which is the default; a string keeps users apart.
 */

/**
 * What a connection, or a tab that follows one, is to its user.
 *
 * @typedef {object} Feed
 * @property {(listener: (event: StreamEvent) => void) => () => void} subscribe Events of the topics, `gap`, and `gone` with the names of topics that are no more. Returns the way out.
 * @property {() => State} state
 * @property {(listener: (state: State) => void) => () => void} onState Returns the way out.
 * @property {() => string} cursor Where a stream would go on; "" where nothing is known yet.
 * @property {() => void} reconnect At once, with its counters forgotten.
 * @property {(url: string) => void} setUrl Another server; the cursor is kept, and honoured there or answered by a `gap`.
 * @property {() => void} close
 */

/**
 * Why a page may want its stream now, or may not.
 *
 * @typedef {"visible" | "hidden" | "online" | "offline" | "freeze" | "resume" | "pageshow" | "pagehide"} Wake
 */

/**
 * What is asked of an EventSource.
 *
 * @typedef {object} Source
 * @property {number} readyState
 * @property {number} CONNECTING
 * @property {((event: Event) => void) | null} onerror
 * @property {(type: string, listener: (event: MessageEvent) => void) => void} addEventListener
 * @property {() => void} close
 */

/** @typedef {new (url: URL, init: { withCredentials: boolean }) => Source} EventSourceMaker */

/** @typedef {Pick<BroadcastChannel, "postMessage" | "onmessage" | "close">} Channel */

/**
 * All effects.
 *
 * @typedef {object} World
 * @property {() => number} now Ms since the epoch, undisturbed by changes of the clock; it may stand still while the machine sleeps.
 * @property {() => number} wallClock Ms since the epoch by the clock on the wall, which knows of sleep.
 * @property {(ms: number, run: () => void) => () => void} after Returns the way to call it off.
 * @property {() => number} random
 * @property {typeof fetch} fetch
 * @property {EventSourceMaker | undefined} EventSource
 * @property {string | undefined} baseUrl What a relative URL is relative to.
 * @property {() => boolean} isHidden
 * @property {() => boolean} isOnline
 * @property {(listener: (why: Wake) => void) => () => void} onWake Returns the way out.
 * @property {Pick<LockManager, "request"> | undefined} locks
 * @property {(name: string) => Channel | undefined} channel
 * @property {(error: unknown) => void} report Tells of a fault in what listens, as an uncaught one.
 */

/**
 * @typedef {object} Frame
 * @property {string} type
 * @property {string} data
 * @property {string | undefined} id Undefined where the frame had no id line.
 * @property {number | undefined} [retry] Ms. EventSource does not tell.
 */

/**
 * How a line ended: cut; refused with a status; over, since nothing comes any more; or unseen, where EventSource gave up
 * for a status that it cannot tell.
 *
 * @typedef {{ kind: "lost" } | { kind: "refused", status: number, detail: string, retryAfterMs: number } | { kind: "over" } | { kind: "unseen" }} End
 */

/**
 * What a line reports to. After `onEnd`, and after its close, it says nothing.
 *
 * @typedef {object} LineEvents
 * @property {(frame: Frame) => void} onFrame
 * @property {(end: End) => void} onEnd
 */

/**
 * One try to follow. A line reports; the connection decides.
 *
 * @callback OpenLine
 * @param {URL} url Of `/v1/stream`, with all parameters.
 * @param {LineEvents} events
 * @param {World} world
 * @param {{ types: readonly string[], polled: readonly string[], withCredentials: boolean }} options `types` of one's own; `polled`: the topics to ask for.
 * @returns {() => void} Closes it.
 */

/**
 * How to send a POST whose answer is a stream.
 *
 * @typedef {object} PostOptions
 * @property {unknown} body Sent as JSON.
 * @property {(events: readonly StreamEvent[]) => void} onEvents Every 50 ms at most, and at the end. After a `gap` the answer is told anew.
 * @property {HeadersInit} [headers] Such as `authorization`. An `idempotency-key` is added where there is none.
 * @property {AbortSignal} [signal]
 * @property {string} [resumeUrl] Where the answer goes on, if its `Location` does not say so.
 * @property {boolean} [withCredentials] Sends the cookie to another origin.
 */

// Without it TypeScript takes the file for a script, and every type for any.
export {};
