import { assertEquals } from "@std/assert";
import { keepPolling, type Polled } from "../../../lib/topics/quotes/poll_loop.ts";
import { createManualClock, type ManualClock } from "../../support/manual_clock.ts";

/** What is polled every second, and when that was. */
function polled(clock: ManualClock, more: Partial<Polled> = {}) {
  const calls: number[] = [];
  const began = clock.now();
  let polledAt = -Infinity;
  const what: Polled = {
    intervalMs: () => 1000,
    ttlMs: 1000,
    opensAt: () => null,
    polledAt: () => polledAt,
    refresh() {
      calls.push(clock.now() - began);
      if (clock.now() - polledAt >= 1000) polledAt = clock.now();
      return Promise.resolve();
    },
    tell: () => Promise.resolve(),
    nextChangeTime: () => null,
    ...more,
  };
  return { calls, what };
}

Deno.test("keepPolling() never comes before the TTL is over, however the jitter falls", async () => {
  const clock = createManualClock();
  const { calls, what } = polled(clock);
  const polling = keepPolling({ clock, random: () => 0 }, what);
  await clock.advance(2500);
  polling.stop();
  assertEquals(calls, [0, 1000, 2000]);
});

Deno.test("keepPolling() does not sleep through an opening", async () => {
  const clock = createManualClock();
  const opening = clock.now() + 7000;
  const { calls, what } = polled(clock, {
    intervalMs: () => 10_000,
    opensAt: () => clock.now() < opening ? opening : null,
  });
  const polling = keepPolling({ clock, random: () => 0.5 }, what);
  await clock.advance(16_999);
  polling.stop();
  assertEquals(calls, [0, 7000]);
});

Deno.test("keepPolling() tells of what changes while nothing comes, also of what it heard outside", async () => {
  const clock = createManualClock();
  const began = clock.now();
  const told: number[] = [];
  let next: number | null = null;
  const { what } = polled(clock, {
    intervalMs: () => 60_000,
    nextChangeTime: () => next,
    tell() {
      told.push(clock.now() - began);
      next = null;
      return Promise.resolve();
    },
  });
  const polling = keepPolling({ clock, random: () => 0.5 }, what);
  await clock.advance(1000);
  next = began + 5000;
  polling.heard();
  await clock.advance(10_000);
  polling.stop();
  next = began + 20_000;
  polling.heard();
  assertEquals([told, clock.timers], [[5000], 0]);
});
