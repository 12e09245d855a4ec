// @ts-check
/// <reference lib="dom" />
/**
 * URLs of the server.
 *
 * @module
 */

/**
 * Resolves the URL of a server.
 *
 * @param {string} url Relative to the page; empty for the page's own server.
 * @param {string | undefined} pageUrl
 * @throws {TypeError} If the URL is invalid.
 */
export const serverUrl = (url, pageUrl) => new URL(url || "/", pageUrl).href.replace(/\/$/, "");

/**
 * Builds the URL of the newest articles.
 *
 * @param {string} server
 * @param {readonly string[]} [sources]
 */
export function newsUrl(server, sources = []) {
  const url = new URL(`${server}/v1/news?limit=200`);
  if (sources.length) url.searchParams.set("source", sources.join());
  return url;
}

/**
 * Builds the URL of a stream.
 *
 * @param {string} server
 * @param {import("./types.js").ConnectOptions} options
 * @param {string} cursor
 * @param {string | undefined} ticket
 */
export function streamUrl(server, { topics, symbols, sources, maxRate }, cursor, ticket) {
  const url = new URL(`${server}/v1/stream`);
  const parameters = {
    topics: topics.join(),
    symbols: symbols?.join(),
    source: sources?.join(),
    max_rate: maxRate,
    last_event_id: cursor,
    ticket,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value) url.searchParams.set(name, String(value));
  }
  return url;
}
