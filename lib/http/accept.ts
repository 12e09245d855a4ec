/**
 * One URL, two formats: which of them a request asks for, by its `Accept` header (RFC 9110, 12.5.1).
 *
 * @module
 */
import { parseAccept } from "hono/utils/accept";

/** The media types of the two. */
const [STREAM, CHECK] = ["text/event-stream", "application/json"];

/** How a request is answered: `unsaid` as `json`, but by no word of its own. */
export type Format = "stream" | "json" | "unsaid";

/**
 * Reads an `Accept` header. A stream is for those who name it and like nothing of ours better: a `*` may stand for a client
 * that waits for the end of the body.
 */
export function acceptedFormat(accept: string | undefined): Format {
  // Best first, where there are several of a name.
  const ranges = parseAccept(accept ?? "").map(({ type, q }) => ({ type: type.toLowerCase(), q }));
  const [stream, check, anyApplication, any] = [STREAM, CHECK, "application/*", "*/*"].map(
    (name) => ranges.find(({ type }) => type === name)?.q,
  );
  if (stream === undefined) return check === undefined ? "unsaid" : "json";
  return stream > 0 && stream >= (check ?? anyApplication ?? any ?? 0) ? "stream" : "json";
}
