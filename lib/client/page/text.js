// @ts-check
/**
 * What the page says about quotes, in words: the server's first paint and the browser's updates both
 * come from here, so that they never differ. No DOM, no clock.
 *
 * @module
 */
import { decimalWords, timeWords } from "../format/values.js";
import {
  changeWords,
  directionOf,
  freshnessOf,
  sourceWords,
  unitWords,
  unsourced,
  waitingWords,
} from "../format/quote_text.js";

/** @import { Known as KnownQuote } from "../format/quote_text.js" */

/** @typedef {KnownQuote & { now: number }} Known All a row is made from. `now`: ms since the epoch. */

/**
 * The columns, each with the fields of {@linkcode rowWords} it shows; two hold a drawing and a button instead.
 *
 * @type {readonly { readonly name: string, readonly title: string, readonly fields: readonly string[] }[]}
 */
export const COLUMNS = [
  { name: "symbol", title: "Symbol", fields: ["symbol", "simulated", "name"] },
  { name: "trend", title: "Trend", fields: [] },
  { name: "price", title: "Price", fields: ["price", "unit"] },
  { name: "change", title: "Change", fields: ["change", "amount", "basis"] },
  { name: "status", title: "Status", fields: ["freshness", "asOf", "received"] },
  { name: "source", title: "Source", fields: ["source", "attribution"] },
  { name: "open", title: "Chart", fields: [] },
];

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
      freshness: unsourced(known.symbol, known.statuses) ? "missing" : "waiting",
      direction: "none",
      texts: {
        price: "–",
        ...none,
        ...{ source: "", attribution: "", simulated: "", freshness: waitingWords(known) },
      },
      times: { asOf: "", received: "" },
    };
  }
  const { as_of, received_at } = quote;
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
      ...sourceWords(quote),
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
