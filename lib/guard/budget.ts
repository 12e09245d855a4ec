/**
 * The connection budget: how many streams an isolate carries, and how many of them one client may have.
 *
 * @module
 */
import type { REFUSAL_REASONS } from "../core/metrics.ts";

/** A stream's share of the budget. */
export interface Slot {
  /** Gives it back. Further calls do nothing. */
  release(): void;
}

/** A no, with what a caller should know of it. */
export interface BudgetRefusal {
  readonly reason: typeof REFUSAL_REASONS[number];
  readonly limit: number;
  readonly inUse: number;
}

/** Seats for streams. We refuse newcomers; who sits keeps the seat. */
export interface Budget {
  readonly limit: number;
  readonly inUse: number;
  /** Takes a seat for a client. */
  take(client: string): Slot | BudgetRefusal;
}

/** Settings of a budget. */
export interface BudgetOptions {
  readonly perIsolate: number;
  readonly perClient: number;
}

/** Creates a budget with all its seats free. */
export function createBudget({ perIsolate, perClient }: BudgetOptions): Budget {
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
      const own = slotsOf.get(client) ?? 0;
      if (own >= perClient) return { reason: "client", limit: perClient, inUse: own };
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
