// @ts-check
/**
 * Texts of numbers, times and durations.
 *
 * @module
 */

/** Formats by their options: creating one takes longer than using it. @type {Map<string, Intl.NumberFormat>} */
const numberFormats = new Map();

/** Returns true for a text that `Intl.NumberFormat` formats exactly. @param {string} text @returns {text is `${number}`} */
function isDecimal(text) {
  return /^-?\d+(\.\d+)?$/.test(text);
}

/**
 * Formats a decimal with the provider's own digits, without converting it to a binary number.
 *
 * @param {string} text Returned unchanged if it is not a decimal.
 * @param {number} decimals
 * @param {"auto" | "exceptZero" | "never"} [signDisplay]
 * @param {string} [locale]
 */
export function formatDecimal(text, decimals, signDisplay = "auto", locale = "en-US") {
  if (!isDecimal(text)) return text;
  const key = `${decimals} ${signDisplay} ${locale}`;
  const format = numberFormats.get(key) ?? new Intl.NumberFormat(locale, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay,
  });
  numberFormats.set(key, format);
  return format.format(text).replace("-", "−");
}

/**
 * Resolves a `lang` attribute to a locale.
 *
 * @param {string | null | undefined} lang The browser's locale is used if it is missing or not a language tag.
 */
export function localeOf(lang) {
  const browserLocale = new Intl.NumberFormat().resolvedOptions().locale;
  try {
    return lang ? new Intl.NumberFormat(lang).resolvedOptions().locale : browserLocale;
  } catch {
    return browserLocale; // `lang` is not a language tag.
  }
}

/** Returns the day of a time in UTC, such as "2026-01-31". @param {number} ms Since the epoch. */
export const utcDay = (ms) => new Date(ms).toISOString().slice(0, 10);

/**
 * Formats a time in UTC as the time of day, or as date and time if it is not on the day of `now`.
 *
 * @param {string} iso In UTC.
 * @param {number} now Ms since the epoch.
 */
export function formatTime(iso, now) {
  return iso.startsWith(utcDay(now))
    ? iso.slice(11, 19)
    : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/** Formats a duration, rounded, in its largest fitting unit. @param {number} seconds */
export function formatDuration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}\u00a0min`;
  return `${Math.round(seconds / 3600)}\u00a0h`;
}
