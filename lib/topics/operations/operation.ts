/**
 * Operations: long work of a publisher, and its state machine.
 *
 * An operation is `pending` until its publisher reports progress or `running`, then `running`. It ends once: `completed`,
 * `failed`, `cancelled` or `expired`. It never goes back.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../../core/problem.ts";
import {
  endLifetime,
  expiresAt,
  heartbeat,
  isTerminalState,
  Lifetime,
  ReportedEnd,
  startLifetime,
  TERMINAL_STATES,
} from "../lifetime.ts";
import {
  createResource,
  defineFamily,
  type Resource,
  type ResourceContext,
  type ResourceEvent,
} from "../resource.ts";

/** The states of an operation that has not ended. */
const OPEN_OPERATION_STATES = ["pending", "running"] as const;

/** The share of the TTL after which an operation without a heartbeat is reported as stalled. */
const STALLED_SHARE = 1 / 2;

/** The shortest delay before a poll of an operation that has not ended. */
const MIN_POLL_DELAY_S = 1;
/** The longest delay before a poll. */
const MAX_POLL_DELAY_S = 15;

/** The longest message of a report. */
const MAX_MESSAGE_CHARACTERS = 1000;

/** The longest estimate of a report: a year. */
const MAX_ETA_S = 31_536_000;

/** An operation on the wire. */
export const Operation = z.object({
  id: z.string(),
  kind: z.string().meta({ example: "export" }),
  owner: z.string().meta({ description: "The `sub` of the user that the operation belongs to." }),
  state: z.enum([...OPEN_OPERATION_STATES, ...TERMINAL_STATES]),
  progress: z.number().min(0).max(1).nullable(),
  message: z.string().nullable(),
  eta_s: z.number().min(0).nullable(),
  result: z.unknown(),
  error: z.unknown(),
  ...Lifetime.shape,
}).meta({ id: "Operation" });

/** An operation on the wire. */
export type Operation = Readonly<z.infer<typeof Operation>>;

/** A publisher's report. Absent fields keep their values. */
export const OperationReport = z.strictObject({
  state: z.enum([...OPEN_OPERATION_STATES, ...ReportedEnd.options]).optional(),
  progress: Operation.shape.progress.optional(),
  message: z.string().max(MAX_MESSAGE_CHARACTERS).nullable().optional(),
  eta_s: z.number().min(0).max(MAX_ETA_S).nullable().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** A publisher's report. */
export type OperationReport = Readonly<z.infer<typeof OperationReport>>;

/** The stored record of an operation. */
export const OperationRecord = z.object({
  /** The operation as reported. Readers get its {@linkcode operationView}. */
  operation: Operation,
  /** The time that the operation lives after a heartbeat, in seconds. */
  ttlS: z.number(),
  /** True once an event has reported it as stalled. */
  isStalled: z.boolean(),
});

/** The stored record of an operation. */
export type OperationRecord = Readonly<z.infer<typeof OperationRecord>>;

/** All operations. */
export type Operations = Resource<OperationRecord>;

/** The fields of a new operation. */
export interface NewOperation {
  readonly kind: string;
  readonly owner: string;
  readonly ttlS: number;
}

function isTerminal({ operation }: OperationRecord): boolean {
  return isTerminalState(operation.state);
}

/** Creates the record of a pending operation. @param now Wall time, in milliseconds since the Unix epoch. */
export function newOperation(
  { kind, owner, ttlS }: NewOperation,
  id: string,
  now: number,
): OperationRecord {
  const operation: Operation = {
    id,
    kind,
    owner,
    state: "pending",
    progress: null,
    message: null,
    eta_s: null,
    result: null,
    error: null,
    ...startLifetime(now, ttlS),
  };
  return { operation, ttlS, isStalled: false };
}

/** Checks that an operation has not ended. @throws {Problem} 409 `operation_over`. */
function checkOperationOpen(record: OperationRecord): void {
  if (!isTerminal(record)) return;
  throw new Problem(409, "operation_over", "The operation has ended. GET it for the outcome.");
}

/**
 * Applies a report, which is a heartbeat even if it is empty. Progress makes a pending operation `running`. A completed
 * operation has progress 1 unless the report says otherwise.
 *
 * @throws {Problem} 409 `operation_over` or `bad_transition`.
 */
export function reportOperation(
  record: OperationRecord,
  report: OperationReport,
  now: number,
): OperationRecord {
  checkOperationOpen(record);
  const { operation: previous, ttlS } = record;
  if (report.state === "pending" && previous.state === "running") {
    throw new Problem(409, "bad_transition", "The operation is running already.", {
      errors: [{ field: "state", detail: "`running` cannot become `pending`" }],
    });
  }
  const isStarted = previous.state === "pending" && typeof report.progress === "number";
  const { state = isStarted ? "running" : previous.state } = report;
  const {
    progress = state === "completed" ? 1 : previous.progress,
    message = previous.message,
    eta_s = previous.eta_s,
    result = previous.result,
    error = previous.error,
  } = report;
  const operation: Operation = {
    ...previous,
    state,
    progress,
    message,
    result,
    error,
    eta_s: isTerminalState(state) ? null : eta_s,
    ...heartbeat(now, ttlS),
  };
  return { operation, ttlS, isStalled: false };
}

/** Cancels an operation. A cancelled one does not change. @throws {Problem} 409 `operation_over`. */
export function cancelOperation(record: OperationRecord, now: number): OperationRecord {
  if (record.operation.state === "cancelled") return record;
  checkOperationOpen(record);
  return endOperation(record, { state: "cancelled" }, now);
}

function endOperation(
  { operation, ttlS }: OperationRecord,
  end: Partial<Operation>,
  now: number,
): OperationRecord {
  return {
    operation: { ...operation, ...end, eta_s: null, ...endLifetime(now) },
    ttlS,
    isStalled: false,
  };
}

/** Applies the changes that time causes: an operation without a heartbeat stalls, then expires. */
export function applyOperationTime(record: OperationRecord, now: number): OperationRecord {
  const changeAt = nextOperationChangeAt(record);
  if (changeAt === null || now < changeAt) return record;
  if (now < expiresAt(record.operation)) return { ...record, isStalled: true };
  const message = `Expired: no heartbeat for ${record.ttlS} s.`;
  return endOperation(record, { state: "expired", message }, now);
}

/** Returns the time at which an operation stalls or expires, or null once it has ended. */
export function nextOperationChangeAt(record: OperationRecord): number | null {
  if (isTerminal(record)) return null;
  const { operation, ttlS, isStalled } = record;
  if (isStalled) return expiresAt(operation);
  return Date.parse(operation.updated_at) + ttlS * 1000 * STALLED_SHARE;
}

/** Returns the operation as readers get it. The message of a stalled one says so, and it has no estimate. */
export function operationView({ operation, isStalled }: OperationRecord): Operation {
  if (!isStalled) return operation;
  const { updated_at, expires_at } = operation;
  const message = `No heartbeat since ${updated_at}. It expires at ${expires_at}.`;
  return { ...operation, message, eta_s: null };
}

/**
 * Returns the delay before the next poll, in whole seconds. It is a quarter of the estimated time, or half of the time
 * since the last heartbeat if there is no estimate, within bounds. The next poll comes at the latest in the second in
 * which the operation expires. The delay is 0 once the operation has ended.
 */
export function operationPollDelayS(record: OperationRecord, now: number): number {
  if (isTerminal(record)) return 0;
  const operation = operationView(record);
  const { eta_s, updated_at } = operation;
  const silenceS = (now - Date.parse(updated_at)) / 1000;
  const delayS = eta_s === null ? silenceS / 2 : eta_s / 4;
  const remainingS = Math.max((expiresAt(operation) - now) / 1000, MIN_POLL_DELAY_S);
  return Math.ceil(Math.min(Math.max(delayS, MIN_POLL_DELAY_S), MAX_POLL_DELAY_S, remainingS));
}

/** Returns the event of an operation. Its type is `progress`, or the terminal state. */
export function operationEvent(record: OperationRecord): ResourceEvent<Operation> {
  const { state } = record.operation;
  return { type: isTerminalState(state) ? state : "progress", data: operationView(record) };
}

/** Creates the record store of operations, and registers their topics. */
export function createOperations(context: ResourceContext): Operations {
  return createResource<OperationRecord>(context, {
    noun: "operation",
    topic: defineFamily("operations", "progress", Operation),
    schema: OperationRecord,
    idOf: ({ operation }) => operation.id,
    ownerOf: ({ operation }) => operation.owner,
    isTerminal,
    applyTime: applyOperationTime,
    nextChangeAt: nextOperationChangeAt,
    expiresAt: ({ operation }) => expiresAt(operation),
    eventOf: operationEvent,
  });
}
