/**
 * The dates feeds write.
 *
 * @module
 */

/** How far ahead of us a source's clock may be. What is dated later is dated wrongly. */
const AHEAD_MS = 10 * 60_000;

/** 1990: no feed has older news; zeros and years of two digits end up before. */
const OLDEST_MS = 631_152_000_000;

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

const RFC_822 =
  /^(?:[a-z]{3,9},?\s+)?(\d{1,2}\s+[a-z]{3,9}\.?\s+\d{4})(?:\s+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+([a-z]{1,4}|[+-]\d{2}:?\d{2}))?)?$/i;

/** Zones by name, where RFC 822 and its writers have them. Others are unknown, and a time in them is too. */
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
 * Reads a date as RFC 822 or ISO 8601 have it. Without a zone it is taken as UTC. The runtime's own parser alone
 * would not do: it reads "not a date 5" as one, and times without a zone as those of wherever it runs.
 *
 * @param now In ms since the epoch.
 * @returns Ms since the epoch; null where the text is no date, or none that could be true.
 */
export function parseDate(text: string, now: number): number | null {
  const trimmed = text.slice(0, 80).trim();
  const iso = ISO.exec(trimmed);
  const [, day, time = "00:00", zone] = iso ?? RFC_822.exec(trimmed) ?? [];
  const offset = zoneOf(zone);
  if (day === undefined || offset === null) return null;
  const midnight = Date.parse(iso ? day : `${day} GMT`);
  // The runtime takes the 31st of February for the 3rd of March.
  if (new Date(midnight).getUTCDate() !== parseInt(iso ? day.slice(8) : day, 10)) return null;
  const date = new Date(midnight).toISOString().slice(0, 10);
  const ms = Date.parse(`${date}T${time.padStart(5, "0")}${offset}`);
  return ms >= OLDEST_MS && ms <= now + AHEAD_MS ? ms : null;
}
