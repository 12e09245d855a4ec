/**
 * A task, and its state machine.
 *
 * A task is `waiting` until a worker claims it. Each report of the worker renews the claim for {@linkcode CLAIM_MS}.
 * The task is `claimed`, then `running`, and ends once: `completed` or `failed`. When a claim expires, the task is
 * `waiting` again, or `failed` after {@linkcode MAX_ATTEMPTS} claims.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../../core/problem.ts";
import { DAY_MS, isoTime, WireTime } from "../../core/time.ts";
import { ReportedEnd } from "../lifetime.ts";

/** The states of a task that has not ended. */
const OPEN_TASK_STATES = ["waiting", "claimed", "running"] as const;

/** The terminal states of a task. */
const TaskEnd = ReportedEnd.exclude(["cancelled"]);

/** The outcomes of tasks in /metrics: the terminal states, and `lapsed` for a claim that has expired. */
export const TASK_OUTCOMES = [...TaskEnd.options, "lapsed"] as const;

/** The duration of a claim. Each report renews it. */
export const CLAIM_MS = 30_000;

/** The number of times that a task may be claimed. */
const MAX_ATTEMPTS = 3;

/** The longest wait for a worker, from the creation or the last expired claim. The task fails after it. */
const MAX_TASK_WAIT_MS = DAY_MS;

/** A task on the wire. It does not contain the claim, which only its worker may know. */
export const Task = z.object({
  task_id: z.string(),
  session_id: z.string(),
  owner: z.string().meta({ description: "The `sub` of the user that the session belongs to." }),
  state: z.enum([...OPEN_TASK_STATES, ...TaskEnd.options]),
  attempts: z.int().min(0).meta({ description: "The number of claims." }),
  progress: z.number().min(0).max(1).nullable(),
  result: z.unknown(),
  error: z.unknown(),
  created_at: WireTime,
  updated_at: WireTime.meta({ description: "The time of its last change of state or report." }),
}).meta({ id: "Task" });

/** A task on the wire, without its claim. */
export type Task = Readonly<z.infer<typeof Task>>;

/** A worker's report. Absent fields keep their values. */
export const TaskReport = z.strictObject({
  claim: z.string().meta({ description: "The `claim` of the answer to the claim." }),
  state: z.enum(["running", ...TaskEnd.options]).optional(),
  progress: Task.shape.progress.optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** A worker's report. */
export type TaskReport = Readonly<z.infer<typeof TaskReport>>;

/** The stored record of a task. */
export const TaskRecord = z.object({
  task: Task,
  /**
   * The current claim: the secret of its worker, and the wall time at which it expires, whose stored name is `lapsesAt`.
   * Null while the task waits.
   */
  claim: z.object({ secret: z.string(), lapsesAt: z.number() }).nullable(),
});

/** The stored record of a task. */
export type TaskRecord = Readonly<z.infer<typeof TaskRecord>>;

/** The open tasks of all isolates, by state. */
export interface TaskQueueStats {
  readonly counts: Readonly<Record<typeof OPEN_TASK_STATES[number], number>>;
  /** The age of the oldest waiting task, in seconds. 0 if no task is waiting. */
  readonly oldestAgeS: number;
}

/** Tests if a task has ended. */
export function hasEnded({ state }: Task): boolean {
  return TaskEnd.safeParse(state).success;
}

/** Creates the record of a waiting task. @param now Wall time, in milliseconds since the Unix epoch. */
export function newTask(
  { sessionId, owner }: { readonly sessionId: string; readonly owner: string },
  id: string,
  now: number,
): TaskRecord {
  const task: Task = {
    task_id: id,
    session_id: sessionId,
    owner,
    state: "waiting",
    attempts: 0,
    progress: null,
    result: null,
    error: null,
    created_at: isoTime(now),
    updated_at: isoTime(now),
  };
  return { task, claim: null };
}

/** Checks that a task has not ended. @throws {Problem} 409 `task_over`. */
function checkTaskOpen({ task }: TaskRecord): void {
  if (!hasEnded(task)) return;
  throw new Problem(409, "task_over", "The task has ended. GET its status for the outcome.");
}

/**
 * Gives a waiting task to the worker that has `secret`. A task that this worker has already claimed does not change.
 *
 * @throws {Problem} 409 `task_over` or `task_claimed`.
 */
export function claimTask(record: TaskRecord, secret: string, now: number): TaskRecord {
  checkTaskOpen(record);
  const { task, claim } = record;
  // The response of the store to this step may be lost. A repeated step finds its own claim in the record.
  if (claim?.secret === secret) return record;
  if (claim !== null) {
    const retryAfterMs = Math.max(1, claim.lapsesAt - now);
    throw new Problem(409, "task_claimed", "Another worker has claimed the task.", {
      retryAfterMs,
    });
  }
  return {
    task: { ...task, state: "claimed", attempts: task.attempts + 1, updated_at: isoTime(now) },
    claim: { secret, lapsesAt: now + CLAIM_MS },
  };
}

/**
 * Applies a report of the worker that has the claim. Even an empty report renews the claim. A completed task has
 * progress 1 unless the report says otherwise.
 *
 * @throws {Problem} 409 `task_over` or `claim_lost`.
 */
export function reportTask(record: TaskRecord, report: TaskReport, now: number): TaskRecord {
  checkTaskOpen(record);
  if (record.claim?.secret !== report.claim) {
    throw new Problem(409, "claim_lost", "The claim has expired. Stop working on the task.");
  }
  const { task: previous } = record;
  const { state = "running", result = previous.result, error = previous.error } = report;
  const { progress = state === "completed" ? 1 : previous.progress } = report;
  const task: Task = { ...previous, state, progress, result, error, updated_at: isoTime(now) };
  const claim = { secret: report.claim, lapsesAt: now + CLAIM_MS };
  return { task, claim: state === "running" ? claim : null };
}

function failTask(
  { task }: TaskRecord,
  error: { readonly code: string; readonly detail: string },
  now: number,
): TaskRecord {
  return { task: { ...task, state: "failed", error, updated_at: isoTime(now) }, claim: null };
}

/** Applies the changes that time causes: a task whose claim or wait has expired waits for another worker, or fails. */
export function applyTaskTime(record: TaskRecord, now: number): TaskRecord {
  const changeAt = nextTaskChangeAt(record);
  if (changeAt === null || now < changeAt) return record;
  const { task, claim } = record;
  if (claim === null) {
    const detail = "No worker claimed it within a day."; // MAX_TASK_WAIT_MS
    return failTask(record, { code: "not_claimed", detail }, now);
  }
  if (task.attempts >= MAX_ATTEMPTS) {
    const detail = `${MAX_ATTEMPTS} workers claimed it and none finished. ` +
      `The last one sent no report for ${CLAIM_MS / 1000} s.`;
    return failTask(record, { code: "claims_lapsed", detail }, now);
  }
  const reset = { state: "waiting", progress: null, result: null, error: null } as const;
  return { task: { ...task, ...reset, updated_at: isoTime(now) }, claim: null };
}

/** Returns the time at which the claim or the wait of a task expires, or null once the task has ended. */
export function nextTaskChangeAt({ task, claim }: TaskRecord): number | null {
  if (hasEnded(task)) return null;
  return claim?.lapsesAt ?? Date.parse(task.updated_at) + MAX_TASK_WAIT_MS;
}

/**
 * Returns the latest time at which an untouched open task fails: after an expired claim it waits once more. Of a task that
 * has ended, the time is without meaning.
 */
export function taskExpiresAt({ task, claim }: TaskRecord): number {
  return (claim?.lapsesAt ?? Date.parse(task.updated_at)) + MAX_TASK_WAIT_MS;
}

/** Counts tasks by state. Tasks that have ended do not count. */
export function countTasks(open: readonly TaskRecord[], now: number): TaskQueueStats {
  const counts = { waiting: 0, claimed: 0, running: 0 };
  let oldestCreatedAt = now;
  for (const { task: { state, created_at } } of open) {
    if (state === "completed" || state === "failed") continue;
    counts[state]++;
    if (state === "waiting") oldestCreatedAt = Math.min(oldestCreatedAt, Date.parse(created_at));
  }
  return { counts, oldestAgeS: (now - oldestCreatedAt) / 1000 };
}
