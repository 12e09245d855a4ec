// @ts-check
/**
 * Event types that the server sends.
 *
 * @module
 */

/** Types that describe the connection. Subscribers do not receive them. */
export const CONTROL_EVENTS = ["sync", "heartbeat", "auth", "busy", "bye"];

/** Types that end an operation or a session. */
export const TERMINAL_EVENTS = ["completed", "failed", "cancelled", "expired"];

/** Types that end a chat answer. */
export const ANSWER_TERMINAL_EVENTS = ["done", "failed", "stopped"];

/** All types of the built-in topics. EventSource receives only types that are registered. */
export const BUILT_IN_EVENTS = [
  ...CONTROL_EVENTS,
  ...[
    "gap",
    "snapshot",
    "quote",
    "day",
    "status",
    "article",
    "article.updated",
    "article.retracted",
  ],
  ...["progress", "session", "task", "part"],
  ...TERMINAL_EVENTS,
  ...ANSWER_TERMINAL_EVENTS,
];
