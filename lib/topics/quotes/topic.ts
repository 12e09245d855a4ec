/**
 * The topic of quotes: the newest value of each symbol, and how those who give them are doing.
 *
 * @module
 */
import { toJson } from "../../core/json.ts";
import { defineTopic, type Topic } from "../../core/topic.ts";
import type { Judge } from "./poller.ts";
import { Quote, type Snapshot, Status } from "./quote.ts";
import { SYMBOLS } from "./instruments.ts";

/** A status says no more than the quotes beside it: whoever wrote it may be gone, and nobody has taken it back. */
function byQuotes(status: Status, quotes: readonly Quote[]): Status {
  const given = quotes.filter(({ source }) => source === status.provider);
  const isTalking = status.state === "live" || status.state === "delayed";
  if (!isTalking || given.length === 0 || given.some(({ is_stale }) => !is_stale)) return status;
  return {
    ...status,
    state: "stale",
    since: given.map(({ received_at }) => received_at).sort().at(-1) ?? status.since,
    reason: "Nothing was heard for twice its interval",
  };
}

/**
 * Defines the topic.
 *
 * @param judges Say what is stale at the time of serving. Each knows its own symbols and providers.
 */
export function quotesTopic(judges: readonly Judge[]): Topic {
  function judgeQuote(json: string): Quote {
    return judges.reduce((quote, each) => each.judge(quote), Quote.parse(JSON.parse(json)));
  }

  function judgeStatus(json: string): Status {
    return judges.reduce(
      (status, each) => each.judgeStatus(status),
      Status.parse(JSON.parse(json)),
    );
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
      const quotes = jsonOf("quote").map(judgeQuote);
      const told = jsonOf("status").map(judgeStatus).map((status) => byQuotes(status, quotes));
      // A symbol without a value is absent: then it is said whom it waits for.
      const awaited = judges.flatMap((each) => each.awaited()).filter(({ provider, symbols }) =>
        !told.some((status) => status.provider === provider) &&
        (tags === null || symbols.some((symbol) => tags.has(symbol)))
      );
      const snapshot: Snapshot = {
        quotes: quotes
          .sort((a, b) => SYMBOLS.indexOf(a.symbol) - SYMBOLS.indexOf(b.symbol)),
        // The newest event is the last one: without an order of their own they would change places.
        status: [...told, ...awaited]
          .sort((a, b) => a.provider < b.provider ? -1 : 1),
      };
      return { type: "snapshot", json: toJson(snapshot) };
    },
  });
}
