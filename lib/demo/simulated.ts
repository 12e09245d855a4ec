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
  /** How long its answers take: short, so that the shortest interval of `DEMO`, 50, is still calm. */
  readonly latencyMs: { readonly least: number; readonly most: number };
  /** Answers a GET as the real one would at a time, in milliseconds since the epoch. */
  answer(url: URL, now: number): SimulatedAnswer;
}

/** A price at a time, with as many decimals as its market writes. */
export type PriceAt = (ms: number) => string;

/** The prices everyone simulates, by symbol. */
export type SimulatedMarket = Readonly<Record<string, PriceAt>>;
