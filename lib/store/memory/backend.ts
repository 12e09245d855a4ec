/**
 * The shared state of a single isolate, in memory.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import type { SharedState } from "../backend.ts";
import type { Retention } from "../event_log.ts";
import { createMemoryEventLog } from "./event_log.ts";
import { createMemoryLeases } from "./lease.ts";
import { createMemoryStore } from "./store.ts";

/** Creates state in memory. It is always up and uses no commands. */
export function createMemoryState(
  runtime: Pick<Runtime, "clock" | "random">,
  retention: Retention,
): SharedState {
  const leases = createMemoryLeases(runtime.clock);
  const store = createMemoryStore(runtime.clock);
  return {
    log: createMemoryEventLog(runtime, retention, { leases, store }),
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
