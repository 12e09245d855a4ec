/**
 * The runtime: the effects outside the process, as one dependency that is passed in.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** The part of `fetch` that the project uses. */
export type FetchLike = (url: URL, init: RequestInit) => Promise<Response>;

/** The part of `WebSocket` that the project uses for outbound connections. An error is followed by a close. */
export interface SocketLike {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(message: string): void;
  close(): void;
}

/** The effects outside the process. `main.ts` creates the real ones, and tests create simulated ones. */
export interface Runtime {
  readonly clock: Clock;
  readonly fetch: FetchLike;
  /** Opens an outbound WebSocket. */
  readonly connect: (url: URL) => SocketLike;
  /** Returns a number in [0, 1) that is hard to guess. Jitter, ids and the demo's token are made from it. */
  readonly random: () => number;
  readonly log: Logger;
  /** Counts events. Without it, nothing is counted. */
  readonly metrics?: Metrics;
  /** Resolves a host name to its addresses. Rejects if the name is unknown. */
  readonly resolve: (host: string) => Promise<string[]>;
  /**
   * Reads a file that ships with the code, by its path below `lib/`, or a file of a package, such as
   * `npm:uplot/dist/uPlot.min.css`. Rejects with an error named `NotFound` if
   * the file is missing.
   */
  readonly readAsset: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
}
