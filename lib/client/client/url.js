// @ts-check
/// <reference lib="dom" />
/**
 * Where a stream is.
 *
 * @module
 */

/**
 * Where a server is, whatever page says so.
 *
 * @param {string} url Relative to the page; empty for the page's own server.
 * @param {string | undefined} page
 * @throws {TypeError} Where the URL is none.
 */
export const baseOf = (url, page) => new URL(url || "/", page).href.replace(/\/$/, "");

/**
 * The newest articles.
 *
 * @param {string} base Of the server.
 * @param {readonly string[]} [sources]
 */
export function newsAddressOf(base, sources = []) {
  const url = new URL(`${base}/v1/news?limit=200`);
  if (sources.length) url.searchParams.set("source", sources.join());
  return url;
}

/**
 * @param {string} base Of the server.
 * @param {import("./types.js").Options} options
 * @param {string} cursor
 * @param {string | undefined} ticket
 */
export function addressOf(base, { topics, symbols, sources, maxRate }, cursor, ticket) {
  const url = new URL(`${base}/v1/stream`);
  for (
    const [name, value] of Object.entries({
      topics: topics.join(),
      symbols: symbols?.join(),
      source: sources?.join(),
      max_rate: maxRate,
      last_event_id: cursor,
      ticket,
    })
  ) {
    if (value) url.searchParams.set(name, String(value));
  }
  return url;
}
