// @ts-check
/// <reference lib="dom" />
/**
 * What a server answers that is no stream.
 *
 * @module
 */

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
    retryAfterMs: Number(answer.headers.get("retry-after")) * 1000 || 0,
  };
}
