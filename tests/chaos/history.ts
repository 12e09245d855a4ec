/**
 * The last of what happened, for messages of failures.
 *
 * @module
 */

/** Lines with their times. */
export interface History {
  add(line: string): void;
  text(): string;
}

const KEPT_LINES = 80;

/** A time of day as the servers' logs write it, so that both can be read side by side. */
function timeOfDay(): string {
  return new Date().toISOString().slice(11);
}

/** Creates an empty one. */
export function createHistory(): History {
  const lines: string[] = [];
  return {
    add(line) {
      lines.push(`${timeOfDay()} ${line}`);
      if (lines.length > 2 * KEPT_LINES) lines.splice(0, KEPT_LINES);
    },
    text: () => lines.slice(-KEPT_LINES).join("\n"),
  };
}
