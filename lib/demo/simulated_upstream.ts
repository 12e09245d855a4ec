/**
 * The interface of a simulated upstream. Each upstream has one file, and responds in the shapes of the real one.
 *
 * @module
 */

/** A range of latencies, in ms. */
export interface LatencyRange {
  readonly min: number;
  readonly max: number;
}

/** A status and a body, before they become a `Response`. */
export interface SimulatedResponse {
  readonly status: number;
  /** The body, which is sent as JSON. */
  readonly body: unknown;
}

/** The prices of an upstream that needs no key, so that it is the first choice of some instruments. */
export interface UpstreamPrices {
  /** The name of its provider. */
  readonly provider: string;
  /** Returns the path of the response that contains the price of a ticker. */
  pathOf(ticker: string): string;
  /** Returns the price that a response at a wall time in ms contains: undefined for an unknown ticker. */
  priceAt(ticker: string, ms: number): string | undefined;
}

/** A simulated upstream. */
export interface SimulatedUpstream {
  readonly host: string;
  readonly prices?: UpstreamPrices;
  /** The latency of its responses. It is short because the shortest poll interval of a demo is 50 ms. */
  readonly latencyMs: LatencyRange;
  /**
   * Responds to a GET as the real upstream would.
   *
   * @param now Wall time in ms.
   */
  respond(url: URL, now: number): SimulatedResponse;
}

/**
 * Returns a latency in a range, in ms.
 *
 * @param share The position in the range, from 0 (the minimum) to 1 (the maximum).
 */
export function latencyAt({ min, max }: LatencyRange, share: number): number {
  return min + share * (max - min);
}

/**
 * Looks up a parameter of a request in a table.
 *
 * @returns Undefined if the request lacks the parameter or the table lacks its value.
 */
export function lookUp<T>(
  table: Readonly<Record<string, T>>,
  parameter: string | null | undefined,
): T | undefined {
  return typeof parameter === "string" && Object.hasOwn(table, parameter)
    ? table[parameter]
    : undefined;
}
