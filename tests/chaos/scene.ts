/**
 * What a fault is given: the fleet, and how far the publisher is.
 *
 * @module
 */
import type { Seeded } from "../support/seeded.ts";
import { until } from "../support/within.ts";
import type { Client } from "./client.ts";
import type { Isolate, Isolates } from "./isolates.ts";
import type { Publisher } from "./publisher.ts";

/** Where a fault bites. */
export interface Scene {
  readonly fleet: Isolates;
  readonly random: Seeded;
  readonly publisher: Publisher;
  readonly clients: readonly Client[];
  /** Waits until so many events are acknowledged since the fault began. */
  acknowledged(count: number): Promise<void>;
}

/** One thing that goes wrong, while events are published. */
export interface Fault {
  readonly name: string;
  /** How many events are offered a second: few where the fault takes long. */
  readonly perSecond: number;
  /** Lets it happen. @returns Figures that show that it bit. @throws {Error} Where it did not. */
  bite(scene: Scene): Promise<Readonly<Record<string, number>>>;
}

const SLOWEST_MS = 120_000;

/** Sets a scene for the next fault. */
export function createScene(parts: Omit<Scene, "acknowledged">): Scene {
  const { publisher } = parts;
  const before = publisher.total;
  return {
    ...parts,
    async acknowledged(count) {
      const look = () => publisher.total >= before + count || undefined;
      await until(`${count} acknowledged events`, look, { deadlineMs: SLOWEST_MS, everyMs: 5 });
    },
  };
}

/** How often an isolate's process, or those in its place, subscribed. */
export function subscribed({ standIn }: Isolate): number {
  return standIn.stats().commands.byName["SUBSCRIBE"] ?? 0;
}

/** Sums up something over both isolates. */
export function sum({ isolates }: Isolates, count: (isolate: Isolate) => number): number {
  return isolates.reduce((all, isolate) => all + count(isolate), 0);
}

/** Waits until each isolate hears what is published. */
export async function allSubscribed(fleet: Isolates): Promise<void> {
  await until(
    "both subscriptions",
    () => fleet.isolates.every(({ standIn }) => standIn.stats().subscriptions === 1) || undefined,
  );
}
