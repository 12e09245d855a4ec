// @ts-check
/**
 * Texts of quotes. They use neither the DOM nor a clock.
 *
 * @module
 */
import { formatDecimal, formatDuration } from "./values.js";

/** @import { QuoteData, StatusData } from "./types.js" */

/**
 * The data of a symbol.
 *
 * @typedef {object} SymbolData
 * @property {string} symbol
 * @property {QuoteData | undefined} quote Undefined until the first price.
 * @property {readonly StatusData[]} statuses The status of every provider.
 * @property {boolean} isFollowing False if the connection is down, so that the freshness of the price is unknown.
 */

/** The provider of symbols that no provider serves. */
export const NO_PROVIDER = "none";

/** The kinds of freshness of a price without a fault, as {@linkcode describeFreshness} returns them. */
export const FRESH_KINDS = new Set(["live", "delayed", "closed"]);

/** Texts after the currency. A coin or a share needs none. */
const UNIT_TEXTS = new Map([
  ["coin", ""],
  ["share", ""],
  ["troy_oz", "per troy oz"],
  ["bbl", "per barrel"],
  ["gal", "per gallon"],
  ["mmbtu", "per MMBtu"],
]);

/** Texts of the time that a change is measured from. */
const BASIS_TEXTS = new Map([
  ["prev_close", "since close"],
  ["rolling_24h", "in 24 h"],
  ["session", "this session"],
]);

/** Texts of the sessions that differ from regular trading. */
const SESSION_TEXTS = new Map([
  ["pre", "pre-market"],
  ["post", "after hours"],
  ["halted", "trading halted"],
]);

/**
 * Finds the status of a symbol that no provider serves.
 *
 * @param {string} symbol
 * @param {readonly StatusData[]} statuses
 */
export function findUnserved(symbol, statuses) {
  return statuses.find(({ provider, symbols }) =>
    provider === NO_PROVIDER && symbols.includes(symbol)
  );
}

/**
 * Returns the direction of a change, as people see it: one that is shown as zero percent has none.
 *
 * @param {QuoteData} quote
 * @returns {"up" | "down" | "flat" | "none"} `none` if the provider sends no change.
 */
export function directionOf({ change, change_pct }) {
  if (change === null && change_pct === null) return "none";
  const shown = change_pct === null ? Number(change) : Number(change_pct.toFixed(2));
  const sign = change !== null && Number(change) === 0 ? 0 : Math.sign(shown);
  if (sign === 0) return "flat";
  return sign > 0 ? "up" : "down";
}

/**
 * Formats both numbers of a change, "" for a missing one.
 *
 * @param {QuoteData} quote
 * @param {"exceptZero" | "never"} signDisplay
 * @param {string} [locale]
 */
function changeNumbers({ change, change_pct, decimals }, signDisplay, locale) {
  const percent = formatDecimal((change_pct ?? 0).toFixed(2), 2, signDisplay, locale);
  return {
    amount: change === null ? "" : formatDecimal(change, decimals, signDisplay, locale),
    percent: change_pct === null ? "" : `${percent}\u00a0%`,
  };
}

/**
 * Formats a change. The percentage comes first, with arrow and sign, because it compares symbols; then the amount and the
 * basis.
 *
 * @param {QuoteData} quote
 * @param {string} [locale]
 */
export function changeTexts(quote, locale) {
  const direction = directionOf(quote);
  if (direction === "none") return { change: "–", amount: "", basis: "not given" };
  const basis = BASIS_TEXTS.get(quote.basis) ?? "";
  const { amount, percent } = changeNumbers(quote, "exceptZero", locale);
  if (direction === "flat") {
    const isUnchanged = Number(quote.change) === 0;
    return {
      change: isUnchanged ? "unchanged" : percent,
      amount: isUnchanged ? "" : amount,
      basis,
    };
  }
  const arrow = direction === "up" ? "▲" : "▼";
  return {
    change: `${arrow}\u00a0${percent || amount}`,
    amount: percent ? amount : "",
    basis,
  };
}

/** Writes the unit of a price, such as "USD per barrel". @param {QuoteData} quote */
export function unitText({ currency, unit }) {
  return unit === "points" || unit === "percent"
    ? unit
    : `${currency} ${UNIT_TEXTS.get(unit) ?? `per ${unit}`}`.trim();
}

/**
 * Names the day of a closing price, such as "close of 27 Nov": null if the source has later prices, so that its delay is
 * known. Every market closes on the same date in UTC as in its own time.
 *
 * @param {QuoteData} quote
 */
function closeDay({ as_of, is_delayed, delay_s }) {
  if (as_of === null || !is_delayed || delay_s !== null) return null;
  /** @type {Intl.DateTimeFormatOptions} */
  const format = { day: "numeric", month: "short", timeZone: "UTC" };
  return `close of ${new Date(as_of).toLocaleDateString("en-GB", format)}`;
}

/**
 * Describes the freshness of a price by a kind for the style sheet and a text for people. Of several faults it names the
 * worst.
 *
 * @param {QuoteData} quote
 * @param {Omit<SymbolData, "quote">} data
 */
export function describeFreshness(quote, { symbol, statuses, isFollowing }) {
  const unserved = findUnserved(symbol, statuses);
  if (unserved) return { kind: "down", text: `down, ${unserved.reason}` };
  const isDown = statuses.some(({ provider, state }) =>
    provider === quote.source && state === "down"
  );
  const isClosed = quote.session === "closed";
  if (isDown && !isClosed) return { kind: "down", text: "down, last known" };
  if (quote.is_stale) return { kind: "stale", text: "stale" };
  if (!isFollowing) return { kind: "cut", text: "last known" };
  if (isClosed) {
    const closed = closeDay(quote) ?? "market closed";
    return { kind: "closed", text: `${closed}${isDown ? ", source down" : ""}` };
  }
  const session = SESSION_TEXTS.get(quote.session);
  const suffix = session ? `, ${session}` : "";
  if (!quote.is_delayed) return { kind: "live", text: `live${suffix}` };
  const delay = quote.delay_s === null ? "" : ` by ${formatDuration(quote.delay_s)}`;
  return { kind: "delayed", text: `delayed${delay}${suffix}` };
}

/**
 * Names the source of a price, in its own spelling, with its attribution if that differs.
 *
 * @param {QuoteData} quote
 */
export function sourceTexts({ source, attribution }) {
  const isSameName = attribution.toLowerCase() === source.toLowerCase();
  return isSameName ? { source: attribution, attribution: "" } : { source, attribution };
}

/** Explains a missing price. @param {Pick<SymbolData, "symbol" | "statuses">} data */
export function missingPriceText({ symbol, statuses }) {
  const unserved = findUnserved(symbol, statuses);
  if (unserved) return `down, ${unserved.reason}`;
  const serving = statuses.filter(({ symbols }) => symbols.includes(symbol));
  const names = serving.map(({ provider }) => provider).join(", ");
  if (names === "") return "waiting for the first price";
  const isDown = serving.every(({ state }) => state === "down");
  return isDown ? `no price yet: ${names} down` : `waiting for the first price from ${names}`;
}

/**
 * Writes a quote as a sentence for screen readers: "S&P 500, 7,738.79 points, down 0.12 % since close, delayed by 15 min".
 *
 * @param {QuoteData} quote
 * @param {string} freshness
 */
export function quoteSentence(quote, freshness) {
  const direction = directionOf(quote);
  const { amount, percent } = changeNumbers(quote, "never");
  const change = direction === "flat" ? "unchanged" : `${direction} ${percent || amount}`;
  return [
    quote.name,
    `${formatDecimal(quote.price, quote.decimals)} ${unitText(quote)}`,
    direction === "none" ? "" : `${change} ${BASIS_TEXTS.get(quote.basis) ?? ""}`.trim(),
    freshness,
    quote.simulated ? "simulated" : "",
  ].filter(Boolean).join(", ");
}
