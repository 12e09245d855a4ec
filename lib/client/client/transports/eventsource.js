// @ts-check
/// <reference lib="dom" />
/**
 * The EventSource transport. It does not expose the status of a refusal.
 *
 * @module
 */
import { BUILT_IN_EVENTS } from "../event_types.js";

/** @import { OpenTransport } from "../types.js" */

/** @type {OpenTransport} */
export function openEventSource(
  url,
  { onFrame, onEnd },
  { EventSource },
  { types, withCredentials },
) {
  // A runtime without EventSource begins with fetch.
  if (!EventSource) return () => {};
  const source = new EventSource(url, { withCredentials });
  let lastId = "";
  for (const type of new Set([...BUILT_IN_EVENTS, ...types])) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      // The browser gives a frame without an id the last one.
      const id = lastEventId === lastId ? undefined : lastEventId;
      lastId = lastEventId;
      onFrame({ type, data, id });
    });
  }
  source.onerror = () => {
    // After a cut a browser would connect again. After a refusal it does not.
    const isLost = source.readyState === source.CONNECTING;
    // The client schedules its attempts itself.
    source.close();
    onEnd({ kind: isLost ? "lost" : "unknown" });
  };
  return () => source.close();
}
