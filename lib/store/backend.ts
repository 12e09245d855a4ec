/**
 * The state that isolates share. It is in Redis, or in the memory of a single isolate.
 *
 * @module
 */
import type { EventLog } from "./event_log.ts";
import type { Lease } from "./lease.ts";
import type { Store } from "./store.ts";

/** The store's health, as far as this isolate knows. */
export interface StoreHealth {
  readonly kind: "memory" | "redis";
  /** False from the first call that fails until an answer shows that the store has recovered. */
  readonly isUp: boolean;
  /** The number of commands that this isolate has used since its start, including those in scripts. */
  readonly commands: number;
  /** Calls the store if it is down. Returns true if the store is up. Never rejects. */
  check(): Promise<boolean>;
  /** Adds a listener that is called whenever the store goes down or up. Returns a function that removes the listener. */
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
