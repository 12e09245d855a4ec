// @ts-check
/// <reference lib="dom" />
/**
 * A line over EventSource.
 *
 * @module
 */

/** The types of the built-in topics, and the stream's own: EventSource hears only those it is told. */
const TYPES = "sync gap snapshot heartbeat bye busy auth quote status article article.updated " +
  "article.retracted progress session task token done stopped completed failed cancelled expired";

/** @type {import("../types.js").OpenLine} */
export function openSource(url, { onFrame, onEnd }, { EventSource }, { types, withCredentials }) {
  if (!EventSource) throw new TypeError("Cannot open a stream without EventSource");
  const source = new EventSource(url, { withCredentials });
  let last = "";
  for (const type of new Set([...TYPES.split(" "), ...types])) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      // One without an id repeats the last one's.
      const id = lastEventId === last ? undefined : lastEventId;
      last = lastEventId;
      onFrame({ type, data, id });
    });
  }
  source.onerror = () => {
    const isLost = source.readyState === source.CONNECTING;
    // When to come back is ours to decide.
    source.close();
    onEnd({ kind: isLost ? "lost" : "unseen" });
  };
  return () => source.close();
}
