/**
 * Telling followers what changed, and nothing else.
 *
 * @module
 */
import type { Publication } from "../../core/event.ts";
import { type Log, messageOf } from "../../core/log.ts";
import type { Quote, Snapshot, Status } from "./quote.ts";

/** Publishes events of one topic together: all or none. */
export type Publish = (publications: readonly Publication[]) => Promise<void>;

/** A publication, and what it says, in a form that can be compared. */
interface Change extends Publication {
  readonly key: string;
  readonly says: string;
}

function ofQuote(quote: Quote): Change {
  const { symbol } = quote;
  // Hearing the same again is no change.
  const says = JSON.stringify({ ...quote, received_at: null });
  return { type: "quote", data: quote, key: symbol, tags: [symbol], says };
}

function ofStatus(status: Status): Change {
  const { provider, symbols } = status;
  const says = JSON.stringify(status);
  return { type: "status", data: status, key: `status:${provider}`, tags: symbols, says };
}

/**
 * Creates a function that publishes, in one batch, what differs from what it has published before. Calls follow each
 * other. It never rejects: what could not be published is logged, and still differs at the next call.
 *
 * @param known All that is known, as it is at the time it is asked.
 */
export function createTeller(
  log: Pick<Log, "warn">,
  known: () => Snapshot,
  publish: Publish,
): () => Promise<void> {
  const published = new Map<string, string>();
  let telling = Promise.resolve();

  async function tell(): Promise<void> {
    const { quotes, status } = known();
    const changes = [...quotes.map(ofQuote), ...status.map(ofStatus)]
      .filter(({ key, says }) => published.get(key) !== says);
    if (changes.length === 0) return;
    await publish(changes.map(({ says: _, ...publication }) => publication));
    for (const { key, says } of changes) published.set(key, says);
  }

  function complain(thrown: unknown): void {
    log.warn("Quotes could not be published", { reason: messageOf(thrown) });
  }

  return () => telling = telling.then(tell).catch(complain);
}
