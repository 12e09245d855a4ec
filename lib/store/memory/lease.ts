/**
 * Leases where there is one isolate: whoever asks first has it.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Fence, type Lease, LEASE_MS } from "../lease.ts";

/** Leases in memory. */
export interface MemoryLeases {
  /** The lease of a name, for one holder. */
  lease(name: string, holder: string): Lease;
  /** Whether a fence's holder holds its lease. */
  isHeld(fence: Fence): boolean;
}

/** Creates leases nobody holds. */
export function createMemoryLeases(clock: Clock): MemoryLeases {
  const waiting = new Set<{ readonly name: string; readonly listener: () => void }>();
  const held = new Map<string, { readonly holder: string; readonly until: number }>();

  function holderOf(name: string): string | undefined {
    const entry = held.get(name);
    return entry && entry.until > clock.now() ? entry.holder : undefined;
  }

  return {
    isHeld: ({ lease, holder }) => holderOf(lease) === holder,
    lease(name, holder) {
      const isOurs = () => holderOf(name) === holder;
      const hold = () => void held.set(name, { holder, until: clock.now() + LEASE_MS });
      return {
        ttlMs: LEASE_MS,
        fence: { lease: name, holder },
        claim() {
          const other = holderOf(name);
          if (other === undefined || other === holder) {
            hold();
            return Promise.resolve({ isHeld: true });
          }
          const leftMs = (held.get(name)?.until ?? 0) - clock.now();
          return Promise.resolve({ isHeld: false, leftMs });
        },
        renew() {
          if (isOurs()) hold();
          return Promise.resolve(isOurs());
        },
        release() {
          if (!isOurs()) return Promise.resolve();
          held.delete(name);
          for (const each of [...waiting]) if (each.name === name) each.listener();
          return Promise.resolve();
        },
        onFree(listener) {
          const own = { name, listener };
          waiting.add(own);
          return () => void waiting.delete(own);
        },
      };
    },
  };
}
