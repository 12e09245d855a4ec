/** Who of all isolates leads, and when it changes. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "../../lib/core/logger.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { type Lease, LEASE_MS } from "../../lib/store/lease.ts";
import { createMemoryLeases } from "../../lib/store/memory/lease.ts";
import { createLeaderElection, type Leadership } from "../../lib/topics/leader_election.ts";
import { createManualClock } from "../support/manual_clock.ts";

/** An isolate that may lead, and its store, which may be away. */
interface Isolate extends Leadership {
  setAway(isAway: boolean): void;
  /** What it was, in order. */
  readonly roles: string[];
  /** How often it asked for the lease. */
  readonly claims: number;
}

/** Isolates that want the same lease. */
function createFleet(...names: string[]) {
  const clock = createManualClock();
  const leases = createMemoryLeases(clock);

  function createIsolate(name: string): Isolate {
    const listeners = new Set<(isUp: boolean) => void>();
    const roles: string[] = [];
    let isUp = true;
    let claims = 0;
    const real = leases.lease("polls", name);
    const reach = <T>(call: () => Promise<T>) =>
      isUp ? call() : Promise.reject(new StoreUnavailable());
    const lease: Lease = {
      ...real,
      claim: () => reach(() => (claims++, real.claim())),
      renew: () => reach(real.renew),
      release: () => reach(real.release),
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
      setAway(isAway) {
        isUp = !isAway;
        for (const listener of listeners) listener(isUp);
      },
    };
  }

  const isolates = names.map(createIsolate);
  const [first, second] = isolates;
  assert(first && second);
  return { clock, leases, isolates, first, second };
}

Deno.test("one of many isolates leads, and leads on while it renews its lease", async () => {
  const { clock, isolates, first } = createFleet("a", "b", "c");
  const stops = isolates.map((each) => each.start());
  await clock.advance(10 * LEASE_MS);
  assertEquals(isolates.map(({ role }) => role), ["leader", "follower", "follower"]);
  assertEquals(first.roles, ["leader"]);
  for (const stop of stops) stop();
  await clock.advance(0);
  assertEquals([first.role, clock.timers], ["idle", 0]);
});

Deno.test("a leader that stops gives its lease back, and another follows at once", async () => {
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

Deno.test("a leader that dies is followed within one life of its lease", async () => {
  const { clock, leases, second } = createFleet("a", "b");
  const dead = leases.lease("polls", "dead");
  await dead.claim();
  const stop = second.start();
  await clock.advance(20_000);
  await dead.renew(); // its last sign of life
  second.heard();
  await clock.advance(LEASE_MS - 1);
  assertEquals(second.role, "follower");
  await clock.advance(501);
  assertEquals(second.role, "leader");
  stop();
});

Deno.test("who hears of the leader does not ask for its lease", async () => {
  const { clock, first, second } = createFleet("a", "b");
  const stops = [first.start(), second.start()];
  for (let n = 0; n < 60; n++) {
    await clock.advance(5000);
    second.heard();
  }
  assertEquals([second.role, second.claims], ["follower", 1]);
  for (const stop of stops) stop();
});

Deno.test("a leader that slept through its lease follows its successor", async () => {
  const { clock, leases, first } = createFleet("a", "b");
  const stop = first.start();
  await clock.advance(0);
  const other = leases.lease("polls", "other");
  await leases.lease("polls", "a").release(); // as if its life had ended
  await other.claim();
  first.lost();
  assertEquals(first.role, "follower");
  await clock.advance(LEASE_MS);
  assertEquals(first.role, "follower");
  await other.release();
  await clock.advance(1000);
  assertEquals(first.roles, ["leader", "follower", "leader"]);
  stop();
});

Deno.test("where the store is away a leader leads on while nobody else can, then is alone; others are alone at once", async () => {
  const { clock, first, second } = createFleet("a", "b");
  const stops = [first.start(), second.start()];
  await clock.advance(0);
  first.setAway(true);
  second.setAway(true);
  await clock.advance(0);
  assertEquals([first.role, second.role], ["leader", "alone"]);
  await clock.advance(0.8 * LEASE_MS + 6000);
  assertEquals([first.role, second.role], ["alone", "alone"]);
  second.setAway(false);
  await clock.advance(500);
  assertEquals([first.role, second.role], ["alone", "leader"]);
  first.setAway(false);
  await clock.advance(500);
  assertEquals([first.role, second.role], ["follower", "leader"]);
  for (const stop of stops) stop();
});

Deno.test("known() resolves when it is known who leads, and after a stop when it is known again", async () => {
  const { clock, first } = createFleet("a", "b");
  let count = 0;
  const ask = () => void first.known().then(() => count++);
  ask();
  await clock.advance(1000);
  assertEquals(count, 0);
  const stop = first.start();
  await clock.advance(0);
  assertEquals(count, 1);
  stop();
  ask();
  await clock.advance(1000);
  assertEquals(count, 1);
  await first.resign();
  first.start()();
  assertEquals(first.role, "idle");
});
