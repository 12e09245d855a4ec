/**
 * What a simulated upstream is: one file each, in the shapes of the real one.
 *
 * @module
 */

/** An answer, before it is a Response. */
export interface SimulatedAnswer {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
}

/** One upstream that is not there. */
export interface SimulatedUpstream {
  readonly host: string;
  /** Answers a GET as the real one would at a time, in milliseconds since the epoch. */
  answer(url: URL, now: number): SimulatedAnswer;
}

/** A price at a time, with 2 decimals. */
export type PriceAt = (ms: number) => string;

/** The prices everyone simulates, by symbol. */
export type Market = Readonly<Record<string, PriceAt>>;
