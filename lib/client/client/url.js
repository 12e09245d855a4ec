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
 * @param {string | undefined} pageUrl Undefined outside a page, where `url` must be absolute.
 * @returns {string} Without a slash at the end.
 * @throws {TypeError} If the URL is invalid.
 */
export const serverUrl = (url, pageUrl) => new URL(url || "/", pageUrl).href.replace(/\/$/, "");

/**
 * Builds the URL of a stream.
 *
 * @param {string} server As {@linkcode serverUrl} returns it.
 * @param {import("./types.js").ConnectOptions} options
 * @param {string} cursor "" starts with the next events.
 * @param {string | undefined} ticket
 * @returns {URL}
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
