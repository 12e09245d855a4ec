/**
 * The state that isolates share: in Redis, or in the memory of a single isolate.
 *
 * @module
 */
import type { EventLog } from "./event_log.ts";
import type { Lease } from "./lease.ts";
import type { Store } from "./store.ts";

/** The store's health, as far as this isolate knows. */
export interface StoreHealth {
  readonly kind: "memory" | "redis";
  /** False from the first call that fails until the store answers again. */
  readonly isUp: boolean;
  /** Number of commands this isolate has used since its start, those inside scripts included. */
  readonly commands: number;
  /** Asks the store if it was down. Never rejects. @returns True if the store is up. */
  check(): Promise<boolean>;
  /** Calls `listener` whenever the store goes down or comes up. @returns A function that removes the listener. */
  onChange(listener: (isUp: boolean) => void): () => void;
}

/** The state that isolates share. */
export interface SharedState {
  readonly log: EventLog;
  readonly store: Store;
  readonly health: StoreHealth;
  /** Returns this isolate's view of a lease. */
  lease(name: string): Lease;
}
