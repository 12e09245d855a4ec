/**
 * Telling followers what changed, and nothing else.
 *
 * @module
 */
import type { EventInput } from "../../core/event.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import { Quote, type Snapshot, type Status } from "./quote.ts";

/** Where a poller tells what changed. */
export interface Outlet {
  /** By key, the data everybody has been told last, serialised. */
  held(): Promise<ReadonlyMap<string, string>>;
  /** Publishes events of one topic together: all or none. */
  publish(publications: readonly EventInput[]): Promise<void>;
  /**
   * Whether hearing the same again is told too: where others judge by what they are told how fresh a quote is, since they
   * do not ask for themselves.
   */
  readonly repeats: boolean;
}

/** What a quote says, in a form that can be compared: its fields in the schema's order. */
function saidBy(quote: Quote, repeats: boolean): string {
  // Hearing the same again is no change by itself, and never while its market is closed.
  const received_at = repeats && quote.session !== "closed" ? quote.received_at : null;
  return JSON.stringify({ ...Quote.parse(quote), received_at });
}

function ofQuote(quote: Quote): EventInput & { readonly key: string } {
  const { symbol } = quote;
  return { type: "quote", data: quote, key: symbol, tags: [symbol] };
}

function ofStatus(status: Status): EventInput & { readonly key: string } {
  const { provider, symbols } = status;
  return { type: "status", data: status, key: `status:${provider}`, tags: symbols };
}

/**
 * Creates a function that publishes, in one batch, what differs from what everybody has been told. Calls follow each
 * other. It never rejects: what could not be published is logged, and still differs at the next call.
 *
 * @param known All that is known, as it is at the time it is asked.
 */
export function createTeller(
  log: Pick<Logger, "warn">,
  known: () => Snapshot,
  outlet: Outlet,
): () => Promise<void> {
  let telling = Promise.resolve();

  function isNews(quote: Quote, held: string | undefined): boolean {
    if (held === undefined) return true;
    const before = Quote.parse(JSON.parse(held));
    // Who led in between has heard more: a value never goes back in time.
    if (quote.received_at < before.received_at) return false;
    return saidBy(quote, outlet.repeats) !== saidBy(before, outlet.repeats);
  }

  async function tell(): Promise<void> {
    const held = await outlet.held();
    const { quotes, status } = known();
    const changes = [
      ...quotes.filter((quote) => isNews(quote, held.get(quote.symbol))).map(ofQuote),
      ...status.map(ofStatus).filter(({ key, data }) => held.get(key) !== JSON.stringify(data)),
    ];
    if (changes.length > 0) await outlet.publish(changes);
  }

  function complain(thrown: unknown): void {
    log.warn("Quotes could not be published", { reason: messageOf(thrown) });
  }

  return () => telling = telling.then(tell).catch(complain);
}
