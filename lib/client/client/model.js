// @ts-check
/**
 * What is known, as values: pure, and the same object wherever nothing has changed.
 *
 * @module
 */

/** @import { StreamEvent } from "./types.js" */
/** @typedef {{ readonly symbol: string, readonly received_at: string, readonly [field: string]: unknown }} Quote As in the contract; so are the others. */
/** @typedef {{ readonly provider: string, readonly [field: string]: unknown }} Status */
/** @typedef {{ readonly id: string, readonly [field: string]: unknown }} Kept An article, an operation or a session. */

/**
 * @typedef {object} Model
 * @property {Readonly<Record<string, Quote>>} quotes By symbol.
 * @property {Readonly<Record<string, Status>>} status By provider.
 * @property {readonly Kept[]} news Newest first.
 * @property {Readonly<Record<string, Kept>>} operations By id.
 * @property {Readonly<Record<string, Kept>>} sessions By id.
 */

/** Articles kept: as many as the server gives at once. */
export const MOST_ARTICLES = 200;

/** @type {Model} */
export const EMPTY = Object.freeze({
  quotes: Object.freeze({}),
  status: Object.freeze({}),
  news: Object.freeze([]),
  operations: Object.freeze({}),
  sessions: Object.freeze({}),
});

const ENDS = ["completed", "failed", "cancelled", "expired"];

/**
 * @param {unknown} a
 * @param {unknown} b
 */
const isSame = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * @template T
 * @param {Readonly<Record<string, T>>} all
 * @param {string} key
 * @param {T} value
 * @returns {Readonly<Record<string, T>>}
 */
const put = (all, key, value) => isSame(all[key], value) ? all : { ...all, [key]: value };

/**
 * Puts a quote in, unless the one that is there came later.
 *
 * @param {Model["quotes"]} quotes
 * @param {Quote} quote
 */
function putQuote(quotes, quote) {
  const known = quotes[quote.symbol];
  return known && Date.parse(quote.received_at) < Date.parse(known.received_at)
    ? quotes
    : put(quotes, quote.symbol, quote);
}

/**
 * All at once: who is not in the snapshot is gone, and who is there later than it stays.
 *
 * @param {Model} model
 * @param {{ quotes: readonly Quote[], status: readonly Status[] }} snapshot
 */
function replaceMarket({ quotes, status }, snapshot) {
  const told = new Set(snapshot.quotes.map(({ symbol }) => symbol));
  const rest = Object.entries(quotes).filter(([symbol]) => told.has(symbol));
  const left = rest.length === Object.keys(quotes).length ? quotes : Object.fromEntries(rest);
  const next = Object.fromEntries(snapshot.status.map((each) => [each.provider, each]));
  return {
    quotes: snapshot.quotes.reduce(putQuote, left),
    status: isSame(status, next) ? status : next,
  };
}

/**
 * What the list is ordered by, as the server's is: a publisher's time that lies ahead of us counts as now.
 *
 * @param {Kept} article
 */
function timeOf({ published_at, first_seen_at }) {
  const seen = Date.parse(String(first_seen_at));
  return published_at ? Math.min(Date.parse(String(published_at)), seen) : seen;
}

/**
 * Puts an article in its place; one that was there moves where its time was corrected.
 *
 * @param {Model["news"]} news
 * @param {Kept} article
 */
function putArticle(news, article) {
  if (news.some((each) => isSame(each, article))) return news;
  const rest = news.filter(({ id }) => id !== article.id);
  const after = rest.findIndex((each) => timeOf(each) <= timeOf(article));
  return rest.toSpliced(after < 0 ? rest.length : after, 0, article).slice(0, MOST_ARTICLES);
}

/**
 * The part of the model that an event changes. What it says nothing about is not there.
 *
 * @param {Model} model
 * @param {{ type: string, data: any }} event
 * @returns {Partial<Model>}
 */
function change(model, { type, data }) {
  if (type === "snapshot") return replaceMarket(model, data);
  if (type === "quote") return { quotes: putQuote(model.quotes, data) };
  if (type === "status") return { status: put(model.status, data.provider, data) };
  if (type === "article" || type === "article.updated") {
    return { news: putArticle(model.news, data) };
  }
  if (type === "article.retracted" && model.news.some(({ id }) => id === data.id)) {
    return { news: model.news.filter(({ id }) => id !== data.id) };
  }
  // Both end by the same words; a session alone has a `session_state`.
  if (type === "session" || (ENDS.includes(type) && "session_state" in data)) {
    return { sessions: put(model.sessions, data.id, data) };
  }
  if (type === "progress" || ENDS.includes(type)) {
    return { operations: put(model.operations, data.id, data) };
  }
  return {};
}

/**
 * The model after an event.
 *
 * @param {Model} model
 * @param {StreamEvent} event Of the server's own types; others change nothing.
 * @returns {Model} The same object where nothing has changed.
 */
export function reduce(model, event) {
  const next = { ...model, ...change(model, event) };
  const isChanged = next.quotes !== model.quotes || next.status !== model.status ||
    next.news !== model.news || next.operations !== model.operations ||
    next.sessions !== model.sessions;
  return isChanged ? next : model;
}

/**
 * The model with the list of news as `GET /v1/news` has it.
 *
 * @param {Model} model
 * @param {readonly Kept[]} articles Newest first.
 * @returns {Model}
 */
export function replaceNews(model, articles) {
  return isSame(model.news, articles)
    ? model
    : { ...model, news: articles.slice(0, MOST_ARTICLES) };
}
