/**
 * Leader election: the isolate that holds a lease does the work that only one isolate may do, such as polling providers.
 *
 * @module
 */
import { messageOf } from "../core/logger.ts";
import type { Runtime } from "../core/runtime.ts";
import type { StoreHealth } from "../store/backend.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { type ClaimResult, type Fence, type Lease, RENEWALS_PER_TTL } from "../store/lease.ts";

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

/** The share of the TTL for which a leader relies on its lease after a renewal. Its last writes arrive in the rest. */
const TRUSTED_SHARE = 0.8;

/** The longest random delay of a claim. It spreads the claims of the isolates that wait for one lease. */
const MAX_JITTER_MS = 500;

/** The delay before the next attempt while the store is unavailable. */
const ELECTION_RETRY_MS = 5000;

/** The election of one leader, as this isolate sees it. */
export interface LeaderElection {
  readonly role: LeaderRole;
  /** The fencing token of a leader's publications. */
  readonly fence: Fence;
  /**
   * Joins the election. Has no effect after {@linkcode resign}.
   *
   * @returns A function that leaves the election and releases the lease. It must be called before the next start. Further
   * calls have no effect.
   */
  start(): () => void;
  /** Registers a listener, which is called after each change of the role. It is never removed. */
  onRole(listener: (role: LeaderRole) => void): void;
  /** Postpones a follower's claim, because the leader has just published: its lease cannot expire before. */
  postponeClaim(): void;
  /** Steps down, because the log has rejected the fencing token. */
  stepDown(): void;
  /** Resolves once the role is not `idle`. */
  waitForRole(): Promise<void>;
  /** Leaves the election permanently. Resolves once the lease is released, or the release has failed. */
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
  /** The number of the latest attempt. The result of an earlier one is outdated. */
  let latestAttempt = 0;
  /** The monotonic time until which a leader relies on its lease. */
  let trustedUntil = -Infinity;
  let cancelTimer = () => {};
  let unsubscribe = () => {};
  let roleKnown = Promise.withResolvers<void>();
  let released = Promise.resolve();

  function setRole(newRole: LeaderRole): void {
    if (newRole !== "idle") roleKnown.resolve();
    if (role === newRole) return;
    log.debug(`This isolate is ${newRole}`, { lease: lease.fence.lease });
    role = newRole;
    for (const listener of listeners) listener(newRole);
  }

  function attemptAfter(ms: number): void {
    cancelTimer();
    cancelTimer = clock.after(ms, () => void attempt());
  }

  function randomJitterMs(): number {
    return MAX_JITTER_MS * random();
  }

  async function attempt(): Promise<void> {
    cancelTimer();
    const attemptNumber = ++latestAttempt;
    const sentAt = clock.elapsed();
    try {
      const claim = await renewOrClaim();
      if (attemptNumber === latestAttempt) onClaim(claim, sentAt);
      else if (claim.isHeld && !isRunning) released = release();
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error("An election attempt failed", { reason: messageOf(thrown) });
      }
      if (attemptNumber === latestAttempt) onStoreDown();
    }
  }

  async function renewOrClaim(): Promise<ClaimResult> {
    if (role === "leader" && await lease.renew()) return { isHeld: true };
    return await lease.claim();
  }

  function onClaim(claim: ClaimResult, sentAt: number): void {
    if (claim.isHeld) {
      // The TTL begins after the request was sent, so the lease cannot expire earlier.
      trustedUntil = sentAt + TRUSTED_SHARE * lease.ttlMs;
      setRole("leader");
      attemptAfter(lease.ttlMs / RENEWALS_PER_TTL);
    } else {
      setRole("follower");
      attemptAfter(claim.leftMs + randomJitterMs());
    }
  }

  /** Makes this isolate degraded, unless it is a leader whose lease is still valid: no other isolate can write before. */
  function onStoreDown(): void {
    if (role !== "leader" || clock.elapsed() >= trustedUntil) setRole("degraded");
    attemptAfter(ELECTION_RETRY_MS + randomJitterMs());
  }

  async function release(): Promise<void> {
    try {
      await lease.release();
    } catch (thrown) {
      // The lease expires without a release too.
      log.debug("A lease was not released", { reason: messageOf(thrown) });
    }
  }

  function stop(): void {
    if (!isRunning) return;
    isRunning = false;
    latestAttempt++;
    cancelTimer();
    unsubscribe();
    if (role === "leader") released = release();
    setRole("idle");
    roleKnown = Promise.withResolvers<void>();
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
        if (isUp) attemptAfter(randomJitterMs());
        else onStoreDown();
      });
      const stopLease = lease.onFree(() => {
        if (role === "follower") attemptAfter(randomJitterMs());
      });
      unsubscribe = () => {
        stopHealth();
        stopLease();
      };
      void attempt();
      return stop;
    },
    onRole(listener) {
      listeners.push(listener);
    },
    postponeClaim() {
      const leftMs = lease.ttlMs * (1 - 1 / RENEWALS_PER_TTL);
      if (role === "follower") attemptAfter(leftMs + randomJitterMs());
    },
    stepDown() {
      log.info("The log rejected a publication: another isolate leads", {
        lease: lease.fence.lease,
      });
      if (role !== "leader") return;
      setRole("follower");
      attemptAfter(randomJitterMs());
    },
    waitForRole: () => roleKnown.promise,
    resign() {
      hasResigned = true;
      stop();
      return released;
    },
  };
}
