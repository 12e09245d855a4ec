/**
 * The topic `quotes`: the newest quote of each symbol and the status of each provider.
 *
 * @module
 */
import { toJson } from "../../core/json.ts";
import { defineTopic, type Topic } from "../../core/topic.ts";
import { SYMBOLS } from "./instruments.ts";
import { NO_ANSWER, Quote, type Snapshot, Status } from "./quote.ts";

/** Evaluates published values at the time of serving. It returns the values of other symbols and providers unchanged. */
export interface SnapshotEvaluator {
  /** Updates the session and staleness of a quote. */
  evaluateQuote(quote: Quote): Quote;
  /** Updates the status of a provider. */
  evaluateStatus(status: Status): Status;
  /** Lists the statuses of providers that have not answered yet. */
  pendingStatuses(): Status[];
}

/** Marks a status stale if all quotes of its provider are: the isolate that published it may be gone. */
function consistentWith(quotes: readonly Quote[], status: Status): Status {
  const served = quotes.filter(({ source }) => source === status.provider);
  const isServing = status.state === "live" || status.state === "delayed";
  if (!isServing || served.length === 0 || served.some(({ is_stale }) => !is_stale)) return status;
  return {
    ...status,
    state: "stale",
    since: served.map(({ received_at }) => received_at).sort().at(-1) ?? status.since,
    reason: NO_ANSWER,
  };
}

/** Defines the topic. Its snapshot is evaluated by all evaluators. */
export function quotesTopic(evaluators: readonly SnapshotEvaluator[]): Topic {
  function evaluateQuote(json: string): Quote {
    const quote = Quote.parse(JSON.parse(json));
    return evaluators.reduce((value, each) => each.evaluateQuote(value), quote);
  }

  function evaluateStatus(json: string): Status {
    const status = Status.parse(JSON.parse(json));
    return evaluators.reduce((value, each) => each.evaluateStatus(value), status);
  }

  return defineTopic({
    name: "quotes",
    metricKind: "quotes",
    kind: "state",
    events: { quote: Quote, status: Status },
    outdates(logged, shown) {
      if (logged.type !== "quote") return true;
      const receivedAt = (json: string) => Quote.parse(JSON.parse(json)).received_at;
      return receivedAt(logged.json) > receivedAt(shown.json);
    },
    open(newest, tags) {
      const jsonOf = (type: string) =>
        newest.filter((event) => event.type === type).map(({ json }) => json);
      const quotes = jsonOf("quote").map(evaluateQuote);
      const published = jsonOf("status").map(evaluateStatus)
        .map((status) => consistentWith(quotes, status));
      // A symbol without a quote is absent: the status of its provider names it.
      const pending = evaluators.flatMap((each) => each.pendingStatuses()).filter((status) =>
        !published.some(({ provider }) => provider === status.provider) &&
        (tags === null || status.symbols.some((symbol) => tags.has(symbol)))
      );
      const snapshot: Snapshot = {
        quotes: quotes.sort((a, b) => SYMBOLS.indexOf(a.symbol) - SYMBOLS.indexOf(b.symbol)),
        // By name, since the order of events changes with every publication.
        status: [...published, ...pending].sort((a, b) => a.provider < b.provider ? -1 : 1),
      };
      return { type: "snapshot", json: toJson(snapshot) };
    },
  });
}
