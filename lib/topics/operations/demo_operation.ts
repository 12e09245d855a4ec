/**
 * Rehearsals: operations that do nothing but report, so that the way of one can be seen.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import type { Kept, Report } from "./operation.ts";
import type { Operations } from "./operations.ts";

/** The kind of operation, and whose it is: nobody has this name. */
export const REHEARSAL = { kind: "demo", owner: "demo" } as const;

/** How long it lives after a sign of life: a few steps, so that one nobody goes on with is soon over. */
const TTL_S = 60;

/** Between two reports. */
const STEP_MS = 700;

/** What is said, in order, with how far it is by then. */
const STEPS: readonly (readonly [progress: number, message: string])[] = [
  [0, "Reading what was asked for"],
  [0.08, "Reading what was asked for"],
  [0.19, "Gathering trades"],
  [0.33, "Gathering trades"],
  [0.46, "Gathering trades"],
  [0.58, "Adding them up"],
  [0.71, "Adding them up"],
  [0.83, "Writing the report"],
  [0.94, "Writing the report"],
];

/** Reports, one after the other. */
const REPORTS: readonly Report[] = [
  ...STEPS.map(([progress, message], i) => ({
    state: "running" as const,
    progress,
    message,
    eta_s: Math.ceil((STEPS.length - i) * STEP_MS / 1000),
  })),
  { state: "completed", message: "Done", result: { pages: 12 } },
];

/** What rehearsals stand on. */
export interface RehearsalContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly operations: Pick<Operations, "create" | "report">;
}

/**
 * Begins one, and reports until it has ended, or somebody else has ended it.
 *
 * @throws {StoreAway} Where it cannot be begun. Where a report is lost it simply goes no further, and expires.
 */
export async function rehearse({ clock, log, operations }: RehearsalContext): Promise<Kept> {
  const kept = await operations.create({ ...REHEARSAL, ttlS: TTL_S });
  const { id } = kept.operation;

  function next(at: number): void {
    const report = REPORTS[at];
    if (report === undefined) return;
    clock.after(STEP_MS, () => {
      operations.report(id, report).then(
        (outcome) => {
          if (outcome !== null && typeof outcome === "object") next(at + 1);
        },
        (error) => log.warn("a rehearsal stopped", { id, error: messageOf(error) }),
      );
    });
  }
  next(0);
  return kept;
}
