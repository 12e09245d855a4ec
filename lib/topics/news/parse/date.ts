/**
 * The dates of feeds.
 *
 * @module
 */

/** The longest time that a source's clock may be ahead. A later date is wrong. */
const MAX_CLOCK_SKEW_MS = 10 * 60_000;

/** The start of 1990. News is not older. An earlier date is a default, such as the Unix epoch. */
const MIN_DATE_MS = 631_152_000_000;

/** The characters of a date that are read, with blanks. The rest is ignored. */
const MAX_DATE_CHARACTERS = 80;

const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

const RFC_822 =
  /^(?:[a-z]{3,9},?\s+)?(\d{1,2}\s+[a-z]{3,9}\.?\s+\d{4})(?:\s+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+([a-z]{1,4}|[+-]\d{2}:?\d{2}))?)?$/i;

/** The offsets of named zones: those of RFC 822 without its military letters but Z, and others in common use. */
const ZONE_OFFSETS: Readonly<Record<string, string>> = {
  ...{ Z: "+00:00", UT: "+00:00", UTC: "+00:00", GMT: "+00:00", WET: "+00:00" },
  ...{ BST: "+01:00", CET: "+01:00", CEST: "+02:00" },
  ...{ EST: "-05:00", EDT: "-04:00", CST: "-06:00", CDT: "-05:00" },
  ...{ MST: "-07:00", MDT: "-06:00", PST: "-08:00", PDT: "-07:00" },
};

/** Returns the offset of a zone as `±hh:mm`, or null if the zone is unknown. A date without a zone is UTC. */
function offsetOf(zone = "UTC"): string | null {
  const offset = /^[+-]/.test(zone) ? zone.replace(/:?(\d{2})$/, ":$1") : null;
  return ZONE_OFFSETS[zone.toUpperCase()] ?? offset;
}

/**
 * Parses a date in the form of RFC 822 (with a year of four digits) or ISO 8601. A date without a zone is UTC. `Date.parse` is not enough: it accepts
 * "not a date 5", and reads a time without a zone as local time.
 *
 * @param now Wall time, in milliseconds since the Unix epoch.
 * @returns Milliseconds since the Unix epoch, or null if the text is not a date, or a date that cannot be true.
 */
export function parseDate(text: string, now: number): number | null {
  const trimmed = text.slice(0, MAX_DATE_CHARACTERS).trim();
  const iso = ISO_8601.exec(trimmed);
  const [, day, time = "00:00", zone] = iso ?? RFC_822.exec(trimmed) ?? [];
  const offset = offsetOf(zone);
  if (day === undefined || offset === null) return null;
  const midnight = Date.parse(iso ? day : `${day} GMT`);
  // `Date.parse` reads the 31st of February as the 3rd of March.
  if (new Date(midnight).getUTCDate() !== parseInt(iso ? day.slice(8) : day, 10)) return null;
  const date = new Date(midnight).toISOString().slice(0, 10);
  const ms = Date.parse(`${date}T${time.padStart(5, "0")}${offset}`);
  return ms >= MIN_DATE_MS && ms <= now + MAX_CLOCK_SKEW_MS ? ms : null;
}
