// @ts-check
/// <reference lib="dom" />
/**
 * The fetch transport. Unlike EventSource it exposes the status of a refusal.
 *
 * @module
 */
import { createParser } from "../parser.js";

/** @import { BrowserRuntime, OpenTransport, TransportEnd } from "../types.js" */

/** The longest accepted `Retry-After`: timers of several weeks fire at once. */
const MAX_RETRY_AFTER_S = 86_400;

/**
 * Sends a request.
 *
 * @param {BrowserRuntime} runtime
 * @param {URL} url
 * @param {string} accept
 * @param {boolean} withCredentials
 * @param {AbortSignal} signal
 */
export const sendRequest = (runtime, url, accept, withCredentials, signal) =>
  runtime.fetch(url, {
    headers: { accept },
    credentials: withCredentials ? "include" : "same-origin",
    cache: "no-cache",
    signal,
  });

/**
 * Reads the reason of a refusal.
 *
 * @param {Response} response
 * @returns {Promise<Extract<TransportEnd, { kind: "refused" }>>}
 */
export async function readRefusal(response) {
  const problem = await response.json().catch(() => null);
  const retryAfterS = Number(response.headers.get("retry-after")) || 0;
  return {
    kind: "refused",
    status: response.status,
    detail: problem?.detail ?? `The server answered ${response.status}.`,
    retryAfterMs: Math.min(retryAfterS, MAX_RETRY_AFTER_S) * 1000,
  };
}

/** @type {OpenTransport} */
export function openFetch(url, { onFrame, onEnd }, runtime, { withCredentials }) {
  const controller = new AbortController();
  const { signal } = controller;

  /** @returns {Promise<TransportEnd>} */
  async function readFrames() {
    const response = await sendRequest(runtime, url, "text/event-stream", withCredentials, signal);
    if (response.status === 204) return { kind: "finished" };
    if (!response.ok || !response.body) return await readRefusal(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = createParser((frame) => {
      if (!signal.aborted) onFrame(frame);
    });
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return { kind: "lost" };
      parser.feed(value);
    }
  }

  async function run() {
    /** @type {TransportEnd} */
    const end = await readFrames().catch(() => ({ kind: "lost" }));
    if (!signal.aborted) onEnd(end);
  }

  void run();
  return () => controller.abort();
}
