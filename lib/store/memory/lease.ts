/**
 * The leases of a single isolate, in memory.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { createListenerSet } from "../../core/listeners.ts";
import { type Fence, type Lease, LEASE_MS } from "../lease.ts";

/** Leases in memory. */
export interface MemoryLeases {
  /** Creates the view that one holder has of a lease. */
  lease(name: string, holder: string): Lease;
  /** Returns true if a fence's holder holds its lease. */
  isHeld(fence: Fence): boolean;
}

/** Creates leases. None is held yet. */
export function createMemoryLeases(clock: Pick<Clock, "elapsed">): MemoryLeases {
  const released = createListenerSet<string>();
  /** The current holders by lease. `expiresAt` is monotonic time. */
  const holds = new Map<string, { readonly holder: string; readonly expiresAt: number }>();

  /** Returns the milliseconds until a lease expires, 0 if it is not held. */
  function leftMsOf(name: string): number {
    return Math.max(0, (holds.get(name)?.expiresAt ?? 0) - clock.elapsed());
  }

  function isHeld({ lease, holder }: Fence): boolean {
    return leftMsOf(lease) > 0 && holds.get(lease)?.holder === holder;
  }

  return {
    isHeld,
    lease(name, holder) {
      const fence = { lease: name, holder };
      const hold = () => void holds.set(name, { holder, expiresAt: clock.elapsed() + LEASE_MS });
      return {
        ttlMs: LEASE_MS,
        fence,
        claim() {
          const leftMs = leftMsOf(name);
          if (leftMs > 0 && !isHeld(fence)) return Promise.resolve({ isHeld: false, leftMs });
          hold();
          return Promise.resolve({ isHeld: true });
        },
        renew() {
          const isOurs = isHeld(fence);
          if (isOurs) hold();
          return Promise.resolve(isOurs);
        },
        seize() {
          hold();
          return Promise.resolve();
        },
        release() {
          if (isHeld(fence)) {
            holds.delete(name);
            released.notify(name);
          }
          return Promise.resolve();
        },
        onFree: (listener) =>
          released.add((lease) => {
            if (lease === name) listener();
          }),
      };
    },
  };
}
