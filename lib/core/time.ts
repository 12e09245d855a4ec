/**
 * Times as the wire shows them.
 *
 * @module
 */

/**
 * Formats a wall-clock time as ISO 8601 in UTC, with milliseconds.
 *
 * @param ms Milliseconds since the Unix epoch.
 * @throws {RangeError} If the time is not finite or beyond what a `Date` holds.
 */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
