import { assertEquals } from "@std/assert";
import { keepPolling } from "../../../lib/topics/quotes/keep_polling.ts";
import { createManualClock } from "../../support/manual_clock.ts";

Deno.test("keepPolling() never comes before the TTL is over, however the jitter falls", async () => {
  const clock = createManualClock();
  const calls: number[] = [];
  let polledAt = -Infinity;
  const stop = keepPolling({ clock, random: () => 0 }, {
    intervalMs: 1000,
    ttlMs: 1000,
    polledAt: () => polledAt,
    refresh() {
      calls.push(clock.now());
      if (clock.now() - polledAt >= 1000) polledAt = clock.now();
      return Promise.resolve();
    },
    tell: () => Promise.resolve(),
    nextStaleTime: () => null,
  });
  const began = clock.now();
  await clock.advance(2500);
  stop();
  assertEquals(calls.map((at) => at - began), [0, 1000, 2000]);
});
