/**
 * The topic `quotes`: the newest quote of each symbol and the status of each provider.
 *
 * @module
 */
import type { z } from "zod";
import { toJson } from "../../core/json.ts";
import { isoTime } from "../../core/time.ts";
import { defineTopic, type Open, type Opening, type Topic } from "../../core/topic.ts";
import type { Instruments } from "./instrument.ts";
import {
  NO_RESPONSE_REASON,
  parsePublished,
  ProviderStatus,
  Quote,
  type QuotesSnapshot,
} from "./quote.ts";

/** Evaluates published values when they are served. It returns values of other symbols and providers unchanged. */
export interface SnapshotEvaluator {
  /** Updates the session and staleness of a quote. */
  evaluateQuote(quote: Quote): Quote;
  /** Updates the status of a provider. */
  evaluateStatus(status: ProviderStatus): ProviderStatus;
  /** Lists the statuses of providers that have not responded yet. */
  pendingStatuses(): ProviderStatus[];
}

/** Marks a status stale if all quotes of the provider are stale, since the isolate that published it may be gone. */
function markStaleWithQuotes(status: ProviderStatus, quotes: readonly Quote[]): ProviderStatus {
  const served = quotes.filter(({ source }) => source === status.provider);
  const isServing = status.state === "live" || status.state === "delayed";
  if (!isServing || served.length === 0 || served.some(({ is_stale }) => !is_stale)) return status;
  return {
    ...status,
    state: "stale",
    since: isoTime(Math.max(...served.map(({ received_at }) => Date.parse(received_at)))),
    reason: NO_RESPONSE_REASON,
  };
}

/** The topic `quotes`. It always has an initial event. */
export interface QuotesTopic extends Topic {
  readonly open: (...args: Parameters<Open>) => readonly [Opening];
}

/** Compares by code units. */
function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Tests if a quote was received after another one. A quote that this version cannot read counts as earlier. */
function isReceivedAfter(json: string, otherJson: string): boolean {
  const quote = parsePublished(Quote, json);
  const other = parsePublished(Quote, otherJson);
  return quote !== null && (other === null || quote.received_at > other.received_at);
}

/**
 * Creates the topic.
 *
 * @param instruments Give the order of quotes.
 * @param evaluators Lists the evaluators of a snapshot. It is called for each snapshot, never during creation.
 */
export function createQuotesTopic(
  instruments: Instruments,
  evaluators: () => readonly SnapshotEvaluator[],
): QuotesTopic {
  const ranks = new Map([...instruments.keys()].map((symbol, rank) => [symbol, rank]));

  /** Compares by the order of instruments. A symbol that is no longer quoted comes last. */
  function compareSymbols({ symbol: a }: Quote, { symbol: b }: Quote): number {
    return (ranks.get(a) ?? Infinity) - (ranks.get(b) ?? Infinity) || 0;
  }

  function evaluateQuote(published: Quote): Quote {
    return evaluators().reduce((quote, evaluator) => evaluator.evaluateQuote(quote), published);
  }

  function evaluateStatus(published: ProviderStatus): ProviderStatus {
    return evaluators().reduce((status, evaluator) => evaluator.evaluateStatus(status), published);
  }

  function open(...[newest, tags]: Parameters<Open>): readonly [Opening] {
    // A value that another version published in a shape that this version cannot read is left out.
    const parseAll = <T>(type: string, schema: z.ZodType<T>) =>
      newest.filter((event) => event.type === type)
        .map(({ json }) => parsePublished(schema, json))
        .filter((published) => published !== null);
    const quotes = parseAll("quote", Quote).map(evaluateQuote);
    const published = parseAll("status", ProviderStatus).map(evaluateStatus)
      .map((status) => markStaleWithQuotes(status, quotes));
    // A symbol without a quote is absent, so the status of its provider names it.
    const pending = evaluators().flatMap((evaluator) => evaluator.pendingStatuses())
      .filter((status) =>
        !published.some(({ provider }) => provider === status.provider) &&
        (tags === null || status.symbols.some((symbol) => tags.has(symbol)))
      );
    const snapshot: QuotesSnapshot = {
      quotes: quotes.toSorted(compareSymbols),
      // By name, since the order of events changes with every publication.
      status: [...published, ...pending].toSorted((a, b) => compareNames(a.provider, b.provider)),
    };
    return [{ type: "snapshot", json: toJson(snapshot) }];
  }

  const topic = defineTopic({
    name: "quotes",
    metricKind: "quotes",
    kind: "state",
    events: { quote: Quote, status: ProviderStatus },
    outdates: (logged, shown) =>
      logged.type !== "quote" || isReceivedAfter(logged.json, shown.json),
  });
  return { ...topic, open };
}
