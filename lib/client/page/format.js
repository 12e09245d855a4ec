// @ts-check
/**
 * Numbers, moments and durations as the page writes them.
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
 * @param {"auto" | "exceptZero"} [signDisplay]
 */
export function decimalWords(text, decimals, signDisplay = "auto") {
  if (!isDecimal(text)) return text;
  const key = `${decimals} ${signDisplay}`;
  const format = formats.get(key) ?? new Intl.NumberFormat("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay,
  });
  formats.set(key, format);
  return format.format(text).replace("-", "−");
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
