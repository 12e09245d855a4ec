/**
 * The connection budget: it limits the streams of an isolate, and those of one client.
 *
 * @module
 */
import type { REFUSAL_REASONS } from "../core/metrics.ts";

/** One connection slot of the budget. */
export interface Slot {
  /** Releases the slot. Further calls do nothing. */
  release(): void;
}

/** The refusal of a slot: the exhausted limit, and the number of slots in use under it. */
export interface BudgetRefusal {
  readonly reason: typeof REFUSAL_REASONS[number];
  readonly limit: number;
  readonly inUse: number;
}

/** The connection slots of an isolate. New clients are refused; admitted ones are never evicted. */
export interface Budget {
  /** The slots of the isolate. */
  readonly limit: number;
  /** The slots of the isolate that are taken. */
  readonly inUse: number;
  /** Takes a slot for a client, or refuses it if the isolate or the client has none left. */
  take(client: string): Slot | BudgetRefusal;
}

/** The limits of a budget, in slots. */
export interface BudgetOptions {
  readonly perIsolate: number;
  readonly perClient: number;
}

/** Creates a budget. All slots are free. */
export function createBudget({ perIsolate, perClient }: BudgetOptions): Budget {
  /** The slots of each client that has any. */
  const slotsOf = new Map<string, number>();
  let inUse = 0;

  function add(client: string, change: 1 | -1): void {
    inUse += change;
    const slots = (slotsOf.get(client) ?? 0) + change;
    if (slots === 0) slotsOf.delete(client);
    else slotsOf.set(client, slots);
  }

  return {
    limit: perIsolate,
    get inUse() {
      return inUse;
    },
    take(client) {
      const clientSlots = slotsOf.get(client) ?? 0;
      if (clientSlots >= perClient) {
        return { reason: "client", limit: perClient, inUse: clientSlots };
      }
      if (inUse >= perIsolate) return { reason: "isolate", limit: perIsolate, inUse };

      let isTaken = true;
      add(client, 1);
      return {
        release() {
          if (isTaken) add(client, -1);
          isTaken = false;
        },
      };
    },
  };
}
