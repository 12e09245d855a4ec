/**
 * The demo on a manual clock, without a network.
 *
 * @module
 */
import type { Runtime } from "../../lib/core/runtime.ts";
import { createDemoRuntime, type DemoOptions } from "../../lib/demo/demo_runtime.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { refuseConnection } from "../support/refuse_connection.ts";

/** Creates a demo on a clock. A call that leaves the demo is rejected. */
export function createOfflineDemo(clock: ManualClock, options?: DemoOptions): Runtime {
  const ignore = () => {};
  const refuse = () => Promise.reject(new Error("The demo has no network"));
  return createDemoRuntime({
    clock,
    random: () => 0.5,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    fetch: refuse,
    resolve: refuse,
    connect: refuseConnection,
    readAsset: refuse,
  }, options);
}

/**
 * Creates a demo and its clock.
 *
 * @param startedAt The start of the demo: wall time in ms.
 */
export function createDemoAt(
  startedAt: number,
  options?: DemoOptions,
): { readonly clock: ManualClock; readonly runtime: Runtime } {
  const clock = createManualClock(startedAt);
  return { clock, runtime: createOfflineDemo(clock, options) };
}
