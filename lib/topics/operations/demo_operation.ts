/**
 * Demo operations: they do nothing but report progress, so that visitors of the page see an operation run.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import { Problem } from "../../core/problem.ts";
import {
  newOperation,
  type OperationRecord,
  type OperationReport,
  type Operations,
  reportOperation,
} from "./operation.ts";

/** The kind and the owner of every demo operation. No token has this owner as its `sub`. */
export const DEMO_OPERATION = { kind: "demo", owner: "demo" } as const;

/** The TTL of a demo operation. It is short, so that one whose isolate has stopped expires soon. */
const DEMO_TTL_S = 60;

/** The delay between two reports. */
const REPORT_INTERVAL_MS = 700;

/** The progress and the message of each report but the last. */
const STEPS: readonly (readonly [progress: number, message: string])[] = [
  [0, "Reading the request"],
  [0.08, "Reading the request"],
  [0.19, "Gathering trades"],
  [0.33, "Gathering trades"],
  [0.46, "Gathering trades"],
  [0.58, "Adding them up"],
  [0.71, "Adding them up"],
  [0.83, "Writing the report"],
  [0.94, "Writing the report"],
];

/** The reports, in order. */
const REPORTS: readonly OperationReport[] = [
  ...STEPS.map(([progress, message], index) => ({
    state: "running" as const,
    progress,
    message,
    eta_s: Math.ceil((STEPS.length - index) * REPORT_INTERVAL_MS / 1000),
  })),
  { state: "completed", message: "Done", result: { pages: 12 } },
];

/** The dependencies of a demo operation. */
export interface DemoOperationContext {
  readonly clock: Pick<Clock, "after">;
  readonly log: Pick<Logger, "warn">;
  readonly operations: Pick<Operations, "create" | "report">;
}

/**
 * Creates a demo operation and reports on it until it ends. The promise resolves once it is created. No report follows
 * one that failed, so the operation then expires.
 *
 * @throws {StoreUnavailable} If it cannot be created.
 */
export async function startDemoOperation(
  { clock, log, operations }: DemoOperationContext,
): Promise<OperationRecord> {
  const record = await operations.create((id, now) =>
    newOperation({ ...DEMO_OPERATION, ttlS: DEMO_TTL_S }, id, now)
  );
  const { id } = record.operation;

  async function send(index: number, report: OperationReport): Promise<void> {
    try {
      await operations.report(id, (current, now) => reportOperation(current, report, now));
      schedule(index + 1);
    } catch (thrown) {
      // The operation has ended: a caller has cancelled it, or it has expired.
      if (thrown instanceof Problem && thrown.status < 500) return;
      log.warn("a demo operation stopped", { id, error: messageOf(thrown) });
    }
  }

  function schedule(index: number): void {
    const report = REPORTS[index];
    if (report) clock.after(REPORT_INTERVAL_MS, () => void send(index, report));
  }

  schedule(0);
  return record;
}
