// @ts-check
/// <reference lib="dom" />
/**
 * Requests to the server, and its refusals.
 *
 * @module
 */

/** @import { BrowserRuntime, TransportEnd } from "./types.js" */

/** The longest accepted `Retry-After`, one day: `setTimeout` overflows above 2^31 - 1 ms and then fires immediately. */
const MAX_RETRY_AFTER_S = 86_400;

/**
 * Sends a request. Another origin receives the cookie only with `withCredentials`.
 *
 * @param {Pick<BrowserRuntime, "fetch">} runtime
 * @param {string | URL} url
 * @param {RequestInit & { withCredentials?: boolean | undefined }} options
 * @returns {Promise<Response>} Rejected if the network fails or the signal is aborted.
 */
export const sendRequest = ({ fetch }, url, { withCredentials, ...init }) =>
  fetch(url, { ...init, credentials: withCredentials ? "include" : "same-origin" });

/**
 * Reads the reason of a refusal from its problem document.
 *
 * @param {Response} response
 * @returns {Promise<Extract<TransportEnd, { kind: "refused" }>>} `retryAfterMs` is 0 without a `Retry-After` in seconds.
 */
export async function readRefusal(response) {
  // A proxy refuses without a problem document.
  const problem = await response.json().catch(() => null);
  const retryAfterS = Number(response.headers.get("retry-after")) || 0;
  return {
    kind: "refused",
    status: response.status,
    detail: problem?.detail ?? `The server answered ${response.status}.`,
    retryAfterMs: Math.min(retryAfterS, MAX_RETRY_AFTER_S) * 1000,
  };
}
