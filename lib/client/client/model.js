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

/** The most articles kept: as many as one answer of `GET /v1/news` has. */
export const MAX_ARTICLES = 200;

/** @type {Model} */
export const EMPTY_MODEL = Object.freeze({
  quotes: Object.freeze({}),
  status: Object.freeze({}),
  news: Object.freeze([]),
  operations: Object.freeze({}),
  sessions: Object.freeze({}),
});

/** @param {unknown} a @param {unknown} b */
const isEqual = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {string} key
 * @param {T} value
 * @returns {Readonly<Record<string, T>>}
 */
const withValue = (record, key, value) =>
  isEqual(record[key], value) ? record : { ...record, [key]: value };

/**
 * Puts a quote in, unless the known one was received later.
 *
 * @param {Model["quotes"]} quotes
 * @param {ModelQuote} quote
 */
function withQuote(quotes, quote) {
  const known = quotes[quote.symbol];
  return known && Date.parse(quote.received_at) < Date.parse(known.received_at)
    ? quotes
    : withValue(quotes, quote.symbol, quote);
}

/**
 * Replaces quotes and statuses. Symbols that the snapshot lacks are removed; quotes received after it stay.
 *
 * @param {Model} model
 * @param {{ quotes: readonly ModelQuote[], status: readonly ModelStatus[] }} snapshot
 */
function withSnapshot({ quotes, status }, snapshot) {
  const symbols = new Set(snapshot.quotes.map(({ symbol }) => symbol));
  const kept = Object.entries(quotes).filter(([symbol]) => symbols.has(symbol));
  const base = kept.length === Object.keys(quotes).length ? quotes : Object.fromEntries(kept);
  const next = Object.fromEntries(snapshot.status.map((each) => [each.provider, each]));
  return {
    quotes: snapshot.quotes.reduce(withQuote, base),
    status: isEqual(status, next) ? status : next,
  };
}

/**
 * Computes the sort key of an article, as the server does: a publication time in the future counts as the time received.
 *
 * @param {ModelItem} article
 */
function articleTime({ published_at, first_seen_at }) {
  const seen = Date.parse(String(first_seen_at));
  return published_at ? Math.min(Date.parse(String(published_at)), seen) : seen;
}

/**
 * Inserts an article in order. A known article moves if its time was corrected.
 *
 * @param {Model["news"]} news
 * @param {ModelItem} article
 */
function withArticle(news, article) {
  if (news.some((each) => isEqual(each, article))) return news;
  const rest = news.filter(({ id }) => id !== article.id);
  const after = rest.findIndex((each) => articleTime(each) <= articleTime(article));
  return rest.toSpliced(after < 0 ? rest.length : after, 0, article).slice(0, MAX_ARTICLES);
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
  const next = { ...model, ...changesBy(model, event) };
  const isChanged = next.quotes !== model.quotes || next.status !== model.status ||
    next.news !== model.news || next.operations !== model.operations ||
    next.sessions !== model.sessions;
  return isChanged ? next : model;
}

/**
 * Replaces the news by the answer of `GET /v1/news`.
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
