// @ts-check
/// <reference lib="dom" />
/**
 * What a server answers that is no stream.
 *
 * @module
 */

/** The longest wait that is believed: timers that are set for weeks fire at once. */
const DAY_S = 86_400;

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
