/**
 * The dates of feeds, in the forms that RFC 822, ISO 8601 and asctime define and that feeds write in their stead.
 *
 * @module
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";

/** The longest time that a source's clock may be ahead. A later date is wrong. */
const MAX_CLOCK_SKEW_MS = 10 * MINUTE_MS;

/** The start of 1990. News is not older. An earlier date is a default, such as the Unix epoch. */
const MIN_DATE_MS = 631_152_000_000;

/** The characters of a date that are read, with blanks. The rest is ignored. */
const MAX_DATE_CHARACTERS = 80;

/** The two-digit year that stands for 1990. Those below are of this century. */
const MIN_SHORT_YEAR = 90;

const ISO_8601 =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ]\s*(\d{1,2}:?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?)\s*(Z|[+-]\d{2}(?::?\d{2})?|[a-z]{2,4})?)?$/i;

const TIME = /^(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?$/;

/** The names of months in English, German, French, Spanish, Italian, Portuguese and Dutch, without accents. */
const MONTH_NAMES: readonly string[] = [
  "jan january januar janvier janv ene enero gen gennaio janeiro januari",
  "feb february februar fev fevr fevrier febrero febbraio fevereiro februari",
  "mar march marz maerz mrz mars marzo marco maart mrt",
  "apr april avr avril abr abril aprile",
  "may mai mayo mag maggio maio mei",
  "jun june juni juin junio giu giugno junho",
  "jul july juli juil juillet julio lug luglio julho",
  "aug august aout ago agosto augustus",
  "sep sept september septembre septiembre set settembre setembro",
  "oct october okt oktober octobre octubre ott ottobre out outubro",
  "nov november novembre noviembre novembro",
  "dec december dez dezember decembre dic diciembre dicembre dezembro",
];

const MONTH_NUMBERS: ReadonlyMap<string, number> = new Map(
  MONTH_NAMES.flatMap((names, index) => names.split(" ").map((name) => [name, index + 1] as const)),
);

/** The offsets of named zones, in hours: those of RFC 822 without its military letters but Z, and others in common use. */
const ZONE_HOURS: Readonly<Record<string, number>> = {
  ...{ Z: 0, UT: 0, UTC: 0, GMT: 0, WET: 0, WEST: 1, BST: 1, IST: 5.5, MSK: 3 },
  ...{ CET: 1, CEST: 2, MET: 1, MEST: 2, MEZ: 1, MESZ: 2, EET: 2, EEST: 3, SAST: 2 },
  ...{ EST: -5, EDT: -4, CST: -6, CDT: -5, MST: -7, MDT: -6, PST: -8, PDT: -7 },
  ...{ AST: -4, ADT: -3, NST: -3.5, NDT: -2.5, AKST: -9, AKDT: -8, HST: -10, BRT: -3, ART: -3 },
  ...{ GST: 4, PKT: 5, ICT: 7, WIB: 7, HKT: 8, SGT: 8, PHT: 8, AWST: 8, JST: 9, KST: 9 },
  ...{ ACST: 9.5, ACDT: 10.5, AEST: 10, AEDT: 11, NZST: 12, NZDT: 13 },
};

/** The zones of the United States that are named without the season, with their offsets in winter, in hours. */
const SEASONAL_ZONE_HOURS: Readonly<Record<string, number>> = { ET: -5, CT: -6, MT: -7, PT: -8 };

/** The words between the parts of a date, such as `5. Oktober 2026 um 13:55 Uhr`. */
const FILLERS: ReadonlySet<string> = new Set(["at", "de", "del", "um", "uhr", "a", "as", "om"]);

/** The local parts of a date. */
interface LocalDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  /** Milliseconds after midnight. */
  readonly timeMs: number;
  /** Such as `EST` or `+0200`. The default is UTC. */
  readonly zone: string;
}

/** Parses a time of day. @returns Milliseconds after midnight, or null. A leap second counts as the one before. */
function parseTime(text: string): number | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [, hour, minute, second = "0", fraction = "0"] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const seconds = Math.min(59, Number(second));
  const ms = Math.trunc(Number(`0.${fraction}`) * 1000);
  return Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS + seconds * 1000 + ms;
}

/** Applies `am` or `pm` to a time. @returns Null if the hour is not one of a clock with 12 hours. */
function toDayTime(timeMs: number, half: string): number | null {
  const hour = Math.trunc(timeMs / HOUR_MS);
  if (hour < 1 || hour > 12) return null;
  return timeMs + ((half === "pm" ? 12 : 0) - (hour === 12 ? 12 : 0)) * HOUR_MS;
}

/** Returns the nth Sunday of a month, from 1, as ms that read as UTC. */
function nthSunday(year: number, month: number, nth: number): number {
  const first = Date.UTC(year, month - 1, 1);
  return first + ((7 - new Date(first).getUTCDay()) % 7 + 7 * (nth - 1)) * DAY_MS;
}

/** Tests if a local time is in the summer time of the United States. */
function isUsSummer(localMs: number): boolean {
  const year = new Date(localMs).getUTCFullYear();
  return localMs >= nthSunday(year, 3, 2) + 2 * HOUR_MS &&
    localMs < nthSunday(year, 11, 1) + 2 * HOUR_MS;
}

/** Returns the offset of a zone in ms, or null if the zone is unknown. @param localMs The local time that reads as UTC. */
function offsetOf(zone: string, localMs: number): number | null {
  // `GMT+0200` is an offset with the name of what it is measured from.
  const numeric = /^(?:GMT|UTC?)?([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (numeric !== null) {
    const [, sign, hours, minutes = "0"] = numeric;
    const ms = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
    return sign === "-" ? -ms : ms;
  }
  const seasonal = SEASONAL_ZONE_HOURS[zone];
  if (seasonal !== undefined) return (seasonal + (isUsSummer(localMs) ? 1 : 0)) * HOUR_MS;
  const hours = ZONE_HOURS[zone];
  return hours === undefined ? null : hours * HOUR_MS;
}

function parseIso(text: string): LocalDate | null {
  const match = ISO_8601.exec(text);
  if (match === null) return null;
  const [, year, month, day, time = "00:00", zone = "Z"] = match;
  const timeMs = parseTime(time);
  if (timeMs === null) return null;
  return { year: Number(year), month: Number(month), day: Number(day), timeMs, zone };
}

/** Splits a date into words, without comments, commas and the dots of abbreviations. */
function wordsOf(text: string): string[] {
  return text.replace(/\([^()]*\)/g, " ")
    .replace(/\b([ap])\.\s?m\b\.?/gi, "$1m")
    // `5-Oct-2026` and `5/Oct/26`
    .replace(/\b(\d{1,2})[-/](\p{L}{3,})[-/](\d{2,4})\b/gu, "$1 $2 $3")
    .replace(/(\d)([ap]m)\b/gi, "$1 $2")
    .split(/[\s,]+/).filter((word) => word !== "");
}

/** Removes accents and a final dot, and converts to lower case. */
function toPlainName(word: string): string {
  return word.normalize("NFD").replace(/\p{M}/gu, "").replace(/\.$/, "").toLowerCase();
}

function toFullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length > 2) return year;
  return year + (year >= MIN_SHORT_YEAR ? 1900 : 2000);
}

/** Reads the words of a date in any order: a day, a month by its name, a year, and a time with its zone. */
function parseWords(text: string): LocalDate | null {
  let [day, month, year, timeMs, zone]: (number | string | null)[] = [null, null, null, null, null];
  let half: string | null = null;
  let monthIndex = 0;
  for (const [index, word] of wordsOf(text).entries()) {
    const name = toPlainName(word);
    const monthNumber = MONTH_NUMBERS.get(name);
    // A Tuesday begins as a March in some languages: `mar., 6 oct. 2026`.
    if (monthNumber !== undefined && (month === null || monthIndex === 0)) {
      [month, monthIndex] = [monthNumber, index];
    } else if (/^\d{1,2}\.?(?:st|nd|rd|th)?$/.test(name) && day === null) day = parseInt(name, 10);
    else if (/^(?:\d{2}|\d{4})$/.test(word) && year === null && month !== null) {
      year = toFullYear(word);
    } else if (word.includes(":") && timeMs === null && TIME.test(word)) {
      timeMs = parseTime(word);
      if (timeMs === null) return null;
    } else if (name === "am" || name === "pm") half = name;
    else if (
      timeMs !== null && zone === null && offsetOf(word.toUpperCase(), 0) !== null
    ) zone = word.toUpperCase();
    else if (zone !== null && offsetOf(word.toUpperCase(), 0) !== null) zone = word.toUpperCase();
    // The first word may be a day of the week, in any language.
    else if (!(index === 0 && /^\p{L}+$/u.test(name)) && !FILLERS.has(name)) return null;
  }
  if (typeof day !== "number" || typeof month !== "number" || typeof year !== "number") return null;
  const clockMs = typeof timeMs === "number" ? timeMs : 0;
  const dayMs = half === null ? clockMs : toDayTime(clockMs, half);
  return dayMs === null
    ? null
    : { day, month, year, timeMs: dayMs, zone: typeof zone === "string" ? zone : "UTC" };
}

/**
 * Parses a date. Years of two digits, names of months in seven languages, comments, and times of 12 hours are read. A date
 * without a zone is UTC. `Date.parse` is not enough: it accepts "not a date 5", and reads a time without a zone as local
 * time.
 *
 * @param now Wall time, in milliseconds since the Unix epoch.
 * @returns Milliseconds since the Unix epoch, or null if the text is not a date, or a date that cannot be true.
 */
export function parseDate(text: string, now: number): number | null {
  const trimmed = text.slice(0, MAX_DATE_CHARACTERS).trim();
  const parts = parseIso(trimmed) ?? parseWords(trimmed);
  if (parts === null) return null;
  const { year, month, day, timeMs, zone } = parts;
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  // `Date.UTC` reads the 31st of February as the 3rd of March.
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) return null;
  const offsetMs = offsetOf(zone.toUpperCase(), midnight + timeMs);
  if (offsetMs === null) return null;
  const ms = midnight + timeMs - offsetMs;
  return ms >= MIN_DATE_MS && ms <= now + MAX_CLOCK_SKEW_MS ? ms : null;
}
