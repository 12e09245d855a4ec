/**
 * The operator's log: one JSON object a line.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { isoTime } from "./time.ts";

/** How much a line matters, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much a line matters. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Writes lines for operators. Never hand it a token, a cookie or an upstream's body. */
export type Logger = Readonly<
  Record<LogLevel, (message: string, fields?: Readonly<Record<string, unknown>>) => void>
>;

/** One line. Fields never stand in for what is the log's own, and what cannot be written never stops who logs it. */
function formatLogLine(own: object, fields: object): string {
  try {
    return JSON.stringify({ ...own, ...fields, ...own });
  } catch {
    return JSON.stringify({ ...own, fields: "cannot be written as JSON" });
  }
}

/**
 * Creates a log that drops what lies below `level`.
 *
 * @param write Takes one finished line, without its line feed.
 */
export function createLogger(level: LogLevel, clock: Clock, write: (line: string) => void): Logger {
  function writer(each: LogLevel): Logger[LogLevel] {
    if (LOG_LEVELS.indexOf(each) < LOG_LEVELS.indexOf(level)) return () => {};
    return (message, fields = {}) => {
      const own = { time: isoTime(clock.now()), level: each, message };
      write(formatLogLine(own, fields));
    };
  }
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
  };
}

/** The message of whatever was thrown: never its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
