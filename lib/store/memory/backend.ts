/**
 * What isolates share where there is only one.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import type { Retention } from "../event_log.ts";
import { createMemoryEventLog } from "./event_log.ts";
import { createMemoryLeases } from "./lease.ts";
import { createMemoryStore } from "./store.ts";
import type { SharedState } from "../backend.ts";

/** Creates state in memory. It is always up and costs nothing. */
export function createMemoryState(
  runtime: Pick<Runtime, "clock" | "random">,
  retention: Retention,
): SharedState {
  const leases = createMemoryLeases(runtime.clock);
  const store = createMemoryStore(runtime.clock);
  return {
    log: createMemoryEventLog(runtime, retention, { isHeld: leases.isHeld, cas: store.casNow }),
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
