// @ts-check
/// <reference lib="dom" />
/**
 * Types of the browser client. A browser never loads this file.
 *
 * @module
 */

/**
 * One event, as a subscriber receives it.
 *
 * @typedef {object} LiveEvent
 * @property {string} type
 * @property {any} data Parsed JSON.
 * @property {string} id "" if the frame had no id.
 */

/**
 * - `connecting`: the first attempt, or a requested one.
 * - `live`, `polling`: events arrive.
 * - `stale`: connected, but silent or late.
 * - `reconnecting`, `busy`, `offline`: disconnected; another attempt is scheduled.
 * - `paused`: the page is hidden; the connection resumes when the page is visible.
 * - `ended`: all topics have ended.
 * - `stopped`: given up, refused or closed. Only `reconnect()` and `setUrl()` connect again, and not after `close()`.
 *
 * @typedef {"connecting" | "live" | "stale" | "reconnecting" | "polling" | "busy" | "offline" | "paused" | "ended" | "stopped"} ConnectionStateKind
 */

/** @typedef {"eventsource" | "fetch" | "poll"} TransportName */

/**
 * The state of a connection. Every change creates a new object.
 *
 * @typedef {object} ConnectionState
 * @property {ConnectionStateKind} kind
 * @property {TransportName | null} transport Null if none is open.
 * @property {string} reason A sentence for people: the cause, and the next step.
 * @property {number | null} nextTryAt The start of the next attempt by `runtime.elapsed()`, null if none is scheduled.
 * @property {number} failures Consecutive failures.
 * @property {number} lagMs The delay of events while `stale` because they are late, otherwise 0.
 * @property {boolean} isShared True in a tab that uses another tab's connection.
 */

/**
 * The options of `connect()`.
 *
 * @typedef {object} ConnectOptions
 * @property {string} url The server, such as "https://edge.example.com"; relative to the page.
 * @property {readonly string[]} topics Such as "quotes", "news", "events/alerts", "operations/<id>".
 * @property {readonly string[]} [symbols] Filters quotes. The default is all.
 * @property {readonly string[]} [sources] Filters news. The default is all.
 * @property {number} [maxRate] Deliveries per second.
 * @property {string} [cursor] The id of the last event in a first paint. The stream starts after it.
 * @property {readonly string[]} [types] Event types of custom channels. EventSource receives only registered types.
 * @property {() => Promise<string>} [ticket] Obtains a new ticket before each attempt.
 * @property {boolean} [withCredentials] Sends the cookie to another origin.
 * @property {boolean | string} [share] Shares one connection among tabs, which is the default. A string separates users.
 */

/**
 * The handle that `connect()` returns. Pages call it a feed.
 *
 * @typedef {object} LiveConnection
 * @property {(listener: (event: LiveEvent) => void) => () => void} subscribe Receives events of the topics, `gap`, and `gone` with the names of deleted topics. Returns the unsubscribe function.
 * @property {() => ConnectionState} state
 * @property {(listener: (state: ConnectionState) => void) => () => void} onState Returns the unsubscribe function.
 * @property {() => string} cursor Returns the id of the last event, "" before the first one.
 * @property {() => void} reconnect Starts an attempt immediately and resets all counters.
 * @property {(url: string) => void} setUrl Moves to another server with the cursor, which that server honours or reports as a `gap`. Throws a TypeError if the URL is invalid.
 * @property {() => void} close Ends the connection for good. May be called repeatedly.
 */

/** @typedef {"visible" | "hidden" | "online" | "offline" | "freeze" | "resume" | "pageshow" | "pagehide"} LifecycleEvent */

/**
 * The part of EventSource that the client uses.
 *
 * @typedef {object} EventSourceLike
 * @property {number} readyState
 * @property {number} CONNECTING
 * @property {((event: Event) => void) | null} onerror
 * @property {(type: string, listener: (event: MessageEvent) => void) => void} addEventListener
 * @property {() => void} close
 */

/** @typedef {new (url: URL, init: { withCredentials: boolean }) => EventSourceLike} EventSourceConstructor */

/** @typedef {Pick<BroadcastChannel, "postMessage" | "onmessage" | "close">} TabChannel */

/**
 * The injected effects of the client.
 *
 * @typedef {object} BrowserRuntime
 * @property {() => number} now Wall time in ms since the epoch. It includes sleep, and it may jump.
 * @property {() => number} elapsed Monotonic time in ms, for every interval. Its origin is the time origin of the page in ms
 *   since the epoch. It may stop while the machine sleeps.
 * @property {(ms: number, run: () => void) => () => void} after Returns the cancel function.
 * @property {() => number} random
 * @property {typeof fetch} fetch
 * @property {EventSourceConstructor | undefined} EventSource
 * @property {string | undefined} baseUrl The base of relative URLs.
 * @property {() => boolean} isHidden
 * @property {() => boolean} isOnline
 * @property {(listener: (event: LifecycleEvent) => void) => () => void} onLifecycleEvent Returns the unsubscribe function.
 * @property {Pick<LockManager, "request"> | undefined} locks
 * @property {(name: string) => TabChannel | undefined} openChannel
 * @property {(error: unknown) => void} report Reports an error of a listener, or a malformed frame, as uncaught.
 */

/**
 * One frame of a stream, before its data is parsed.
 *
 * @typedef {object} ReceivedFrame
 * @property {string} type
 * @property {string} data
 * @property {string | undefined} id Undefined if the frame has no id line.
 * @property {number | undefined} [retry] Ms. EventSource does not expose it.
 */

/**
 * The end of a transport: `lost` is a cut, `refused` a status, `finished` the end of all topics, and `unknown` a status
 * that EventSource does not expose.
 *
 * @typedef {{ kind: "lost" } | { kind: "refused", status: number, detail: string, retryAfterMs: number } | { kind: "finished" } | { kind: "unknown" }} TransportEnd
 */

/**
 * The callbacks of a transport. It calls none after `onEnd` or after its close function. They do not throw.
 *
 * @typedef {object} TransportHandlers
 * @property {(frame: ReceivedFrame) => void} onFrame
 * @property {(end: TransportEnd) => void} onEnd
 */

/**
 * Opens a transport. It reports frames and its end. The connection decides whether another follows.
 *
 * @callback OpenTransport
 * @param {URL} url The URL of `/v1/stream` with all parameters.
 * @param {TransportHandlers} handlers
 * @param {BrowserRuntime} runtime
 * @param {{ types: readonly string[], pollable: readonly string[], withCredentials: boolean }} options `types` of custom channels, and the `pollable` topics.
 * @returns {() => void} Closes the transport.
 */

/**
 * The options of `stream()`.
 *
 * @typedef {object} PostStreamOptions
 * @property {unknown} [body] Sent as JSON. Without it, nothing is sent: the answer at `resumeUrl`, which must be absolute, is followed.
 * @property {(events: readonly LiveEvent[]) => void} onEvents Called at most once per 50 ms, and at the end. After a `gap` the answer starts again.
 * @property {HeadersInit} [headers] Such as `authorization`. An `idempotency-key` is added if it is missing.
 * @property {AbortSignal} [signal]
 * @property {string} [resumeUrl] Resumes the answer here instead of at its `Location`.
 * @property {boolean} [withCredentials] Sends the cookie to another origin.
 * @property {(frame: ReceivedFrame) => LiveEvent[]} [normalize] Converts a frame to events. By default its data is JSON.
 */

// Without an export, TypeScript treats the file as a script and every type as any.
export {};
