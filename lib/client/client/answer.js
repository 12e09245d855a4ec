// @ts-check
/// <reference lib="dom" />
/**
 * Asking, and what a server answers that is not what was asked for.
 *
 * @module
 */

/** The longest wait that is believed: timers that are set for weeks fire at once. */
const DAY_S = 86_400;

/**
 * @param {import("./types.js").World} world
 * @param {URL} url
 * @param {string} accept
 * @param {boolean} withCredentials
 * @param {AbortSignal} signal
 */
export const ask = (world, url, accept, withCredentials, signal) =>
  world.fetch(url, {
    headers: { accept },
    credentials: withCredentials ? "include" : "same-origin",
    cache: "no-cache",
    signal,
  });

/**
 * Why it refused.
 *
 * @param {Response} answer
 * @returns {Promise<Extract<import("./types.js").End, { kind: "refused" }>>}
 */
export async function refusalOf(answer) {
  const problem = await answer.json().catch(() => null);
  return {
    kind: "refused",
    status: answer.status,
    detail: problem?.detail ?? `The server answered ${answer.status}.`,
    retryAfterMs: Math.min(Number(answer.headers.get("retry-after")) || 0, DAY_S) * 1000,
  };
}
