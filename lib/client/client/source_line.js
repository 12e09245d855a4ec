// @ts-check
/// <reference lib="dom" />
/**
 * A line over EventSource.
 *
 * @module
 */

/** @type {import("./types.js").OpenLine} */
export function openSource(url, { onFrame, onEnd }, { EventSource }, { types, withCredentials }) {
  if (!EventSource) throw new TypeError("Cannot open a stream: there is no EventSource");
  const source = new EventSource(url, { withCredentials });
  let last = "";
  for (const type of types) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      // One without an id repeats the last one's.
      const id = lastEventId === last ? undefined : lastEventId;
      last = lastEventId;
      onFrame({ type, data, id });
    });
  }
  source.onerror = () => {
    const isLost = source.readyState === source.CONNECTING;
    source.close(); // when to come back is ours to decide
    onEnd({ kind: isLost ? "lost" : "unseen" });
  };
  return () => source.close();
}
