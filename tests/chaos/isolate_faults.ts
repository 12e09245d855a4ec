/**
 * Faults of the isolates themselves, of the leader most of all.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { pause, until } from "../support/within.ts";
import type { Isolate, Isolates } from "./isolates.ts";
import type { Fault } from "./scene.ts";

/** Longer than any fail-over takes: a lease lives 30 s. */
const TAKE_OVER_MS = 36_000;

/** The time for which a stopped leader stays stopped after its successor, and the delay of its Redis calls afterwards. */
const LONGER_MS = 2000;
const LATE_MS = 400;

/** The log message about a publication that is refused because its lease has ended. */
const FENCED = "The log rejected a publication: another isolate leads";

/** Waits until another isolate leads, and has published. @returns The seconds that each took. */
async function takeOver(fleet: Isolates, from: Isolate, since: number) {
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

/** The leader is killed by SIGKILL; later another process replaces it. */
export const leaderKilled: Fault = {
  name: "leader killed",
  perSecond: 90,
  async inject({ fleet, acknowledged }) {
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

/**
 * The leader stands still until another leads, and goes on as if it led still. Redis answers it a little late then: else
 * it would mostly learn that it leads no more before it has anything to publish.
 */
export const leaderStopped: Fault = {
  name: "leader stopped",
  perSecond: 60,
  async inject({ fleet, acknowledged }) {
    const leader = await fleet.someLeader();
    const { server, standIn: { faults } } = leader;
    await acknowledged(100);
    const before = fencedBy(leader);
    const since = performance.now();
    server.signal("SIGSTOP");
    try {
      const times = await takeOver(fleet, leader, since);
      await pause(LONGER_MS);
      faults.delay(LATE_MS);
      server.signal("SIGCONT");
      const fenced = await until("a fenced write", () => {
        const count = fencedBy(leader) - before;
        return count > 0 ? count : undefined;
      });
      faults.delay(0);
      await acknowledged(2000);
      assertEquals((await fleet.leader())?.name, fleet.other(leader).name);
      return { ...times, fenced };
    } finally {
      server.signal("SIGCONT");
    }
  },
};

/** The leader drains and ends, its clients move over; later another process replaces it. */
export const leaderDrained: Fault = {
  name: "leader drained",
  perSecond: 300,
  async inject({ fleet, clients, acknowledged }) {
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
    assert(moved > 0, "No stream was drained");
    return { ...times, "streams drained": moved };
  },
};
