/**
 * Everything isolates share, behind interfaces: in Redis, or in the memory of the only one.
 *
 * @module
 */
import type { EventLog } from "./event_log.ts";
import type { Lease } from "./lease.ts";
import type { Store } from "./store.ts";

/** How the store is doing, as far as this isolate knows. */
export interface StoreHealth {
  readonly kind: "memory" | "redis";
  /** False from the first call that failed to the next one that did not. */
  readonly isUp: boolean;
  /** Commands this isolate has used since its start, those inside of scripts too. */
  readonly commands: number;
  /** Asks the store, where it was down when it was last heard of. Never rejects. @returns Whether it is up. */
  check(): Promise<boolean>;
  /** Calls `listener` whenever it goes down or comes up. @returns What ends that. */
  onChange(listener: (isUp: boolean) => void): () => void;
}

/** What isolates share. */
export interface SharedState {
  readonly log: EventLog;
  readonly store: Store;
  readonly health: StoreHealth;
  /** The lease of this name. */
  lease(name: string): Lease;
}
