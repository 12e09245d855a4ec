// @ts-check
/**
 * What the page says about quotes, in words: the server's first paint and the browser's updates both
 * come from here, so that they never differ. No DOM, no clock.
 *
 * @module
 */
import { decimalWords, durationWords, timeWords } from "./format.js";
import { unsourced } from "./problems.js";

/** @typedef {import("./shapes.js").Quote} Quote */
/** @typedef {import("./shapes.js").Status} Status */

/**
 * All a row is made from.
 *
 * @typedef {object} Known
 * @property {string} symbol
 * @property {Quote | undefined} quote Undefined where no price is known yet.
 * @property {readonly Status[]} statuses How the providers are doing.
 * @property {boolean} isFollowing False where the stream is cut, so that nobody knows how fresh the price is.
 * @property {number} now Milliseconds since the epoch.
 */

/**
 * The columns, each with the fields of {@linkcode rowWords} it shows; two hold a drawing and a button instead.
 *
 * @type {readonly { readonly name: string, readonly title: string, readonly fields: readonly string[] }[]}
 */
export const COLUMNS = [
  { name: "symbol", title: "Symbol", fields: ["symbol", "name"] },
  { name: "trend", title: "Trend", fields: [] },
  { name: "price", title: "Price", fields: ["price", "unit"] },
  { name: "change", title: "Change", fields: ["change", "amount", "basis"] },
  { name: "status", title: "Status", fields: ["freshness", "asOf", "received"] },
  { name: "source", title: "Source", fields: ["source", "attribution", "simulated"] },
  { name: "open", title: "Chart", fields: [] },
];

const UNITS = new Map([
  ["coin", ""],
  ["troy_oz", "per troy oz"],
  ["bbl", "per barrel"],
]);

const BASES = new Map([
  ["prev_close", "since close"],
  ["rolling_24h", "in 24 h"],
  ["utc_day", "this UTC day"],
]);

const SESSIONS = new Map([
  ["pre", "pre-market"],
  ["post", "after hours"],
  ["halted", "trading halted"],
]);

/**
 * @param {Quote} quote
 * @returns {"up" | "down" | "flat" | "none"}
 */
function directionOf({ change, change_pct }) {
  if (change === null && change_pct === null) return "none";
  const sign = change === null ? Math.sign(change_pct ?? 0) : Math.sign(Number(change));
  if (sign === 0) return "flat";
  return sign > 0 ? "up" : "down";
}

/**
 * The change: in percent first, which compares; then the amount, and since when.
 *
 * @param {Quote} quote
 */
function changeWords(quote) {
  const { change, change_pct, decimals, basis } = quote;
  const direction = directionOf(quote);
  if (direction === "none") return { change: "–", amount: "", basis: "not given" };
  const since = BASES.get(basis) ?? "";
  if (direction === "flat") return { change: "unchanged", amount: "", basis: since };
  const amount = change === null ? "" : decimalWords(change, decimals, "exceptZero");
  const percent = change_pct === null
    ? ""
    : `${decimalWords(change_pct.toFixed(2), 2, "exceptZero")}\u00a0%`;
  const arrow = direction === "up" ? "▲" : "▼";
  return {
    change: `${arrow}\u00a0${percent || amount}`,
    amount: percent ? amount : "",
    basis: since,
  };
}

/** @param {Quote} quote */
function unitWords({ currency, unit }) {
  return unit === "points" ? "points" : `${currency} ${UNITS.get(unit) ?? `per ${unit}`}`.trim();
}

/**
 * How fresh a price is: a word for the style sheet, and words for people.
 *
 * @param {Quote} quote
 * @param {Known} known
 */
function freshnessOf(quote, { symbol, statuses, isFollowing }) {
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

/** @param {Known} known */
function waitingWords({ symbol, statuses }) {
  const none = unsourced(symbol, statuses);
  if (none) return `down, ${none.reason}`;
  const asked = statuses.filter(({ symbols }) => symbols.includes(symbol));
  const names = asked.map(({ provider }) => provider).join(", ");
  if (names === "") return "waiting for the first price";
  const isDown = asked.every(({ state }) => state === "down");
  return isDown ? `no price yet: ${names} down` : `waiting for the first price from ${names}`;
}

/**
 * All that a row says: `texts` by the name of the field, and what the style sheet and `<time>` need.
 *
 * @param {Known} known
 */
export function rowWords(known) {
  const { quote, now } = known;
  if (quote === undefined) {
    const none = { unit: "", change: "", amount: "", basis: "", asOf: "", received: "" };
    return {
      freshness: "waiting",
      direction: "none",
      texts: {
        price: "–",
        ...none,
        ...{ source: "", attribution: "", simulated: "", freshness: waitingWords(known) },
      },
      times: { asOf: "", received: "" },
    };
  }
  const { as_of, received_at, source, attribution } = quote;
  const freshness = freshnessOf(quote, known);
  return {
    freshness: freshness.kind,
    direction: directionOf(quote),
    texts: {
      price: decimalWords(quote.price, quote.decimals),
      unit: unitWords(quote),
      ...changeWords(quote),
      freshness: freshness.text,
      asOf: as_of === null ? "no market time" : `${timeWords(as_of, now)} UTC`,
      received: `received ${timeWords(received_at, now)}${as_of === null ? " UTC" : ""}`,
      source,
      attribution: attribution.toLowerCase() === source.toLowerCase() ? "" : attribution,
      simulated: quote.simulated ? "SIM" : "",
    },
    times: { asOf: as_of ?? received_at, received: received_at },
  };
}

/**
 * What the banner says of what is made up, "" where nothing is.
 *
 * @param {readonly { readonly simulated: boolean }[]} all Quotes and articles.
 */
export function simulatedWords(all) {
  const count = all.filter(({ simulated }) => simulated).length;
  if (count === 0) return "";
  return count === all.length
    ? "Every price and story here is made up by this server: no market, no publisher."
    : "What is marked SIM is made up by this server.";
}
