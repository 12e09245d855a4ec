/**
 * What becomes of a task: the one state machine, and nothing but it.
 *
 * A task is `waiting` until a worker claims it. It is the worker's for half a minute after each of its reports, first
 * `claimed`, then `running`, and ends once: `completed` or `failed`. A claim that lapses makes it `waiting` again, twice.
 * Nothing here knows a clock or a store: time comes in, and the next state goes out.
 *
 * @module
 */
import { z } from "zod";
import type { QueueStats as Queue } from "../../core/metrics.ts";
import { isoTime } from "../../core/time.ts";

/** The states of a task that has not ended. */
const OPEN_STATES = ["waiting", "claimed", "running"] as const;

/** The states it ends in. */
const ENDS = ["completed", "failed"] as const;

/** The outcomes of a task in /metrics: its two ends, and `lapsed` for a claim that expires. */
export const TASK_OUTCOMES = [...ENDS, "lapsed"] as const;

/** How long a task is a worker's after its claim, and after each of its reports, in milliseconds. */
export const CLAIM_MS = 30_000;

/** How often a task is claimed, at most. */
export const MOST_ATTEMPTS = 3;

/** How long a task waits for a worker, in milliseconds: a day. */
export const WAIT_MS = 86_400_000;

const time = z.iso.datetime().meta({ description: "ISO 8601, UTC" });

/** A task, as it goes over the wire. Its claim is not in it. */
export const Task = z.object({
  task_id: z.string(),
  session_id: z.string(),
  owner: z.string().meta({ description: "The `sub` of the user whose session it is for." }),
  state: z.enum([...OPEN_STATES, ...ENDS]),
  attempts: z.int().min(0).meta({ description: "How often it was claimed." }),
  progress: z.number().min(0).max(1).nullable(),
  result: z.unknown(),
  error: z.unknown(),
  created_at: time,
  updated_at: time.meta({ description: "Its claim, its last report, or its end." }),
}).meta({ id: "Task" });

/** A task, as it goes over the wire. */
export type Task = Readonly<z.infer<typeof Task>>;

/** What a worker says of its task. Fields that are not named stay as they are. */
export const Report = z.strictObject({
  claim: z.string().meta({ description: "As the claim was answered." }),
  state: z.enum(["running", ...ENDS]).optional(),
  progress: Task.shape.progress.optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** What a worker says of its task. */
export type Report = Readonly<z.infer<typeof Report>>;

/** What is kept of a task. */
export const Kept = z.object({
  task: Task,
  /** Whose it is now: what its worker alone knows, and until when, in ms since the epoch. */
  claim: z.object({ secret: z.string(), lapsesAt: z.number() }).nullable(),
});

/** What is kept of a task. */
export type Kept = Readonly<z.infer<typeof Kept>>;

/** The open tasks, by state. */
export interface QueueStats extends Queue {
  readonly counts: Readonly<Record<typeof OPEN_STATES[number], number>>;
}

/** Why something cannot become of it: it has ended, or the claim is not the current one. */
export type Refusal = "over" | "lost";

/** What a task begins with. */
export interface Beginning {
  readonly id: string;
  readonly sessionId: string;
  readonly owner: string;
}

/** Whether a state is one that a task ends in. */
export function isEnd(state: Task["state"]): state is typeof ENDS[number] {
  return ENDS.some((each) => each === state);
}

/** Whether nothing comes any more. */
export function isOver({ task }: Kept): boolean {
  return isEnd(task.state);
}

/** Begins one. @param now In ms since the epoch, as everywhere here. */
export function begun({ id, sessionId, owner }: Beginning, now: number): Kept {
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

/** Gives one that waits to the worker who knows `secret`. The very same, where another worker has it. */
export function claimed(kept: Kept, secret: string, now: number): Kept | "over" {
  if (isOver(kept)) return "over";
  if (kept.claim !== null) return kept;
  const attempts = kept.task.attempts + 1;
  return {
    task: { ...kept.task, state: "claimed", attempts, updated_at: isoTime(now) },
    claim: { secret, lapsesAt: now + CLAIM_MS },
  };
}

/**
 * Takes a report of who has it: a sign of life, and be it an empty one. Who completes it has all of it done, unless it says
 * otherwise.
 */
export function reported(kept: Kept, report: Report, now: number): Kept | Refusal {
  if (isOver(kept)) return "over";
  if (kept.claim?.secret !== report.claim) return "lost";
  const { task: was } = kept;
  const { state = "running", result = was.result, error = was.error } = report;
  const { progress = state === "completed" ? 1 : was.progress } = report;
  const task: Task = { ...was, state, progress, result, error, updated_at: isoTime(now) };
  const isHeld = state === "running";
  return { task, claim: isHeld ? { secret: report.claim, lapsesAt: now + CLAIM_MS } : null };
}

/** Ends one that nobody did. */
function failed({ task }: Kept, code: string, detail: string, now: number): Kept {
  const error = { code, detail };
  return { task: { ...task, state: "failed", error, updated_at: isoTime(now) }, claim: null };
}

/** What becomes of one whose worker was not heard of: it waits for the next, who begins from the start. */
function lapsed(kept: Kept, now: number): Kept {
  if (kept.task.attempts >= MOST_ATTEMPTS) {
    const detail = `${MOST_ATTEMPTS} workers claimed it, and none of them finished: the last was ` +
      `not heard of for ${CLAIM_MS / 1000} s.`;
    return failed(kept, "claims_lapsed", detail, now);
  }
  const anew = { state: "waiting", progress: null, result: null, error: null } as const;
  return { task: { ...kept.task, ...anew, updated_at: isoTime(now) }, claim: null };
}

/** What time has made of it: whoever looks decides. The very same, where that is nothing. */
export function lookedAt(kept: Kept, now: number): Kept {
  const at = nextLookAt(kept);
  if (at === null || now < at) return kept;
  if (kept.claim !== null) return lapsed(kept, now);
  return failed(kept, "not_claimed", "No worker claimed it within a day.", now);
}

/** When time makes something of it next, in ms since the epoch: null where it is over. */
export function nextLookAt(kept: Kept): number | null {
  if (isOver(kept)) return null;
  return kept.claim?.lapsesAt ?? Date.parse(kept.task.updated_at) + WAIT_MS;
}

/** When it ends, if nobody does anything: after it was given back, it waits. */
export function expiresAt({ task, claim }: Kept): number {
  return (claim?.lapsesAt ?? Date.parse(task.updated_at)) + WAIT_MS;
}

/** Its event. Data is always the whole task. */
export function eventOf({ task }: Kept): { readonly type: string; readonly data: Task } {
  return { type: "task", data: task };
}

/** Sums up tasks that are open. */
export function queueOf(open: readonly Kept[], now: number): QueueStats {
  const counts = { waiting: 0, claimed: 0, running: 0 };
  let oldest = now;
  for (const { task: { state, created_at } } of open) {
    if (isEnd(state)) continue;
    counts[state]++;
    if (state === "waiting") oldest = Math.min(oldest, Date.parse(created_at));
  }
  return { counts, oldestAgeS: (now - oldest) / 1000 };
}
