/**
 * The topic of quotes: the newest value of each symbol, and how those who give them are doing.
 *
 * @module
 */
import { toJson } from "../../core/json.ts";
import { defineTopic, type Topic } from "../../core/topic.ts";
import type { Judge } from "./poller.ts";
import { Quote, type Snapshot, Status } from "./quote.ts";
import { SYMBOLS } from "./symbols.ts";

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
    kind: "state",
    events: { quote: Quote, status: Status },
    open(newest, tags) {
      const jsonOf = (type: string) =>
        newest.filter((event) => event.type === type).map(({ json }) => json);
      const told = jsonOf("status").map(judgeStatus);
      // A symbol without a value is absent: then it is said whom it waits for.
      const awaited = judges.flatMap((each) => each.awaited()).filter(({ provider, symbols }) =>
        !told.some((status) => status.provider === provider) &&
        (tags === null || symbols.some((symbol) => tags.has(symbol)))
      );
      const snapshot: Snapshot = {
        quotes: jsonOf("quote").map(judgeQuote)
          .sort((a, b) => SYMBOLS.indexOf(a.symbol) - SYMBOLS.indexOf(b.symbol)),
        // The newest event is the last one: without an order of their own they would change places.
        status: [...told, ...awaited]
          .sort((a, b) => a.provider < b.provider ? -1 : 1),
      };
      return { type: "snapshot", json: toJson(snapshot) };
    },
  });
}
