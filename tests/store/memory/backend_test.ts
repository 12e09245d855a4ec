import { assertEquals } from "@std/assert";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import { createMemoryEventLog } from "../../../lib/store/memory/event_log.ts";
import { createMemoryLeases } from "../../../lib/store/memory/lease.ts";
import { createMemoryStore } from "../../../lib/store/memory/store.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { sharedStateCases } from "../backend_cases.ts";

const RETENTION = { retainEvents: 1000, retainMs: 86_400_000 };

sharedStateCases("createMemoryState()", () => {
  const clock = createManualClock();
  const runtime = { clock, random: () => 0.5 };
  const leases = createMemoryLeases(clock);
  const store = createMemoryStore(clock);
  const log = createMemoryEventLog(runtime, RETENTION, { leases, store });
  return Promise.resolve({
    state: {
      ...createMemoryState(runtime, RETENTION),
      log,
      store,
      lease: (name) => leases.lease(name, "us"),
    },
    rival: (name) => leases.lease(name, "them"),
    pass: clock.advance,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

for (const shiftMs of [-600_000, 600_000]) {
  const direction = shiftMs < 0 ? "back" : "forwards";
  Deno.test(`createMemoryStore() expires a value on time while the wall clock is set ${direction}`, async () => {
    const clock = createManualClock();
    const store = createMemoryStore(clock);
    await store.set("a", "1", 1000);
    clock.shiftWallClock(shiftMs);
    await clock.advance(1000);
    assertEquals(await store.get("a"), "1");
    await clock.advance(1);
    assertEquals(await store.get("a"), null);
  });

  Deno.test(`createMemoryLeases() expires a lease on time while the wall clock is set ${direction}`, async () => {
    const clock = createManualClock();
    const leases = createMemoryLeases(clock);
    const [ours, theirs] = ["us", "them"].map((holder) => leases.lease("polls", holder));
    await ours?.claim();
    clock.shiftWallClock(shiftMs);
    await clock.advance(29_999);
    assertEquals(await theirs?.claim(), { isHeld: false, leftMs: 1 });
    await clock.advance(1);
    assertEquals(await theirs?.claim(), { isHeld: true });
  });
}
