/**
 * The topic `quotes`: the newest tick and day of each symbol, and the status of each provider.
 *
 * @module
 */
import type { z } from "zod";
import { toJson } from "../../core/json.ts";
import { isoTime } from "../../core/time.ts";
import { defineTopic, type Open, type Opening, type Topic } from "../../core/topic.ts";
import {
  Day,
  NO_RESPONSE_REASON,
  parsePublished,
  ProviderStatus,
  type Quote,
  type QuotesSnapshot,
  Tick,
} from "./quote.ts";
import { joinQuote, type QuoteConstants } from "./quote_parts.ts";

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

/** Tests if a tick was received after another one. A tick that this version cannot read counts as earlier. */
function isReceivedAfter(json: string, otherJson: string): boolean {
  const tick = parsePublished(Tick, json);
  const other = parsePublished(Tick, otherJson);
  return tick !== null && (other === null || tick.received_at > other.received_at);
}

/**
 * Creates the topic.
 *
 * @param constants Of the symbols of a snapshot, in order. It leaves other symbols out.
 * @param evaluators Lists the evaluators of a snapshot. It is called for each snapshot, never during creation.
 */
export function createQuotesTopic(
  constants: QuoteConstants,
  evaluators: () => readonly SnapshotEvaluator[],
): QuotesTopic {
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
    const ticks = new Map(parseAll("quote", Tick).map((tick) => [tick.symbol, tick]));
    const days = new Map(parseAll("day", Day).map((day) => [day.symbol, day]));
    const quotes = [...constants.instruments.keys()]
      .map((symbol) => joinQuote(constants, ticks.get(symbol), days.get(symbol)))
      .filter((quote) => quote !== null)
      .map(evaluateQuote);
    const published = parseAll("status", ProviderStatus).map(evaluateStatus)
      .map((status) => markStaleWithQuotes(status, quotes));
    // A symbol without a quote is absent, so the status of its provider names it.
    const pending = evaluators().flatMap((evaluator) => evaluator.pendingStatuses())
      .filter((status) =>
        !published.some(({ provider }) => provider === status.provider) &&
        (tags === null || status.symbols.some((symbol) => tags.has(symbol)))
      );
    const snapshot: QuotesSnapshot = {
      quotes,
      // By name, since the order of events changes with every publication.
      status: [...published, ...pending].toSorted((a, b) => compareNames(a.provider, b.provider)),
    };
    return [{ type: "snapshot", json: toJson(snapshot) }];
  }

  const topic = defineTopic({
    name: "quotes",
    metricKind: "quotes",
    kind: "state",
    events: { quote: Tick, day: Day, status: ProviderStatus },
    outdates: (logged, shown) =>
      logged.type !== "quote" || isReceivedAfter(logged.json, shown.json),
  });
  return { ...topic, open };
}
