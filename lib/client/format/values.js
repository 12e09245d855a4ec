// @ts-check
/**
 * Numbers, moments and durations as we write them.
 *
 * @module
 */

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * @param {string} text
 * @returns {text is `${number}`}
 */
function isDecimal(text) {
  return /^-?\d+(\.\d+)?$/.test(text);
}

/**
 * Writes a decimal with its upstream's own digits: never through a binary number.
 *
 * @param {string} text
 * @param {number} decimals
 * @param {"auto" | "exceptZero" | "never"} [signDisplay]
 * @param {string} [locale]
 */
export function decimalWords(text, decimals, signDisplay = "auto", locale = "en-US") {
  if (!isDecimal(text)) return text;
  const key = `${decimals} ${signDisplay} ${locale}`;
  const format = formats.get(key) ?? new Intl.NumberFormat(locale, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay,
  });
  formats.set(key, format);
  return format.format(text).replace("-", "−");
}

/**
 * The locale that a `lang` names; the browser's own where it names none.
 *
 * @param {string | undefined} lang
 */
export function localeOf(lang) {
  const own = new Intl.NumberFormat().resolvedOptions().locale;
  try {
    return lang ? new Intl.NumberFormat(lang).resolvedOptions().locale : own;
  } catch {
    return own; // It is no language tag.
  }
}

/**
 * A moment in UTC: the time of day, with its date where that is not today's.
 *
 * @param {string} iso
 * @param {number} now
 */
export function timeWords(iso, now) {
  const today = new Date(now).toISOString().slice(0, 10);
  return iso.startsWith(today) ? iso.slice(11, 19) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/**
 * A duration, rounded, in its largest fitting unit.
 *
 * @param {number} seconds
 */
export function durationWords(seconds) {
  if (seconds < 90) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}\u00a0min`;
  return `${Math.round(seconds / 3600)}\u00a0h`;
}
