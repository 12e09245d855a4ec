// @ts-check
/// <reference lib="dom" />
/**
 * Where a stream is.
 *
 * @module
 */

/**
 * @param {string} base Of the server.
 * @param {import("./types.js").Options} options
 * @param {string} cursor
 * @param {string | undefined} ticket
 * @param {string | undefined} page What `base` is relative to.
 */
export function addressOf(base, { topics, symbols, sources, maxRate }, cursor, ticket, page) {
  const url = new URL(`${base.replace(/\/$/, "")}/v1/stream`, page);
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
