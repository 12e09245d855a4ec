// @ts-check
/**
 * The received data as immutable values. An update that changes nothing returns the same object.
 *
 * @module
 */
import { TERMINAL_EVENTS } from "./event_types.js";

/** @import { LiveEvent } from "./types.js" */
/** @typedef {{ readonly symbol: string, readonly received_at: string, readonly [field: string]: unknown }} ModelQuote A quote, as the server sends it. */
/** @typedef {{ readonly provider: string, readonly [field: string]: unknown }} ModelStatus The status of a provider. */
/** @typedef {{ readonly id: string, readonly [field: string]: unknown }} ModelItem An article, an operation or a session. */

/**
 * @typedef {object} Model
 * @property {Readonly<Record<string, ModelQuote>>} quotes By symbol.
 * @property {Readonly<Record<string, ModelStatus>>} status By provider.
 * @property {readonly ModelItem[]} news Newest first.
 * @property {Readonly<Record<string, ModelItem>>} operations By id.
 * @property {Readonly<Record<string, ModelItem>>} sessions By id.
 */

/** The most articles of a model, which is also the most of one response of `GET /v1/news`. */
export const MAX_ARTICLES = 200;

/** @type {Model} */
export const EMPTY_MODEL = Object.freeze({
  quotes: Object.freeze({}),
  status: Object.freeze({}),
  news: Object.freeze([]),
  operations: Object.freeze({}),
  sessions: Object.freeze({}),
});

/** Compares two values as JSON. @param {unknown} value @param {unknown} other */
const isEqual = (value, other) =>
  value === other || JSON.stringify(value) === JSON.stringify(other);

/**
 * Puts a value in a record, which stays the same if it has an equal one.
 *
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {string} key
 * @param {T} value
 * @returns {Readonly<Record<string, T>>}
 */
const withValue = (record, key, value) =>
  isEqual(record[key], value) ? record : { ...record, [key]: value };

/**
 * Puts a quote in its place, unless the present one was received later.
 *
 * @param {Model["quotes"]} quotes
 * @param {ModelQuote} quote
 */
function withQuote(quotes, quote) {
  const present = quotes[quote.symbol];
  return present && Date.parse(quote.received_at) < Date.parse(present.received_at)
    ? quotes
    : withValue(quotes, quote.symbol, quote);
}

/**
 * Replaces quotes and statuses. Symbols that the snapshot lacks are removed. Quotes received after it stay.
 *
 * @param {Model} model
 * @param {{ quotes: readonly ModelQuote[], status: readonly ModelStatus[] }} snapshot
 */
function withSnapshot({ quotes, status }, snapshot) {
  const symbols = new Set(snapshot.quotes.map(({ symbol }) => symbol));
  const remaining = Object.entries(quotes).filter(([symbol]) => symbols.has(symbol));
  const isComplete = remaining.length === Object.keys(quotes).length;
  const statuses = Object.fromEntries(snapshot.status.map((item) => [item.provider, item]));
  return {
    quotes: snapshot.quotes.reduce(withQuote, isComplete ? quotes : Object.fromEntries(remaining)),
    status: isEqual(status, statuses) ? status : statuses,
  };
}

/**
 * Computes the publication time of an article in ms since the epoch, as the server does: at most the time received.
 *
 * @param {ModelItem} article
 */
export function publicationTime({ published_at, first_seen_at }) {
  const seenAt = Date.parse(String(first_seen_at));
  return published_at ? Math.min(Date.parse(String(published_at)), seenAt) : seenAt;
}

/**
 * Inserts an article in order and evicts the oldest. An updated article moves if its time was corrected.
 *
 * @param {Model["news"]} news
 * @param {ModelItem} article
 */
function withArticle(news, article) {
  if (news.some((present) => isEqual(present, article))) return news;
  const others = news.filter(({ id }) => id !== article.id);
  const olderIndex = others.findIndex((other) =>
    publicationTime(other) <= publicationTime(article)
  );
  const index = olderIndex < 0 ? others.length : olderIndex;
  return others.toSpliced(index, 0, article).slice(0, MAX_ARTICLES);
}

/**
 * Computes the parts of the model that an event changes.
 *
 * @param {Model} model
 * @param {{ type: string, data: any }} event
 * @returns {Partial<Model>}
 */
function changesBy(model, { type, data }) {
  const isTerminal = TERMINAL_EVENTS.includes(type);
  if (type === "snapshot") return withSnapshot(model, data);
  if (type === "quote") return { quotes: withQuote(model.quotes, data) };
  if (type === "status") return { status: withValue(model.status, data.provider, data) };
  if (type === "article" || type === "article.updated") {
    return { news: withArticle(model.news, data) };
  }
  if (type === "article.retracted" && model.news.some(({ id }) => id === data.id)) {
    return { news: model.news.filter(({ id }) => id !== data.id) };
  }
  // Operations and sessions share their terminal types; only a session has a `session_state`.
  if (type === "session" || (isTerminal && "session_state" in data)) {
    return { sessions: withValue(model.sessions, data.id, data) };
  }
  if (type === "progress" || isTerminal) {
    return { operations: withValue(model.operations, data.id, data) };
  }
  return {};
}

/**
 * Applies an event to the model. Types that the server does not define change nothing.
 *
 * @param {Model} model
 * @param {LiveEvent} event
 * @returns {Model} The same object if nothing has changed.
 */
export function reduce(model, event) {
  const changed = { ...model, ...changesBy(model, event) };
  const isChanged = changed.quotes !== model.quotes || changed.status !== model.status ||
    changed.news !== model.news || changed.operations !== model.operations ||
    changed.sessions !== model.sessions;
  return isChanged ? changed : model;
}

/**
 * Replaces the news by those of `GET /v1/news`.
 *
 * @param {Model} model
 * @param {readonly ModelItem[]} articles Newest first.
 * @returns {Model} The same object if nothing has changed.
 */
export function replaceNews(model, articles) {
  return isEqual(model.news, articles)
    ? model
    : { ...model, news: articles.slice(0, MAX_ARTICLES) };
}
