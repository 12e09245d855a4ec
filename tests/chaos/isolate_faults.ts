/**
 * Faults of the isolates themselves, of the leader most of all.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { pause, until } from "../support/within.ts";
import type { Fleet, Isolate } from "./fleet.ts";
import type { Fault } from "./scene.ts";

/** A lease's life is 30 s: this is longer than any successor may take. */
const TAKE_OVER_MS = 36_000;

/** What the server says of a publication that came after its lease had ended. */
const FENCED = "Another isolate leads: what was published here was refused";

/** Waits until somebody else leads, and has published. @returns How long each took, in seconds. */
async function takeOver(fleet: Fleet, from: Isolate, since: number) {
  const seconds = () => (performance.now() - since) / 1000;
  const successor = fleet.other(from);
  const options = { deadlineMs: TAKE_OVER_MS, everyMs: 10 };
  await until("a successor", async () => await fleet.leader() === successor || undefined, options);
  const led = seconds();
  const at = new Date().toISOString();
  await until("its first quotes", async () => {
    const { quotes } = await fleet.market();
    return [...quotes.values()].some(({ received_at }) => received_at > at) || undefined;
  }, options);
  return { "s to the lease": led, "s to its quotes": seconds() };
}

/** The leader is killed by SIGKILL; later another process comes in its place. */
export const leaderKilled: Fault = {
  name: "leader killed",
  perSecond: 90,
  async bite({ fleet, acknowledged }) {
    const leader = await fleet.someLeader();
    await acknowledged(100);
    const since = performance.now();
    leader.server.signal("SIGKILL");
    const times = await takeOver(fleet, leader, since);
    await leader.replace();
    await acknowledged(2000);
    assertEquals((await fleet.leader())?.name, fleet.other(leader).name);
    return times;
  },
};

function fencedBy({ server }: Isolate): number {
  return server.output().split(FENCED).length - 1;
}

/** The leader stands still until another leads, and goes on. Some of its writes are on their way meanwhile. */
export const leaderStopped: Fault = {
  name: "leader stopped",
  perSecond: 60,
  async bite({ fleet, acknowledged }) {
    const leader = await fleet.someLeader();
    const { faults } = leader.standIn;
    await acknowledged(100);
    const before = fencedBy(leader);
    // What it sends now arrives when its lease is long over.
    const delayedBefore = leader.standIn.stats().delayed;
    faults.delay(TAKE_OVER_MS);
    await pause(500);
    const since = performance.now();
    leader.server.signal("SIGSTOP");
    faults.delay(0);
    const late = leader.standIn.stats().delayed - delayedBefore;
    try {
      const times = await takeOver(fleet, leader, since);
      await pause(TAKE_OVER_MS - (performance.now() - since));
      leader.server.signal("SIGCONT");
      const fenced = await until("a fenced write", () => {
        const count = fencedBy(leader) - before;
        return count > 0 ? count : undefined;
      });
      await acknowledged(2000);
      assert(late > 0, "No write was on its way");
      assertEquals((await fleet.leader())?.name, fleet.other(leader).name);
      return { ...times, "on their way": late, fenced };
    } finally {
      leader.server.signal("SIGCONT");
    }
  },
};

/** The leader drains and ends, its clients move over; later another process comes in its place. */
export const leaderDrained: Fault = {
  name: "leader drained",
  perSecond: 300,
  async bite({ fleet, clients, acknowledged }) {
    const drained = () => clients.reduce((all, { counts }) => all + counts.drained, 0);
    const leader = await fleet.someLeader();
    const before = drained();
    await acknowledged(400);
    const since = performance.now();
    leader.server.signal("SIGTERM");
    const times = await takeOver(fleet, leader, since);
    const { code, signal } = await leader.server.exited;
    assertEquals({ code, signal }, { code: 0, signal: null });
    await acknowledged(1200);
    await leader.replace();
    await acknowledged(2000);
    const moved = drained() - before;
    assert(moved > 0, "No client was told to go");
    return { ...times, "clients told": moved };
  },
};
