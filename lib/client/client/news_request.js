// @ts-check
/// <reference lib="dom" />
/**
 * Requests for the newest articles, which a stream does not send.
 *
 * @module
 */
import { sendRequest } from "./request.js";

/** @import { BrowserRuntime } from "./types.js" */

/**
 * @typedef {object} NewsQuery
 * @property {number} limit The most articles.
 * @property {readonly string[] | undefined} [sources] The default is all.
 */

/**
 * Builds the URL of the newest articles.
 *
 * @param {string} server As `serverUrl()` returns it.
 * @param {NewsQuery} query
 * @returns {URL}
 */
export function newsUrl(server, { limit, sources = [] }) {
  const url = new URL(`${server}/v1/news?limit=${limit}`);
  if (sources.length) url.searchParams.set("source", sources.join());
  return url;
}

/**
 * Requests the newest articles and the status of their feeds.
 *
 * @param {Pick<BrowserRuntime, "fetch">} runtime
 * @param {string} server As `serverUrl()` returns it.
 * @param {NewsQuery & { withCredentials?: boolean }} query
 * @returns {Promise<{ articles: any[], feeds: any[] }>} Articles newest first.
 * @throws {Error} If the network fails or the server refuses the request.
 */
export async function requestNews(runtime, server, { withCredentials, ...query }) {
  const url = newsUrl(server, query);
  const response = await sendRequest(runtime, url, { withCredentials });
  if (!response.ok) throw new Error(`${url} responded with ${response.status}`);
  return await response.json();
}
