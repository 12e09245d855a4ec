/**
 * The demo on a manual clock, without a network.
 *
 * @module
 */
import type { Runtime } from "../../lib/core/runtime.ts";
import { createDemoRuntime, type DemoOptions } from "../../lib/demo/demo_runtime.ts";
import type { Instruments } from "../../lib/topics/quotes/instrument.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { refuseConnection } from "../support/refuse_connection.ts";

/** The instruments without settings. */
export const DEFAULT_INSTRUMENTS = instrumentsFor({});

/** Creates a demo on a clock. A call that leaves the demo is rejected. */
export function createOfflineDemo(
  clock: ManualClock,
  options?: DemoOptions,
  instruments: Instruments = DEFAULT_INSTRUMENTS,
): Runtime {
  const ignore = () => {};
  const refuse = () => Promise.reject(new Error("The demo has no network"));
  return createDemoRuntime(
    {
      clock,
      random: () => 0.5,
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      fetch: refuse,
      resolve: refuse,
      connect: refuseConnection,
      readAsset: refuse,
    },
    [...instruments.values()],
    options,
  );
}

/**
 * Creates a demo and its clock.
 *
 * @param startedAt The start of the demo: wall time in ms.
 */
export function createDemoAt(
  startedAt: number,
  options?: DemoOptions,
  instruments?: Instruments,
): { readonly clock: ManualClock; readonly runtime: Runtime } {
  const clock = createManualClock(startedAt);
  return { clock, runtime: createOfflineDemo(clock, options, instruments) };
}
