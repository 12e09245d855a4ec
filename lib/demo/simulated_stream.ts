/**
 * The interface of a simulated stream. Each stream has one file, and sends messages in the shapes of the real one.
 *
 * @module
 */

/** An answer to a message of the client. */
export interface StreamAnswer {
  readonly messages: readonly unknown[];
  /** The tickers that the client has subscribed. */
  readonly subscribed: readonly string[];
}

/** A trade of a ticker. */
export interface SimulatedTrade {
  readonly ticker: string;
  /** Wall time in ms. */
  readonly at: number;
  readonly sequence: number;
  /** Returns the body of a response at the time of the trade, as the provider's polled interface sends it. */
  read(url: string): unknown;
}

/** A simulated stream. Its messages are sent as JSON. */
export interface SimulatedStream {
  readonly host: string;
  /** The messages on a new connection. */
  greet(): readonly unknown[];
  /** Answers a message of the client. */
  answer(message: string): StreamAnswer;
  /** Creates a heartbeat of these tickers. */
  heartbeat(tickers: readonly string[]): readonly unknown[];
  /** Creates the message of a trade: null for a ticker that the provider does not know. */
  tick(trade: SimulatedTrade): unknown;
}
