/**
 * The environment of a fault: the isolates, the clients and the publisher.
 *
 * @module
 */
import type { Seeded } from "../support/seeded.ts";
import { until } from "../support/within.ts";
import type { Client } from "./client.ts";
import type { Isolate, Isolates } from "./isolates.ts";
import type { Publisher } from "./publisher.ts";

/** The environment of one fault. */
export interface Scene {
  readonly fleet: Isolates;
  readonly random: Seeded;
  readonly publisher: Publisher;
  readonly clients: readonly Client[];
  /** Waits until a number of events are acknowledged since the fault began. */
  acknowledged(count: number): Promise<void>;
}

/** A fault that is injected while events are published. */
export interface Fault {
  readonly name: string;
  /** The number of events published per second: few if the fault lasts long. */
  readonly perSecond: number;
  /** Injects the fault. @returns Figures of its effect. @throws {Error} If it had no effect. */
  inject(scene: Scene): Promise<Readonly<Record<string, number>>>;
}

const DEADLINE_MS = 120_000;

/** Creates the environment of the next fault. */
export function createScene(parts: Omit<Scene, "acknowledged">): Scene {
  const { publisher } = parts;
  const before = publisher.total;
  return {
    ...parts,
    async acknowledged(count) {
      const look = () => publisher.total >= before + count || undefined;
      await until(`${count} acknowledged events`, look, { deadlineMs: DEADLINE_MS, everyMs: 5 });
    },
  };
}

/** Returns the number of subscriptions that an isolate's processes have made. */
export function subscribed({ standIn }: Isolate): number {
  return standIn.stats().commands.byName["SUBSCRIBE"] ?? 0;
}

/** Sums up a count over both isolates. */
export function sum({ isolates }: Isolates, count: (isolate: Isolate) => number): number {
  return isolates.reduce((total, isolate) => total + count(isolate), 0);
}

/** Waits until each isolate is subscribed. */
export async function allSubscribed(fleet: Isolates): Promise<void> {
  await until(
    "both subscriptions",
    () => fleet.isolates.every(({ standIn }) => standIn.stats().subscriptions === 1) || undefined,
  );
}
