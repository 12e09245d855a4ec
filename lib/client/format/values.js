// @ts-check
/**
 * Texts of numbers, times and durations.
 *
 * @module
 */

/** @type {Map<string, Intl.NumberFormat>} */
const numberFormats = new Map();

/** @param {string} text @returns {text is `${number}`} */
function isDecimal(text) {
  return /^-?\d+(\.\d+)?$/.test(text);
}

/**
 * Formats a decimal with the provider's own digits, without converting it to a binary number.
 *
 * @param {string} text
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

/** Resolves a `lang` to a locale. The default is the browser's. @param {string | undefined} lang */
export function localeOf(lang) {
  const ownLocale = new Intl.NumberFormat().resolvedOptions().locale;
  try {
    return lang ? new Intl.NumberFormat(lang).resolvedOptions().locale : ownLocale;
  } catch {
    return ownLocale; // `lang` is not a language tag.
  }
}

/**
 * Formats a time in UTC: the time of day, with the date if that is not today's.
 *
 * @param {string} iso
 * @param {number} now
 */
export function formatTime(iso, now) {
  const today = new Date(now).toISOString().slice(0, 10);
  return iso.startsWith(today) ? iso.slice(11, 19) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/** Formats a duration, rounded, in its largest fitting unit. @param {number} seconds */
export function formatDuration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}\u00a0min`;
  return `${Math.round(seconds / 3600)}\u00a0h`;
}
