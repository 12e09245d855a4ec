// @ts-check
/// <reference lib="dom" />
/**
 * A line over fetch: it sees what EventSource hides, such as the status of a refusal.
 *
 * @module
 */
import { ask, refusalOf } from "../answer.js";
import { createParser } from "../parser.js";

/** @type {import("../types.js").OpenLine} */
export function openFetch(url, { onFrame, onEnd }, world, { withCredentials }) {
  const stop = new AbortController();
  const { signal } = stop;

  /** @returns {import("../types.js").End} */
  const lost = () => ({ kind: "lost" });

  /** @returns {Promise<import("../types.js").End>} */
  async function follow() {
    const answer = await ask(world, url, "text/event-stream", withCredentials, signal);
    if (answer.status === 204) return { kind: "over" };
    if (!answer.ok || !answer.body) return await refusalOf(answer);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = createParser((frame) => signal.aborted || onFrame(frame));
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return lost();
      parser.feed(value);
    }
  }

  follow().catch(lost).then((end) => signal.aborted || onEnd(end));
  return () => stop.abort();
}
