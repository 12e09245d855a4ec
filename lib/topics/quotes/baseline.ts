/**
 * A reference of our own, for providers that tell no previous price: the first one we know of the UTC day.
 *
 * @module
 */
import { changeSince, type Reading } from "./providers/provider.ts";

/** A price to measure from, and when it came. */
interface Reference {
  readonly day: string;
  readonly price: string;
  readonly receivedAt: string;
}

/** Creates the references of one provider: no price of another ever gets in. */
export function createReferences(): (reading: Reading) => Reading {
  const references = new Map<string, Reference>();
  return (reading) => {
    const { symbol, price, as_of, received_at: receivedAt } = reading;
    const day = (as_of ?? receivedAt).slice(0, 10);
    const reference = references.get(symbol);
    if (reference?.day !== day) references.set(symbol, { day, price, receivedAt });
    // The first price of a day has nothing to be measured against.
    if (reference?.day !== day || reference.receivedAt === receivedAt) {
      return { ...reading, change: null, change_pct: null, basis: "none" };
    }
    return { ...reading, ...changeSince(reference.price, price), basis: "utc_day" };
  };
}
