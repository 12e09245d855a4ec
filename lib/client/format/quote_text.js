// @ts-check
/**
 * What we say about quotes, in words. No DOM, no clock.
 *
 * @module
 */
import { decimalWords, durationWords } from "./values.js";

/** @import { Quote, Status } from "./types.js" */

/**
 * What is known of a symbol.
 *
 * @typedef {object} Known
 * @property {string} symbol
 * @property {Quote | undefined} quote Undefined where no price is known yet.
 * @property {readonly Status[]} statuses How the providers are doing.
 * @property {boolean} isFollowing False where the stream is cut, so that nobody knows how fresh the price is.
 */

/** Who speaks for symbols that nobody gives. */
export const NOBODY = "none";

/** The freshness of a price that nothing is wrong with. */
export const FRESH = new Set(["live", "delayed", "closed"]);

const UNITS = new Map([
  ["coin", ""],
  ["troy_oz", "per troy oz"],
  ["bbl", "per barrel"],
]);

const BASES = new Map([
  ["prev_close", "since close"],
  ["rolling_24h", "in 24 h"],
  ["utc_day", "today, UTC"],
]);

const SESSIONS = new Map([
  ["pre", "pre-market"],
  ["post", "after hours"],
  ["halted", "trading halted"],
]);

/**
 * The word on a symbol that nobody gives, undefined where somebody does.
 *
 * @param {string} symbol
 * @param {readonly Status[]} statuses
 */
export function unsourced(symbol, statuses) {
  return statuses.find((each) => each.provider === NOBODY && each.symbols.includes(symbol));
}

/**
 * @param {Quote} quote
 * @returns {"up" | "down" | "flat" | "none"}
 */
export function directionOf({ change, change_pct }) {
  if (change === null && change_pct === null) return "none";
  const sign = change === null ? Math.sign(change_pct ?? 0) : Math.sign(Number(change));
  if (sign === 0) return "flat";
  return sign > 0 ? "up" : "down";
}

/**
 * The change as figures, "" where one is not given.
 *
 * @param {Quote} quote
 * @param {"exceptZero" | "never"} signDisplay
 * @param {string} [locale]
 */
function figuresOf({ change, change_pct, decimals }, signDisplay, locale) {
  const percent = decimalWords((change_pct ?? 0).toFixed(2), 2, signDisplay, locale);
  return {
    amount: change === null ? "" : decimalWords(change, decimals, signDisplay, locale),
    percent: change_pct === null ? "" : `${percent}\u00a0%`,
  };
}

/**
 * The change: in percent first, which compares, with arrow and sign; then the amount, and since when.
 *
 * @param {Quote} quote
 * @param {string} [locale]
 */
export function changeWords(quote, locale) {
  const direction = directionOf(quote);
  if (direction === "none") return { change: "–", amount: "", basis: "not given" };
  const basis = BASES.get(quote.basis) ?? "";
  if (direction === "flat") return { change: "unchanged", amount: "", basis };
  const { amount, percent } = figuresOf(quote, "exceptZero", locale);
  const arrow = direction === "up" ? "▲" : "▼";
  return {
    change: `${arrow}\u00a0${percent || amount}`,
    amount: percent ? amount : "",
    basis,
  };
}

/** @param {Quote} quote */
export function unitWords({ currency, unit }) {
  return unit === "points" ? "points" : `${currency} ${UNITS.get(unit) ?? `per ${unit}`}`.trim();
}

/**
 * How fresh a price is: a word for the style sheet, and words for people.
 *
 * @param {Quote} quote
 * @param {Omit<Known, "quote">} known
 */
export function freshnessOf(quote, { symbol, statuses, isFollowing }) {
  const none = unsourced(symbol, statuses);
  if (none) return { kind: "down", text: `down, ${none.reason}` };
  const isDown = statuses.some((each) => each.provider === quote.source && each.state === "down");
  const isClosed = quote.session === "closed";
  if (isDown && !isClosed) return { kind: "down", text: "down, last known" };
  if (quote.is_stale) return { kind: "stale", text: "stale" };
  if (!isFollowing) return { kind: "cut", text: "last known" };
  if (isClosed) return { kind: "closed", text: `market closed${isDown ? ", source down" : ""}` };
  const session = SESSIONS.get(quote.session);
  const more = session ? `, ${session}` : "";
  if (!quote.is_delayed) return { kind: "live", text: `live${more}` };
  const by = quote.delay_s === null ? "" : ` by ${durationWords(quote.delay_s)}`;
  return { kind: "delayed", text: `delayed${by}${more}` };
}

/**
 * Who gives the price, as they write themselves, and what is to be told of them.
 *
 * @param {Quote} quote
 */
export function sourceWords({ source, attribution }) {
  const isName = attribution.toLowerCase() === source.toLowerCase();
  return isName ? { source: attribution, attribution: "" } : { source, attribution };
}

/** Why there is no price yet. @param {Pick<Known, "symbol" | "statuses">} known */
export function waitingWords({ symbol, statuses }) {
  const none = unsourced(symbol, statuses);
  if (none) return `down, ${none.reason}`;
  const asked = statuses.filter(({ symbols }) => symbols.includes(symbol));
  const names = asked.map(({ provider }) => provider).join(", ");
  if (names === "") return "waiting for the first price";
  const isDown = asked.every(({ state }) => state === "down");
  return isDown ? `no price yet: ${names} down` : `waiting for the first price from ${names}`;
}

/**
 * A quote as one sentence, for who hears it: "S&P 500, 7,738.79 points, down 0.12 % since close, delayed by 15 min".
 *
 * @param {Quote} quote
 * @param {string} freshness
 */
export function sentenceOf(quote, freshness) {
  const direction = directionOf(quote);
  const { amount, percent } = figuresOf(quote, "never");
  const by = direction === "flat" ? "unchanged" : `${direction} ${percent || amount}`;
  return [
    quote.name,
    `${decimalWords(quote.price, quote.decimals)} ${unitWords(quote)}`,
    direction === "none" ? "" : `${by} ${BASES.get(quote.basis) ?? ""}`.trim(),
    freshness,
    quote.simulated ? "simulated" : "",
  ].filter(Boolean).join(", ");
}
