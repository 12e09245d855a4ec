/**
 * The demo's runtime on a manual clock, without a network.
 *
 * @module
 */
import type { Runtime } from "../../lib/core/runtime.ts";
import { createDemoRuntime, type DemoOptions } from "../../lib/demo/demo_runtime.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";

/** Creates the demo at a time. Requests to other hosts are refused. */
export function demoAt(
  time: number,
  options?: DemoOptions,
): { readonly clock: ManualClock; readonly runtime: Runtime } {
  const clock = createManualClock(time);
  const silent = () => {};
  const refuse = () => Promise.reject(new Error("the demo has no network"));
  const runtime = createDemoRuntime({
    clock,
    random: () => 0.5,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    fetch: refuse,
    resolve: refuse,
    readAsset: refuse,
  }, options);
  return { clock, runtime };
}
