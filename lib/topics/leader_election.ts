/**
 * Who of all isolates does what only one shall do, such as polling providers.
 *
 * @module
 */
import type { Runtime } from "../core/runtime.ts";
import { messageOf } from "../core/logger.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { ClaimResult, Fence, Lease } from "../store/lease.ts";
import type { StoreHealth } from "../store/backend.ts";

/**
 * What an isolate is: `idle` while it needs nothing done, `leader` of all, `follower` of another, or `alone`, since the
 * store does not say who leads.
 */
export type Role = "idle" | "leader" | "follower" | "alone";

/** A share of a lease's life after which its holder no longer believes in it, unless it was renewed. */
const BELIEF = 0.8;

/** How often a lease is renewed in its life. */
const RENEWALS = 3;

/** Who waits for the same lease shall not all come at once: they are spread over this many milliseconds. */
const SPREAD_MS = 500;

/** How often the store is asked that did not answer, in milliseconds. */
const AGAIN_MS = 5000;

/** Leadership of one thing to do, as this isolate sees it. */
export interface Leadership {
  readonly role: Role;
  /** What a publication of the leader shows the log. */
  readonly fence: Fence;
  /** Takes part from now on. One start at a time. @returns What ends it: a leader gives its lease back. */
  start(): () => void;
  /** Calls `listener` whenever the role changes. */
  onRole(listener: (role: Role) => void): void;
  /** The leader was heard of: it needs no successor for what was left of its lease at least. */
  heard(): void;
  /** The log refused what we published as its leader. */
  lost(): void;
  /** Resolves once it is known who leads, as far as it can be. */
  known(): Promise<void>;
  /** Takes part no more, whatever is started. Resolves once a lease that was ours is given back. */
  resign(): Promise<void>;
}

/** Creates a leadership this isolate takes no part in yet. */
export function createLeaderElection(
  { clock, random, log }: Pick<Runtime, "clock" | "random" | "log">,
  lease: Lease,
  health: Pick<StoreHealth, "isUp" | "onChange">,
): Leadership {
  const listeners: ((role: Role) => void)[] = [];
  let role: Role = "idle";
  let isHeldUntil = -Infinity;
  let isRunning = false;
  let isOver = false;
  let turn = 0;
  let callOff = () => {};
  let stopListening = () => {};
  let known = Promise.withResolvers<void>();
  let releasing = Promise.resolve();

  function become(next: Role): void {
    if (next !== "idle") known.resolve();
    if (role === next) return;
    log.debug(`This isolate is ${next}`, { lease: lease.fence.lease });
    role = next;
    for (const listener of listeners) listener(next);
  }

  function later(ms: number): void {
    callOff();
    callOff = clock.after(ms, () => void campaign());
  }

  function spread(): number {
    return SPREAD_MS * random();
  }

  /** Counted from before the request: the lease cannot last longer than we think. */
  function hold(from: number): void {
    isHeldUntil = from + BELIEF * lease.ttlMs;
    become("leader");
    later(lease.ttlMs / RENEWALS);
  }

  /** Whoever leads goes on while its lease may be believed in: nobody else can write before it has ended. */
  function onAway(): void {
    if (role !== "leader" || clock.now() >= isHeldUntil) become("alone");
    later(AGAIN_MS + spread());
  }

  async function ask(): Promise<ClaimResult> {
    return role === "leader" && await lease.renew() ? { isHeld: true } : await lease.claim();
  }

  async function campaign(): Promise<void> {
    callOff();
    const own = ++turn;
    const from = clock.now();
    try {
      const claim = await ask();
      if (own !== turn) {
        if (claim.isHeld && !isRunning) releasing = release();
      } else if (claim.isHeld) {
        hold(from);
      } else {
        become("follower");
        later(claim.leftMs + spread());
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        log.error("A campaign broke off", { reason: messageOf(thrown) });
      }
      if (own === turn) onAway();
    }
  }

  async function release(): Promise<void> {
    try {
      await lease.release();
    } catch (thrown) {
      // It ends by itself.
      log.debug("A lease could not be given back", { reason: messageOf(thrown) });
    }
  }

  function stop(): void {
    if (!isRunning) return;
    isRunning = false;
    turn++;
    callOff();
    stopListening();
    if (role === "leader") releasing = release();
    become("idle");
    known = Promise.withResolvers<void>();
  }

  return {
    get role() {
      return role;
    },
    fence: lease.fence,
    start() {
      if (isOver) return () => {};
      isRunning = true;
      const stops = [
        health.onChange((isUp) => {
          if (isUp) later(spread());
          else onAway();
        }),
        lease.onFree(() => {
          if (role === "follower") later(spread());
        }),
      ];
      stopListening = () => stops.forEach((each) => each());
      void campaign();
      return stop;
    },
    onRole(listener) {
      listeners.push(listener);
    },
    heard() {
      if (role === "follower") later(lease.ttlMs * (1 - 1 / RENEWALS) + spread());
    },
    lost() {
      log.info("Another isolate leads: what was published here was refused", {
        lease: lease.fence.lease,
      });
      if (role !== "leader") return;
      become("follower");
      later(spread());
    },
    known: () => known.promise,
    resign() {
      isOver = true;
      stop();
      return releasing;
    },
  };
}
