/**
 * Leases: exclusive rights that expire.
 *
 * @module
 */

/** A fencing token, with which a log checks at each append that the holder still holds the lease. */
export interface Fence {
  readonly lease: string;
  readonly holder: string;
}

/** The result of a claim. */
export type ClaimResult =
  | { readonly isHeld: true }
  /** Another holder has the lease. It expires in `leftMs` milliseconds unless it is renewed. */
  | { readonly isHeld: false; readonly leftMs: number };

/** One lease, as one isolate sees it. It expires unless its holder renews it. */
export interface Lease {
  /** Lifetime of the lease after a claim or a renewal, in milliseconds. */
  readonly ttlMs: number;
  /** The fencing token of this holder's publications. */
  readonly fence: Fence;
  /** Claims the lease, or renews it if this isolate holds it. */
  claim(): Promise<ClaimResult>;
  /** Renews the lease. Returns false if this isolate no longer holds it. */
  renew(): Promise<boolean>;
  /** Takes the lease, whoever holds it: the former holder's publications are fenced from now on. */
  seize(): Promise<void>;
  /** Releases the lease if this isolate holds it, so that a successor need not wait. */
  release(): Promise<void>;
  /**
   * Adds a listener that is called when the holder releases the lease, but not when the lease expires. The call is only a
   * hint, because it is made only while the log has a subscriber.
   *
   * @returns A function that removes the listener.
   */
  onFree(listener: () => void): () => void;
}

/** The number of renewals per TTL: two may fail before the lease expires. */
export const RENEWALS_PER_TTL = 3;

/** Lifetime of a lease, in milliseconds. */
export const LEASE_MS = 30_000;
