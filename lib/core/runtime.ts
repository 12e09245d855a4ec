/**
 * Everything outside the process, as one thing that is passed in.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** The least of `fetch` the project needs. */
export type FetchLike = (url: URL, init: RequestInit) => Promise<Response>;

/** What the project may know of and do to the outside. `main.ts` makes the real one, tests make theirs. */
export interface Runtime {
  readonly clock: Clock;
  readonly fetch: FetchLike;
  /** A number in [0, 1), hard to guess: jitter, ids and the demo's token come from it. */
  readonly random: () => number;
  readonly log: Logger;
  /** Who counts what happens: nobody, where it is not given. */
  readonly metrics?: Metrics;
  /** The addresses a host name stands for. Rejects where the name is unknown. */
  readonly resolve: (host: string) => Promise<string[]>;
  /**
   * A file that ships with the code, by its path below `lib/`; or a package's, such as `npm:uplot/dist/uPlot.min.css`.
   * Rejects where it is missing.
   */
  readonly readAsset: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
}
