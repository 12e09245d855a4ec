/**
 * Feeds of runs: the answer so far and the rest as it arrives, whichever isolate produces it.
 *
 * @module
 */
import { Problem } from "../../core/problem.ts";
import type { RunInfo } from "./dialect.ts";
import type { ChatPart, RunEnd } from "./part.ts";
import type { Transcript } from "./transcript.ts";

/** Receives the rest of a run. After `onEnd` or `onBroken` it receives nothing. */
export interface RunListener {
  /** Receives parts that the transcript already includes. */
  onParts(parts: readonly ChatPart[]): void;
  /** Receives the end of the run, after its last parts. */
  onEnd(end: RunEnd): void;
  /** The feed cannot deliver the rest: readers lose their connection, and resume elsewhere. */
  onBroken(): void;
}

/** One run on one isolate. The same object serves all its readers. */
export interface RunFeed {
  readonly info: RunInfo;
  /** The answer so far. */
  readonly transcript: Pick<Transcript, "parts">;
  /** The end of the run, null while it is open. */
  readonly end: RunEnd | null;
  /** Adds a listener to an open run, and returns a function that removes it. */
  subscribe(listener: RunListener): () => void;
}

/**
 * Waits for the end of a run, as a reader of it.
 *
 * @param signal The reader's: aborted when it leaves.
 * @throws {Problem} 503 `run_moved`: the feed is broken, or the reader has left. The run itself goes on.
 */
export async function untilRunEnds(feed: RunFeed, signal: AbortSignal): Promise<RunEnd> {
  if (feed.end !== null) return feed.end;
  const { promise, resolve, reject } = Promise.withResolvers<RunEnd>();
  const lose = () => {
    const detail = "The connection to the answer is lost. Send the request again.";
    reject(new Problem(503, "run_moved", detail));
  };
  const unsubscribe = feed.subscribe({ onParts: () => {}, onEnd: resolve, onBroken: lose });
  signal.addEventListener("abort", lose);
  if (signal.aborted) lose();
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", lose);
    unsubscribe();
  }
}
