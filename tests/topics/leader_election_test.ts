/** Leader election among isolates that share leases. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "../../lib/core/logger.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { type Lease, LEASE_MS } from "../../lib/store/lease.ts";
import { createMemoryLeases } from "../../lib/store/memory/lease.ts";
import { createLeaderElection, type LeaderElection } from "../../lib/topics/leader_election.ts";
import { createManualClock } from "../support/manual_clock.ts";

/** An isolate in the election. Its store can be made unavailable. */
interface Isolate extends LeaderElection {
  setUnavailable(isUnavailable: boolean): void;
  /** Its roles, in order. */
  readonly roles: string[];
  /** The number of its claims. */
  readonly claims: number;
}

/** Creates isolates that elect a leader by one lease. */
function createFleet(...names: string[]) {
  const clock = createManualClock();
  const leases = createMemoryLeases(clock);

  function createIsolate(name: string): Isolate {
    const listeners = new Set<(isUp: boolean) => void>();
    const roles: string[] = [];
    let isUp = true;
    let claims = 0;
    const reachableLease = leases.lease("polls", name);
    const reach = <T>(call: () => Promise<T>) =>
      isUp ? call() : Promise.reject(new StoreUnavailable());
    const lease: Lease = {
      ...reachableLease,
      claim: () => reach(() => (claims++, reachableLease.claim())),
      renew: () => reach(reachableLease.renew),
      release: () => reach(reachableLease.release),
    };
    const health = {
      get isUp() {
        return isUp;
      },
      onChange(listener: (isUp: boolean) => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    const runtime = { clock, random: () => 0.5, log: createLogger("error", clock, () => {}) };
    const leaderElection = createLeaderElection(runtime, lease, health);
    leaderElection.onRole((role) => roles.push(role));
    return {
      ...leaderElection,
      get role() {
        return leaderElection.role;
      },
      get claims() {
        return claims;
      },
      roles,
      setUnavailable(isUnavailable) {
        isUp = !isUnavailable;
        for (const listener of listeners) listener(isUp);
      },
    };
  }

  const isolates = names.map(createIsolate);
  const [first, second] = isolates;
  assert(first && second);
  return { clock, leases, isolates, first, second };
}

Deno.test("one of many isolates leads for as long as it renews its lease", async () => {
  const { clock, isolates, first } = createFleet("a", "b", "c");
  const stops = isolates.map((isolate) => isolate.start());
  await clock.advance(10 * LEASE_MS);
  assertEquals(isolates.map(({ role }) => role), ["leader", "follower", "follower"]);
  assertEquals(first.roles, ["leader"]);
  for (const stop of stops) stop();
  await clock.advance(0);
  assertEquals([first.role, clock.timers], ["idle", 0]);
});

Deno.test("a leader that stops releases its lease, and a follower takes it immediately", async () => {
  const { clock, first, second } = createFleet("a", "b");
  const stop = first.start();
  second.start();
  await clock.advance(1000);
  stop();
  await clock.advance(500);
  assertEquals([first.role, second.role], ["idle", "leader"]);
  await second.resign();
  assertEquals([second.role, clock.timers], ["idle", 0]);
});

Deno.test("a leader that dies is replaced within one TTL of its lease", async () => {
  const { clock, leases, second } = createFleet("a", "b");
  const leaderLease = leases.lease("polls", "dead");
  await leaderLease.claim();
  const stop = second.start();
  await clock.advance(20_000);
  await leaderLease.renew(); // the last renewal
  second.postponeClaim();
  await clock.advance(LEASE_MS - 1);
  assertEquals(second.role, "follower");
  await clock.advance(501);
  assertEquals(second.role, "leader");
  stop();
});

Deno.test("a follower that sees the leader publish does not claim the lease", async () => {
  const { clock, first, second } = createFleet("a", "b");
  const stops = [first.start(), second.start()];
  for (let n = 0; n < 60; n++) {
    await clock.advance(5000);
    second.postponeClaim();
  }
  assertEquals([second.role, second.claims], ["follower", 1]);
  for (const stop of stops) stop();
});

Deno.test("a leader whose fencing token is rejected steps down and follows its successor", async () => {
  const { clock, leases, first } = createFleet("a", "b");
  const stop = first.start();
  await clock.advance(0);
  const successorLease = leases.lease("polls", "successor");
  await leases.lease("polls", "a").release(); // as if it had expired
  await successorLease.claim();
  first.stepDown();
  assertEquals(first.role, "follower");
  await clock.advance(LEASE_MS);
  assertEquals(first.role, "follower");
  await successorLease.release();
  await clock.advance(1000);
  assertEquals(first.roles, ["leader", "follower", "leader"]);
  stop();
});

Deno.test("while the store is unavailable a leader stays for 80 % of the TTL, then it is degraded; others are degraded immediately", async () => {
  const { clock, first, second } = createFleet("a", "b");
  const stops = [first.start(), second.start()];
  await clock.advance(0);
  first.setUnavailable(true);
  second.setUnavailable(true);
  await clock.advance(0);
  assertEquals([first.role, second.role], ["leader", "degraded"]);
  await clock.advance(0.8 * LEASE_MS + 6000); // an attempt comes at most 6 s after it
  assertEquals([first.role, second.role], ["degraded", "degraded"]);
  second.setUnavailable(false);
  await clock.advance(500);
  assertEquals([first.role, second.role], ["degraded", "leader"]);
  first.setUnavailable(false);
  await clock.advance(500);
  assertEquals([first.role, second.role], ["follower", "leader"]);
  for (const stop of stops) stop();
});

Deno.test("a wall clock that is set back or forward neither prolongs nor ends a leadership", async () => {
  for (const shiftMs of [-600_000, 600_000]) {
    const { clock, first } = createFleet("a", "b");
    const stop = first.start();
    await clock.advance(0);
    clock.shiftWallClock(shiftMs);
    first.setUnavailable(true);
    await clock.advance(6000);
    assertEquals(first.role, "leader", `${shiftMs}`);
    await clock.advance(0.8 * LEASE_MS);
    assertEquals(first.role, "degraded", `${shiftMs}`);
    stop();
  }
});

Deno.test("waitForRole() resolves once the role is known, and after a stop only once it is known again", async () => {
  const { clock, first } = createFleet("a", "b");
  let resolvedCount = 0;
  const waitForRole = () => void first.waitForRole().then(() => resolvedCount++);
  waitForRole();
  await clock.advance(1000);
  assertEquals(resolvedCount, 0);
  const stop = first.start();
  await clock.advance(0);
  assertEquals(resolvedCount, 1);
  stop();
  waitForRole();
  await clock.advance(1000);
  assertEquals(resolvedCount, 1);
  first.start();
  await clock.advance(0);
  assertEquals(resolvedCount, 2);
  await first.resign();
});

Deno.test("start() has no effect after resign()", async () => {
  const { clock, first } = createFleet("a", "b");
  await first.resign();
  first.start();
  await clock.advance(1000);
  assertEquals([first.role, first.claims, clock.timers], ["idle", 0, 0]);
});
