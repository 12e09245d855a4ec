/**
 * The last events of a client, for messages of failures.
 *
 * @module
 */

/** Lines with their times. */
export interface History {
  add(line: string): void;
  text(): string;
}

const MAX_LINES = 80;

/** Returns the time of day in the format of the servers' logs, so that both can be compared. */
function timeOfDay(): string {
  return new Date().toISOString().slice(11);
}

/** Creates an empty history. */
export function createHistory(): History {
  const lines: string[] = [];
  return {
    add(line) {
      lines.push(`${timeOfDay()} ${line}`);
      if (lines.length > 2 * MAX_LINES) lines.splice(0, MAX_LINES);
    },
    text: () => lines.slice(-MAX_LINES).join("\n"),
  };
}
