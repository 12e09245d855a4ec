// @ts-check
/// <reference lib="dom" />
/**
 * The EventSource transport.
 *
 * @module
 */
import { BUILT_IN_EVENTS } from "../event_types.js";

/** @type {import("../types.js").OpenTransport} */
export function openEventSource(
  url,
  { onFrame, onEnd },
  { EventSource },
  { types, withCredentials },
) {
  if (!EventSource) throw new TypeError("Cannot open a stream without EventSource");
  const source = new EventSource(url, { withCredentials });
  let lastId = "";
  for (const type of new Set([...BUILT_IN_EVENTS, ...types])) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      // A frame without an id repeats the last one.
      const id = lastEventId === lastId ? undefined : lastEventId;
      lastId = lastEventId;
      onFrame({ type, data, id });
    });
  }
  source.onerror = () => {
    const isLost = source.readyState === source.CONNECTING;
    // The connection schedules reconnects, not the browser.
    source.close();
    onEnd({ kind: isLost ? "lost" : "unknown" });
  };
  return () => source.close();
}
