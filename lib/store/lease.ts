/**
 * The right to do what only one isolate shall do.
 *
 * @module
 */

/** Proof of leadership that a log checks when it writes. */
export interface Fence {
  readonly lease: string;
  readonly holder: string;
}

/** What trying for a lease came to. */
export type ClaimResult =
  | { readonly isHeld: true }
  /** Somebody else holds it, for so many milliseconds unless it is renewed. */
  | { readonly isHeld: false; readonly leftMs: number };

/** One lease, as one isolate sees it. It ends by itself, so its holder must renew it. */
export interface Lease {
  /** How long it lasts unless it is renewed, in milliseconds. */
  readonly ttlMs: number;
  /** What a publication shows the log. */
  readonly fence: Fence;
  /** Takes it where it is free or ours already. */
  claim(): Promise<ClaimResult>;
  /** Makes it last its time from now on. @returns False where it is not ours any more. */
  renew(): Promise<boolean>;
  /** Gives it back, if it is ours, so that a successor need not wait. */
  release(): Promise<void>;
  /**
   * Calls `listener` when its holder gives it back: a hint, heard while the log is followed, and not when it ends by
   * itself.
   *
   * @returns What ends that.
   */
  onFree(listener: () => void): () => void;
}

/** How long a lease lasts unless it is renewed, in milliseconds. */
export const LEASE_MS = 30_000;
