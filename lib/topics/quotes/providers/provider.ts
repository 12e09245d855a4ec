/**
 * What a provider of quotes is: one file each, which turns an upstream's answers into readings.
 *
 * @module
 */
import { z } from "zod";
import type { Upstream, UpstreamAnswer } from "../../../upstream/upstream.ts";
import { isPositive, percentOf, plain, subtract } from "./decimal.ts";
import type { Quote } from "../quote.ts";

/** What a provider says of one symbol at one time. `change` is measured within this provider, never across two. */
export interface Reading extends
  Pick<
    Quote,
    | "symbol"
    | "price"
    | "change"
    | "change_pct"
    | "basis"
    | "as_of"
    | "received_at"
    | "is_delayed"
    | "delay_s"
  > {
  /** As its body tells it. Null where it does not: then the market's own hours do. */
  readonly session: Quote["session"] | null;
  /** The hours its body tells, in ms since the epoch: they say more than `session`. */
  readonly period?: { readonly start: number; readonly end: number };
}

/** Someone who gives quotes, and how to read them. Its options are those of the upstream it is read through. */
export interface Provider {
  /** As in `source` of a quote and `provider` of a status. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** The words its terms ask for beside every price. */
  readonly attribution: string;
  readonly symbols: readonly string[];
  /** How often it is asked, in milliseconds. Its quotes are stale after twice as long without an answer. */
  readonly intervalMs: number;
  /** The same while all its markets are closed, where that is less often. */
  readonly closedIntervalMs?: number;
  /** How long an answer is as good as new. Below 80 % of the interval no jittered poll has to wait for it. */
  readonly ttlMs: number;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it tells no previous price: change is measured against its own first price of the UTC day. */
  readonly isMeasuredByDay?: boolean;
  /**
   * Reads one symbol. Several symbols may share a URL: the upstream fetches it once.
   *
   * @throws {UpstreamFailure} If there is no fresh answer, or it lacks the symbol.
   */
  read(upstream: Pick<Upstream, "get">, symbol: string): Promise<Reading>;
}

/** A price at the border: digits as they came, in plain notation, above zero. */
export const Price = z.string().transform((text, context) => {
  const price = plain(text);
  if (price !== null && isPositive(price)) return price;
  context.addIssue("no price");
  return z.NEVER;
});

/** What is the same for all that is traded round the clock and told at once. */
export const ROUND_THE_CLOCK = { session: "always", is_delayed: false, delay_s: null } as const;

/** How far `price` is from a reference price of the same provider. */
export function changeSince(
  reference: string,
  price: string,
): Pick<Quote, "change" | "change_pct"> {
  const change = subtract(price, reference);
  return { change, change_pct: percentOf(change, reference) };
}

/** Gets an answer that is within its TTL: one that only stands in for a failed refresh is no news, so the failure is thrown. */
export async function getFresh<T>(
  upstream: Pick<Upstream, "get">,
  url: string,
  parse: (text: string) => T,
): Promise<UpstreamAnswer<T>> {
  const answer = await upstream.get(url, parse);
  if (answer.failure !== null) throw answer.failure;
  return answer;
}

/** Milliseconds since the epoch, as the wire has times. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
