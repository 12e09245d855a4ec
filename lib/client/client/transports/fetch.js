// @ts-check
/// <reference lib="dom" />
/**
 * The fetch transport. Unlike EventSource it exposes the status of a refusal.
 *
 * @module
 */
import { createParser } from "../parser.js";
import { readRefusal, sendRequest } from "../request.js";

/** @import { OpenTransport, TransportEnd } from "../types.js" */

/** @type {OpenTransport} */
export function openFetch(url, { onFrame, onEnd }, runtime, { withCredentials }) {
  const controller = new AbortController();
  const { signal } = controller;
  const parser = createParser((frame) => {
    // The handler of an earlier frame of the same chunk may have closed this transport.
    if (!signal.aborted) onFrame(frame);
  });

  /** Reads the stream to its end. @returns {Promise<TransportEnd>} Rejected if the network fails. */
  async function readStream() {
    const response = await sendRequest(runtime, url, {
      headers: { accept: "text/event-stream" },
      // A cached refusal would outlive its reason.
      cache: "no-cache",
      withCredentials,
      signal,
    });
    // The HTML standard ends an EventSource with this status.
    if (response.status === 204) return { kind: "finished" };
    if (!response.ok || !response.body) return await readRefusal(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return { kind: "lost" };
      parser.feed(value);
    }
  }

  async function run() {
    // Only the network rejects: `onFrame` does not throw.
    /** @type {TransportEnd} */
    const end = await readStream().catch(() => ({ kind: "lost" }));
    if (!signal.aborted) onEnd(end);
  }

  void run();
  return () => controller.abort();
}
