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
  const log = createMemoryEventLog(runtime, RETENTION, {
    isHeld: leases.isHeld,
    cas: store.casNow,
  });
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
