/**
 * Leader election: of all isolates, the holder of a lease does what only one may do, such as polling providers.
 *
 * @module
 */
import type { Runtime } from "../core/runtime.ts";
import { messageOf } from "../core/logger.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { ClaimResult, Fence, Lease } from "../store/lease.ts";
import type { StoreHealth } from "../store/backend.ts";

/**
 * The role of this isolate.
 *
 * | role       | means                                        |
 * | ---------- | -------------------------------------------- |
 * | `idle`     | it takes no part in the election             |
 * | `leader`   | it holds the lease                           |
 * | `follower` | another isolate holds the lease              |
 * | `degraded` | the store is unavailable: no leader is known |
 */
export type LeaderRole = "idle" | "leader" | "follower" | "degraded";

/** A leader relies on its lease for this share of the TTL after a renewal. The rest covers the way of its own writes. */
const TRUSTED_SHARE = 0.8;

/** A leader renews its lease this many times per TTL. */
const RENEWALS_PER_TTL = 3;

/** Isolates that wait for the same lease claim it within this many milliseconds of each other, not at once. */
const MAX_JITTER_MS = 500;

/** The delay before the next attempt while the store is unavailable, in milliseconds. */
const ELECTION_RETRY_MS = 5000;

/** The election of one leader, as this isolate sees it. */
export interface LeaderElection {
  readonly role: LeaderRole;
  /** The fencing token of a leader's publications. */
  readonly fence: Fence;
  /** Joins the election. @returns A function that leaves it and releases the lease: call it before the next start. */
  start(): () => void;
  /** Calls `listener` after each change of the role. */
  onRole(listener: (role: LeaderRole) => void): void;
  /** Notes that the leader has published: a follower claims the lease no earlier than it can expire. */
  leaderSeen(): void;
  /** Steps down, because the log has rejected the fencing token. */
  stepDown(): void;
  /** Resolves once the role is known, that is, no longer `idle`. */
  settled(): Promise<void>;
  /** Leaves the election for good. Resolves once the lease is released. */
  resign(): Promise<void>;
}

/** Creates an election that this isolate has not joined yet. */
export function createLeaderElection(
  { clock, random, log }: Pick<Runtime, "clock" | "random" | "log">,
  lease: Lease,
  health: Pick<StoreHealth, "isUp" | "onChange">,
): LeaderElection {
  const listeners: ((role: LeaderRole) => void)[] = [];
  let role: LeaderRole = "idle";
  let isRunning = false;
  let hasResigned = false;
  /** The number of the latest attempt: the answer to an earlier one is outdated. */
  let latest = 0;
  /** A leader relies on its lease until then, in monotonic milliseconds. */
  let trustedUntil = -Infinity;
  let cancelTimer = () => {};
  let unsubscribe = () => {};
  let settled = Promise.withResolvers<void>();
  let released = Promise.resolve();

  function setRole(next: LeaderRole): void {
    if (next !== "idle") settled.resolve();
    if (role === next) return;
    log.debug(`This isolate is ${next}`, { lease: lease.fence.lease });
    role = next;
    for (const listener of listeners) listener(next);
  }

  function attemptAfter(ms: number): void {
    cancelTimer();
    cancelTimer = clock.after(ms, () => void attempt());
  }

  function jitterMs(): number {
    return MAX_JITTER_MS * random();
  }

  async function attempt(): Promise<void> {
    cancelTimer();
    const own = ++latest;
    const sentAt = clock.elapsed();
    try {
      const claim = await renewOrClaim();
      if (own === latest) onClaim(claim, sentAt);
      else if (claim.isHeld && !isRunning) released = release();
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error("An election attempt failed", { reason: messageOf(thrown) });
      }
      if (own === latest) onStoreDown();
    }
  }

  async function renewOrClaim(): Promise<ClaimResult> {
    if (role === "leader" && await lease.renew()) return { isHeld: true };
    return await lease.claim();
  }

  function onClaim(claim: ClaimResult, sentAt: number): void {
    if (claim.isHeld) {
      // From the request on: the lease cannot expire earlier than that plus its TTL.
      trustedUntil = sentAt + TRUSTED_SHARE * lease.ttlMs;
      setRole("leader");
      attemptAfter(lease.ttlMs / RENEWALS_PER_TTL);
    } else {
      setRole("follower");
      attemptAfter(claim.leftMs + jitterMs());
    }
  }

  /** Keeps a leader while it may rely on its lease: no other isolate can write before the lease expires. */
  function onStoreDown(): void {
    if (role !== "leader" || clock.elapsed() >= trustedUntil) setRole("degraded");
    attemptAfter(ELECTION_RETRY_MS + jitterMs());
  }

  async function release(): Promise<void> {
    try {
      await lease.release();
    } catch (thrown) {
      // The lease expires by itself.
      log.debug("A lease was not released", { reason: messageOf(thrown) });
    }
  }

  function stop(): void {
    if (!isRunning) return;
    isRunning = false;
    latest++;
    cancelTimer();
    unsubscribe();
    if (role === "leader") released = release();
    setRole("idle");
    settled = Promise.withResolvers<void>();
  }

  return {
    get role() {
      return role;
    },
    fence: lease.fence,
    start() {
      if (hasResigned) return () => {};
      isRunning = true;
      const stopHealth = health.onChange((isUp) => {
        if (isUp) attemptAfter(jitterMs());
        else onStoreDown();
      });
      const stopFree = lease.onFree(() => {
        if (role === "follower") attemptAfter(jitterMs());
      });
      unsubscribe = () => {
        stopHealth();
        stopFree();
      };
      void attempt();
      return stop;
    },
    onRole(listener) {
      listeners.push(listener);
    },
    leaderSeen() {
      const leftMs = lease.ttlMs * (1 - 1 / RENEWALS_PER_TTL);
      if (role === "follower") attemptAfter(leftMs + jitterMs());
    },
    stepDown() {
      log.info("The log rejected a publication: another isolate leads", {
        lease: lease.fence.lease,
      });
      if (role !== "leader") return;
      setRole("follower");
      attemptAfter(jitterMs());
    },
    settled: () => settled.promise,
    resign() {
      hasResigned = true;
      stop();
      return released;
    },
  };
}
