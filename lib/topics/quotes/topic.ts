/**
 * The topic `quotes`: the newest quote of each symbol and the status of each provider.
 *
 * @module
 */
import { toJson } from "../../core/json.ts";
import { isoTime } from "../../core/time.ts";
import { defineTopic, type Open, type Opening, type Topic } from "../../core/topic.ts";
import { SYMBOLS } from "./instruments.ts";
import { NO_ANSWER, Quote, type Snapshot, Status } from "./quote.ts";

/** Evaluates published values when they are served. It returns values of other symbols and providers unchanged. */
export interface SnapshotEvaluator {
  /** Updates the session and staleness of a quote. */
  evaluateQuote(quote: Quote): Quote;
  /** Updates the status of a provider. */
  evaluateStatus(status: Status): Status;
  /** Lists the statuses of providers that have not responded yet. */
  pendingStatuses(): Status[];
}

/** Marks a status stale if all quotes of the provider are stale, since the isolate that published it may be gone. */
function markStaleWithQuotes(status: Status, quotes: readonly Quote[]): Status {
  const served = quotes.filter(({ source }) => source === status.provider);
  const isServing = status.state === "live" || status.state === "delayed";
  if (!isServing || served.length === 0 || served.some(({ is_stale }) => !is_stale)) return status;
  return {
    ...status,
    state: "stale",
    since: isoTime(Math.max(...served.map(({ received_at }) => Date.parse(received_at)))),
    reason: NO_ANSWER,
  };
}

/** The topic `quotes`. It always has an initial event. */
export interface QuotesTopic extends Topic {
  readonly open: (...args: Parameters<Open>) => Opening;
}

/** Compares by code units. */
function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function receivedAtOf(json: string): string {
  return Quote.parse(JSON.parse(json)).received_at;
}

/**
 * Creates the topic.
 *
 * @param evaluators Lists the evaluators of a snapshot. It is called for each snapshot, never during creation.
 */
export function createQuotesTopic(evaluators: () => readonly SnapshotEvaluator[]): QuotesTopic {
  function evaluateQuote(json: string): Quote {
    const published = Quote.parse(JSON.parse(json));
    return evaluators().reduce((quote, evaluator) => evaluator.evaluateQuote(quote), published);
  }

  function evaluateStatus(json: string): Status {
    const published = Status.parse(JSON.parse(json));
    return evaluators().reduce((status, evaluator) => evaluator.evaluateStatus(status), published);
  }

  function open(...[newest, tags]: Parameters<Open>): Opening {
    const jsonOf = (type: string) =>
      newest.filter((event) => event.type === type).map(({ json }) => json);
    const quotes = jsonOf("quote").map(evaluateQuote);
    const published = jsonOf("status").map(evaluateStatus)
      .map((status) => markStaleWithQuotes(status, quotes));
    // A symbol without a quote is absent, so the status of its provider names it.
    const pending = evaluators().flatMap((evaluator) => evaluator.pendingStatuses())
      .filter((status) =>
        !published.some(({ provider }) => provider === status.provider) &&
        (tags === null || status.symbols.some((symbol) => tags.has(symbol)))
      );
    const snapshot: Snapshot = {
      quotes: quotes.toSorted((a, b) => SYMBOLS.indexOf(a.symbol) - SYMBOLS.indexOf(b.symbol)),
      // By name, since the order of events changes with every publication.
      status: [...published, ...pending].toSorted((a, b) => compareNames(a.provider, b.provider)),
    };
    return { type: "snapshot", json: toJson(snapshot) };
  }

  const topic = defineTopic({
    name: "quotes",
    metricKind: "quotes",
    kind: "state",
    events: { quote: Quote, status: Status },
    outdates: (logged, shown) =>
      logged.type !== "quote" || receivedAtOf(logged.json) > receivedAtOf(shown.json),
  });
  return { ...topic, open };
}
