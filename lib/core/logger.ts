/**
 * The operator's log: one JSON object per line.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { isoTime } from "./time.ts";

/** The levels of severity, lowest first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** The severity of a line. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Writes lines for operators. Callers never pass it a token, a cookie or an upstream's body. */
export type Logger = Readonly<
  Record<LogLevel, (message: string, fields?: Readonly<Record<string, unknown>>) => void>
>;

/** Formats a line. Fields never replace the standard ones, and fields that JSON cannot represent never throw. */
function formatLogLine(standardFields: object, fields: object): string {
  try {
    return JSON.stringify({ ...standardFields, ...fields, ...standardFields });
  } catch {
    return JSON.stringify({ ...standardFields, fields: "cannot be written as JSON" });
  }
}

/**
 * Creates a logger that drops lines below `level`.
 *
 * @param write Receives one complete line, without its line feed.
 */
export function createLogger(level: LogLevel, clock: Clock, write: (line: string) => void): Logger {
  function createWriter(lineLevel: LogLevel): Logger[LogLevel] {
    if (LOG_LEVELS.indexOf(lineLevel) < LOG_LEVELS.indexOf(level)) return () => {};
    return (message, fields = {}) => {
      const standardFields = { time: isoTime(clock.now()), level: lineLevel, message };
      write(formatLogLine(standardFields, fields));
    };
  }
  return {
    debug: createWriter("debug"),
    info: createWriter("info"),
    warn: createWriter("warn"),
    error: createWriter("error"),
  };
}

/** Returns the message of a thrown value, never its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
