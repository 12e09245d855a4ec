// @ts-check
/// <reference lib="dom" />
/**
 * A line over fetch: it sees what EventSource hides, such as the status of a refusal.
 *
 * @module
 */
import { refusalOf } from "./answer.js";
import { createParser } from "./parser.js";

/** @type {import("./types.js").OpenLine} */
export function openFetch(url, { onFrame, onEnd }, world, { withCredentials }) {
  const stop = new AbortController();
  const { signal } = stop;

  /** @returns {Promise<import("./types.js").End>} */
  async function follow() {
    const answer = await world.fetch(url, {
      headers: { accept: "text/event-stream" },
      credentials: withCredentials ? "include" : "same-origin",
      cache: "no-store",
      signal,
    });
    if (answer.status === 204) return { kind: "over" };
    if (!answer.ok || !answer.body) return await refusalOf(answer);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = createParser((frame) => signal.aborted || onFrame(frame));
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return { kind: "lost" };
      parser.feed(value);
    }
  }

  follow()
    .catch(() => /** @type {const} */ ({ kind: "lost" }))
    .then((end) => signal.aborted || onEnd(end));
  return () => stop.abort();
}
