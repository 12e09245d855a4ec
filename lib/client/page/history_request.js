// @ts-check
/// <reference lib="dom" />
/**
 * Requests for the history of a price, which a stream does not send.
 *
 * @module
 */
import { sendRequest } from "../client/request.js";
import { pointsOfBars } from "./price_history.js";

/** @import { BrowserRuntime } from "../client/types.js" */
/** @import { PricePoint } from "./price_history.js" */

/** The points of a range, oldest first, and their source. @typedef {{ points: PricePoint[], source: string, attribution: string }} RangeHistory */

/**
 * Requests the history of a symbol.
 *
 * @param {Pick<BrowserRuntime, "fetch">} runtime
 * @param {string} server As `serverUrl()` returns it.
 * @param {string} symbol
 * @param {string} range Such as "1d".
 * @returns {Promise<RangeHistory>}
 * @throws {Error} If the network fails or the server refuses the request.
 */
export async function requestHistory(runtime, server, symbol, range) {
  const url = `${server}/v1/quotes/${encodeURIComponent(symbol)}/history?range=${range}`;
  const response = await sendRequest(runtime, url, {});
  if (!response.ok) throw new Error(`${url} responded with ${response.status}`);
  const { bars, source, attribution } = await response.json();
  return { points: pointsOfBars(bars), source, attribution };
}
