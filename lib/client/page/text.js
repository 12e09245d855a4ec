// @ts-check
/**
 * Texts of the page. The server's first paint and the browser's updates use the same functions, so they never differ.
 * They use neither the DOM nor a clock.
 *
 * @module
 */
import { publicationTime } from "../client/model.js";
import {
  changeTexts,
  describeFreshness,
  directionOf,
  findUnserved,
  missingPriceText,
  NO_PROVIDER,
  sourceTexts,
  unitText,
} from "../format/quote_text.js";
import { formatDecimal, formatTime } from "../format/values.js";

/** @import { SymbolData } from "../format/quote_text.js" */
/** @import { ArticleData, FeedData, QuoteData, StatusData } from "../format/types.js" */
/** @import { PricePoint } from "./price_history.js" */

/** The data of a row, with the time in ms since the epoch. @typedef {SymbolData & { now: number }} RowData */

/**
 * The columns, each with the fields of {@linkcode rowTexts} that it shows. Two contain a drawing and a button instead.
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
 * Writes a row: `texts` by the name of the field, and the values for the style sheet and `<time>`.
 *
 * @param {RowData} data
 */
export function rowTexts(data) {
  const { quote, now } = data;
  if (quote === undefined) {
    return {
      freshness: findUnserved(data.symbol, data.statuses) ? "missing" : "waiting",
      direction: "none",
      texts: {
        price: "–",
        unit: "",
        change: "",
        amount: "",
        basis: "",
        freshness: missingPriceText(data),
        asOf: "",
        received: "",
        source: "",
        attribution: "",
        simulated: "",
      },
      times: { asOf: "", received: "" },
    };
  }
  const { as_of, received_at } = quote;
  const freshness = describeFreshness(quote, data);
  return {
    freshness: freshness.kind,
    direction: directionOf(quote),
    texts: {
      price: formatDecimal(quote.price, quote.decimals),
      unit: unitText(quote),
      ...changeTexts(quote),
      freshness: freshness.text,
      asOf: as_of === null ? "no market time" : `${formatTime(as_of, now)} UTC`,
      received: `received ${formatTime(received_at, now)}${as_of === null ? " UTC" : ""}`,
      ...sourceTexts(quote),
      simulated: quote.simulated ? "SIM" : "",
    },
    times: { asOf: as_of ?? received_at, received: received_at },
  };
}

/**
 * Writes the figures of the day, "" for one that the source does not state.
 *
 * @param {QuoteData} quote
 * @param {number} now Ms since the epoch.
 */
export function dayTexts(quote, now) {
  const { decimals, open, high, low, prev_close, volume, bid, ask, next_open } = quote;
  /** @param {string | null} price */
  const format = (price) => price === null ? "" : formatDecimal(price, decimals);
  return {
    dayOpen: format(open),
    dayRange: low === null || high === null ? "" : `${format(low)} – ${format(high)}`,
    previous: format(prev_close),
    volume: volume === null ? "" : formatDecimal(volume, 0),
    spread: bid === null || ask === null ? "" : `${format(bid)} – ${format(ask)}`,
    nextOpen: next_open === null ? "" : `${formatTime(next_open, now)} UTC`,
  };
}

/**
 * Writes the banner about simulated data, "" if there is none.
 *
 * @param {readonly { readonly simulated: boolean }[]} items Quotes and articles.
 */
export function simulatedText(items) {
  const count = items.filter(({ simulated }) => simulated).length;
  if (count === 0) return "";
  return count === items.length
    ? "This server simulates every price and story."
    : "This server simulates everything marked SIM.";
}

/**
 * Writes the price and the time of a point.
 *
 * @param {PricePoint} point
 * @param {number} decimals
 * @param {number} now Ms since the epoch.
 */
export function pointTexts({ at, price }, decimals, now) {
  return {
    price: formatDecimal(price.toFixed(decimals), decimals),
    time: `${formatTime(new Date(at).toISOString(), now)} UTC`,
  };
}

/**
 * Describes a history: its start, its range, and both as the end of a chart's label.
 *
 * @param {readonly PricePoint[]} points
 * @param {number} decimals
 * @param {number} now Ms since the epoch.
 */
export function historyTexts(points, decimals, now) {
  const first = points.at(0);
  if (!first || points.length < 2) {
    return { since: "The chart starts with the next price.", range: "–", label: "no prices yet" };
  }
  const prices = points.map(({ price }) => price);
  const [lowest, highest] = [Math.min(...prices), Math.max(...prices)].map((price) =>
    pointTexts({ ...first, price }, decimals, now).price
  );
  const { time } = pointTexts(first, decimals, now);
  return {
    since: `Since ${time}.`,
    range: `${lowest} – ${highest}`,
    label: `since ${time}, between ${lowest} and ${highest}`,
  };
}

/** Ends a text with a full stop. @param {string} text */
const asSentence = (text) => text.replace(/\.?$/, ".");

/** The verbs of the states of providers, worst first. */
const PROVIDER_STATES = new Map([
  ["down", "has been down"],
  ["stale", "has sent nothing new"],
  ["live", "is live"],
  ["delayed", "has been delayed"],
  ["closed", "has been closed"],
]);

/** Returns the rank of a state, 0 for the worst. @param {{ readonly state: string }} status */
const severityRank = ({ state }) => [...PROVIDER_STATES.keys()].indexOf(state);

/**
 * Writes the state of a provider, with its reason, and its symbols, "" if it has none.
 *
 * @param {StatusData} status
 * @param {number} now Ms since the epoch.
 */
function providerTexts({ provider, state, since, reason, symbols }, now) {
  const suffix = reason ? `: ${reason}` : "";
  const symbolList = symbols.join(", ");
  if (provider === NO_PROVIDER) return { head: `No prices for ${symbolList}${suffix}`, tail: "" };
  const verb = state === "live"
    ? "is live"
    : `${PROVIDER_STATES.get(state) ?? state} since ${formatTime(since, now)} UTC`;
  return {
    head: `${provider} ${verb}${suffix}`,
    tail: symbolList && `Symbols: ${symbolList}`,
  };
}

/**
 * Writes notes about the providers that are not live or have a reason to report, worst first.
 *
 * @param {readonly StatusData[]} statuses
 * @param {number} now Ms since the epoch.
 */
export function providerNotes(statuses, now) {
  return statuses.filter(({ state, reason }) => state !== "live" || reason !== null)
    .toSorted((a, b) => severityRank(a) - severityRank(b))
    .map((status) => {
      const { state, next_try_at } = status;
      const { head, tail } = providerTexts(status, now);
      const nextTry = next_try_at ? `Next try at ${formatTime(next_try_at, now)} UTC` : "";
      return { state, text: [head, nextTry, tail].filter(Boolean).map(asSentence).join(" ") };
    });
}

/** The most articles on the page. */
export const MAX_SHOWN_ARTICLES = 30;

/**
 * Writes an article: `texts` by the name of the field. `href` is null if the URL is neither http nor https.
 *
 * @param {ArticleData} article
 * @param {number} now Ms since the epoch.
 */
export function articleTexts(article, now) {
  const { title, summary, url, image, sources, updated_at, simulated } = article;
  const time = new Date(publicationTime(article)).toISOString();
  return {
    href: /^https?:\/\//i.test(url) ? url : null,
    image,
    time,
    texts: {
      title,
      summary,
      published: `${formatTime(time, now)} UTC`,
      sources: sources.map(({ name }) => name).join(", "),
      updated: updated_at === null ? "" : `Updated ${formatTime(updated_at, now)} UTC`,
      simulated: simulated ? "SIM" : "",
    },
  };
}

/** The states of feeds in words. */
const FEED_STATES = new Map([
  ["waiting", "not read yet"],
  ["ok", "read"],
  ["unchanged", "unchanged"],
  ["moved", "moved"],
  ["broken", "cannot be read"],
  ["gone", "gone"],
]);

/**
 * Writes the details of a feed, by the name of the field.
 *
 * @param {FeedData} feed
 * @param {number} now Ms since the epoch.
 */
export function feedTexts({ state, reason, items, undated, last_article_at }, now) {
  const undatedText = undated > 0
    ? `${undated} of ${items} items ${undated === 1 ? "has" : "have"} no date`
    : "";
  return {
    state: FEED_STATES.get(state) ?? state,
    lastArticle: last_article_at === null
      ? "no article"
      : `last article ${formatTime(last_article_at, now)} UTC`,
    notes: [reason ?? "", undatedText].filter(Boolean).map(asSentence).join(" "),
  };
}

/**
 * Writes a note about a feed that has moved, is gone, cannot be read or has no usable item. Returns null for any other.
 *
 * @param {FeedData} feed
 * @param {number} now Ms since the epoch.
 */
function feedNote({ name, state, moved_to, reason, next_poll_at, items, skipped }, now) {
  if (state === "moved") {
    return { state: "live", text: asSentence(`${name} has moved to ${moved_to}`) };
  }
  if (state === "gone") {
    return { state: "down", text: asSentence(`${name} is gone: ${reason}`) };
  }
  if (state === "broken") {
    const nextTry = next_poll_at ? ` Next try at ${formatTime(next_poll_at, now)} UTC.` : "";
    return { state: "stale", text: asSentence(`${name} cannot be read: ${reason}`) + nextTry };
  }
  if (items === 0 || skipped < items) return null;
  return { state: "stale", text: asSentence(`${name} shows nothing: ${reason}`) };
}

/** The most notes about feeds. The details have all of them. */
const MAX_FEED_NOTES = 5;

/**
 * Writes the notes about news feeds: all of them, or the worst ones and the number of the others.
 *
 * @param {readonly FeedData[]} feeds
 * @param {number} now Ms since the epoch.
 */
export function feedNotes(feeds, now) {
  const notes = feeds.flatMap((feed) => feedNote(feed, now) ?? []);
  if (notes.length <= MAX_FEED_NOTES) return notes;
  const worst = notes.toSorted((a, b) => severityRank(a) - severityRank(b)).slice(
    0,
    MAX_FEED_NOTES,
  );
  const others = notes.length - MAX_FEED_NOTES;
  const text = `${others} more ${others === 1 ? "feed needs" : "feeds need"} attention.`;
  return [...worst, { state: "stale", text }];
}
