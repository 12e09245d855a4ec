/**
 * The interface of a simulated upstream. Each has one file, and answers in the shapes of the real one.
 *
 * @module
 */

/** A status and a body, before they become a Response. */
export interface SimulatedAnswer {
  readonly status: number;
  /** The body, which is sent as JSON. */
  readonly body: unknown;
}

/** A simulated upstream. */
export interface SimulatedUpstream {
  readonly host: string;
  /** The latency of its answers. It is short: the shortest poll interval of a demo is 50 ms. */
  readonly latencyMs: { readonly least: number; readonly most: number };
  /** Answers a GET as the real one would at a time, in milliseconds since the epoch. */
  answer(url: URL, now: number): SimulatedAnswer;
}

/** Returns the price at a time, with the decimals of its market. */
export type PriceAt = (ms: number) => string;

/** The simulated prices, by symbol. */
export type SimulatedMarket = Readonly<Record<string, PriceAt>>;
