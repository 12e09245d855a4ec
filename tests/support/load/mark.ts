/**
 * The mark that every event carries: its number and the time it was due, at fixed lengths.
 *
 * Wherever a server puts the event, the mark comes through as it is: `~`, 8 digits, 13 digits. No other `~` is sent, so
 * a reader finds each event by that byte, and needs no parser to find lost and repeated events.
 *
 * @module
 */

/** The byte a mark begins with. */
export const MARK = 0x7e;

/**
 * The number of connections that publish, in turn. A server answers a connection's requests one after the other, so the numbers of
 * each come in order; those of different ones may overtake each other.
 */
export const POSTER_CONNECTIONS = 8;

const NUMBER_DIGITS = 8;
const TIME_DIGITS = 13;

/** The length of a mark without its first byte. */
export const MARK_DIGITS = NUMBER_DIGITS + TIME_DIGITS;

const PATTERN = /~(\d{8})(\d{13})/;
const ZERO = 48;

function digitsAt(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return value;
}

function writeDigits(bytes: Uint8Array, from: number, count: number, value: number): void {
  let left = value;
  for (let at = from + count - 1; at >= from; at--) {
    bytes[at] = ZERO + left % 10;
    left = Math.floor(left / 10);
  }
}

/** Creates the data of an event: JSON of exactly `bytes` bytes, with an empty mark. */
export function markedJson(bytes: number): string {
  const bare = JSON.stringify({ mark: `~${"0".repeat(MARK_DIGITS)}`, pad: "" });
  return JSON.stringify({
    mark: `~${"0".repeat(MARK_DIGITS)}`,
    pad: "x".repeat(bytes - bare.length),
  });
}

/** Writes a mark. @param at Where its digits begin. @param timeMs In ms since the epoch. */
export function writeMark(bytes: Uint8Array, at: number, number: number, timeMs: number): void {
  writeDigits(bytes, at, NUMBER_DIGITS, number);
  writeDigits(bytes, at + NUMBER_DIGITS, TIME_DIGITS, Math.floor(timeMs));
}

/** The number of the mark whose digits begin at `at`. */
export function numberAt(bytes: Uint8Array, at: number): number {
  return digitsAt(bytes, at, NUMBER_DIGITS);
}

/** Reads the mark in an event's data. Returns undefined if there is none. */
export function readMark(data: string): { number: number; timeMs: number } | undefined {
  const [_, number, timeMs] = PATTERN.exec(data) ?? [];
  return number && timeMs ? { number: Number(number), timeMs: Number(timeMs) } : undefined;
}
