/**
 * The dates of feeds.
 *
 * @module
 */

/** The most that a source's clock may be ahead, in milliseconds. A later date is wrong. */
const MAX_CLOCK_SKEW_MS = 10 * 60_000;

/** The start of 1990. No feed has older news, but a zero or a two-digit year is older. */
const MIN_DATE_MS = 631_152_000_000;

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

const RFC_822 =
  /^(?:[a-z]{3,9},?\s+)?(\d{1,2}\s+[a-z]{3,9}\.?\s+\d{4})(?:\s+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+([a-z]{1,4}|[+-]\d{2}:?\d{2}))?)?$/i;

/** The offsets of named zones, of RFC 822 and in common use. A time in another zone is unknown. */
const ZONES: Readonly<Record<string, string>> = {
  ...{ Z: "+00:00", UT: "+00:00", UTC: "+00:00", GMT: "+00:00", WET: "+00:00" },
  ...{ BST: "+01:00", CET: "+01:00", CEST: "+02:00" },
  ...{ EST: "-05:00", EDT: "-04:00", CST: "-06:00", CDT: "-05:00" },
  ...{ MST: "-07:00", MDT: "-06:00", PST: "-08:00", PDT: "-07:00" },
};

function zoneOf(text = "Z"): string | null {
  return ZONES[text.toUpperCase()] ??
    (/^[+-]/.test(text) ? text.replace(/:?(\d{2})$/, ":$1") : null);
}

/**
 * Parses a date in the form of RFC 822 or ISO 8601. A date without a zone is UTC. The runtime's own parser accepts
 * "not a date 5", and takes a time without a zone as local.
 *
 * @param now Wall time, in milliseconds since the Unix epoch: published dates are wall time too.
 * @returns Milliseconds since the Unix epoch, or null if the text is no date or none that can be true.
 */
export function parseDate(text: string, now: number): number | null {
  const trimmed = text.slice(0, 80).trim();
  const iso = ISO.exec(trimmed);
  const [, day, time = "00:00", zone] = iso ?? RFC_822.exec(trimmed) ?? [];
  const offset = zoneOf(zone);
  if (day === undefined || offset === null) return null;
  const midnight = Date.parse(iso ? day : `${day} GMT`);
  // The runtime parses the 31st of February as the 3rd of March.
  if (new Date(midnight).getUTCDate() !== parseInt(iso ? day.slice(8) : day, 10)) return null;
  const date = new Date(midnight).toISOString().slice(0, 10);
  const ms = Date.parse(`${date}T${time.padStart(5, "0")}${offset}`);
  return ms >= MIN_DATE_MS && ms <= now + MAX_CLOCK_SKEW_MS ? ms : null;
}
