/**
 * What isolates share where there is only one.
 *
 * @module
 */
import type { World } from "../../core/runtime.ts";
import type { Retention } from "../event_log.ts";
import { createMemoryEventLog } from "./event_log.ts";
import { createMemoryLeases } from "./lease.ts";
import { createMemoryStore } from "./store.ts";
import type { SharedState } from "../backend.ts";

/** Creates state in memory. It is always up and costs nothing. */
export function createMemoryState(
  world: Pick<World, "clock" | "random">,
  retention: Retention,
): SharedState {
  const leases = createMemoryLeases(world.clock);
  const store = createMemoryStore(world.clock);
  return {
    log: createMemoryEventLog(world, retention, { isHeld: leases.isHeld, swap: store.swapNow }),
    store,
    lease: (name) => leases.lease(name, "this isolate"),
    health: {
      kind: "memory",
      isUp: true,
      commands: 0,
      check: () => Promise.resolve(true),
      onChange: () => () => {},
    },
  };
}
