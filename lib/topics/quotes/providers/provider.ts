/**
 * The interface of quote providers. Each provider is one file that turns an upstream's answers into readings.
 *
 * @module
 */
import { z } from "zod";
import { isoTime } from "../../../core/time.ts";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import type { Quote } from "../quote.ts";
import { isPositive, percentOf, plain, subtract } from "./decimal.ts";

/** The times of one answer. */
export interface Receipt extends Pick<Quote, "received_at"> {
  /** Monotonic time, as `clock.elapsed()` of this isolate: ages are measured by it. */
  readonly receivedElapsed: number;
}

/** The price of one symbol in one answer. `change` is measured within this provider, never across two. */
export interface Reading extends
  Receipt,
  Pick<
    Quote,
    "symbol" | "price" | "change" | "change_pct" | "basis" | "as_of" | "is_delayed" | "delay_s"
  > {
  /** Null if the answer does not say: then the market's own hours apply. */
  readonly session: Quote["session"] | null;
  /** The trading hours of the answer, in ms since the epoch. They take precedence over `session`. */
  readonly period?: { readonly start: number; readonly end: number };
}

/** A source of quotes, with the options of the upstream that it is read through. */
export interface Provider {
  /** The `source` of a quote and the `provider` of a status. */
  readonly name: string;
  /** Its name in texts for users. */
  readonly title: string;
  /** The text that its terms require beside every price. */
  readonly attribution: string;
  readonly symbols: readonly string[];
  /** Time between two polls, in ms. A quote is stale after twice as long without an answer. */
  readonly intervalMs: number;
  /** Time between two polls while all its markets are closed, in ms. `intervalMs` unless set. */
  readonly closedIntervalMs?: number;
  /** Lifetime of a cached answer, in ms. Below 80 % of the interval no jittered poll has to wait for it. */
  readonly ttlMs: number;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** True if it sends no previous price: `change` is then measured from its first price of the UTC day. */
  readonly isMeasuredByDay?: boolean;
  /**
   * Reads one symbol. Several symbols may share a URL: the upstream fetches it once.
   *
   * @throws {UpstreamFailure} If there is no fresh answer, or it lacks the symbol.
   */
  read(upstream: Pick<Upstream, "get">, symbol: string): Promise<Reading>;
}

/** Validates a price: above zero, in plain notation with the digits that were sent. */
export const Price = z.string().transform((text, context) => {
  const price = plain(text);
  if (price !== null && isPositive(price)) return price;
  context.addIssue("no price");
  return z.NEVER;
});

/** The fields of a symbol that is traded round the clock and reported without delay. */
export const ROUND_THE_CLOCK = { session: "always", is_delayed: false, delay_s: null } as const;

/** The fields of a price without a previous price. */
export const NO_CHANGE = { change: null, change_pct: null, basis: "none" } as const;

/** Measures `price` from a baseline of the same provider. */
export function changeSince(
  baseline: string,
  price: string,
): Pick<Quote, "change" | "change_pct"> {
  const change = subtract(price, baseline);
  return { change, change_pct: percentOf(change, baseline) };
}

/**
 * Gets an answer that is within its TTL.
 *
 * @throws {UpstreamFailure} If the refresh failed, even if an older answer is known.
 */
export async function getFresh<T>(
  upstream: Pick<Upstream, "get">,
  url: string,
  parse: (text: string) => T,
): Promise<{ readonly value: T; readonly receipt: Receipt }> {
  const { value, receivedAt, receivedElapsed, failure } = await upstream.get(url, parse);
  if (failure !== null) throw failure;
  return { value, receipt: { received_at: isoTime(receivedAt), receivedElapsed } };
}

/** The failure of an answer that lacks a symbol. */
export function noPrice(title: string, symbol: string): UpstreamFailure {
  return new UpstreamFailure("shape", `${title} returned no price for ${symbol}`);
}

/** The failure of an error body. Status 429 makes the upstream pause, also if the body came with HTTP 200. */
export function errorAnswer(title: string, status: number): UpstreamFailure {
  const text = status === 429 ? "refused: too many requests" : "answered with an error";
  return new UpstreamFailure("http", `${title} ${text}`, { status });
}
