/**
 * What becomes of an operation: the one state machine, and nothing but it.
 *
 * An operation is `pending` until its worker begins, then `running`, and ends once: `completed`, `failed`, `cancelled` or
 * `expired`. It never goes back. Nothing here knows a clock or a store: time comes in, and the next state goes out.
 *
 * @module
 */
import { z } from "zod";
import { aliveAt, begunAt, endedAt, ENDS, expiresAt, isEnd, Life, TOLD_ENDS } from "../lifetime.ts";

/** The states an operation goes on from. */
const OPEN_STATES = ["pending", "running"] as const;

/** After so much of its life without a sign of life it is said to stall. */
const STALLED_SHARE = 1 / 2;

/** Clients ask again after so many seconds, at least and at most. */
const [SHORTEST_POLL_S, LONGEST_POLL_S] = [1, 15];

/** An operation, as it goes over the wire. */
export const Operation = z.object({
  id: z.string(),
  kind: z.string().meta({ example: "export" }),
  owner: z.string().meta({ description: "The `sub` of the user it is for." }),
  state: z.enum([...OPEN_STATES, ...ENDS]),
  progress: z.number().min(0).max(1).nullable(),
  message: z.string().nullable(),
  eta_s: z.number().min(0).nullable(),
  result: z.unknown(),
  error: z.unknown(),
  ...Life.shape,
}).meta({ id: "Operation" });

/** An operation, as it goes over the wire. */
export type Operation = Readonly<z.infer<typeof Operation>>;

/** What a publisher says of its operation. Fields that are not named stay as they are. */
export const Report = z.strictObject({
  state: z.enum([...OPEN_STATES, ...TOLD_ENDS]).optional(),
  progress: Operation.shape.progress.optional(),
  message: z.string().max(1000).nullable().optional(),
  eta_s: z.number().min(0).max(31_536_000).nullable().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** What a publisher says of its operation. */
export type Report = Readonly<z.infer<typeof Report>>;

/** What is kept of an operation. */
export const Kept = z.object({
  /** As its worker told it. {@linkcode shown} is what others see. */
  operation: Operation,
  /** Its life after a sign of life, in seconds. */
  ttlS: z.number(),
  /** Whether it was said to stall. */
  isBlocked: z.boolean(),
});

/** What is kept of an operation. */
export type Kept = Readonly<z.infer<typeof Kept>>;

/** Why something cannot become of it: it is over, or had got further. */
export type Refusal = "over" | "backwards";

/** What an operation begins with. */
export interface Beginning {
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  readonly ttlS: number;
}

/** Whether nothing comes any more. */
export function isOver({ operation }: Kept): boolean {
  return isEnd(operation.state);
}

/** Begins one. @param now In ms since the epoch, as everywhere here. */
export function begun({ id, kind, owner, ttlS }: Beginning, now: number): Kept {
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
    ...begunAt(now, ttlS),
  };
  return { operation, ttlS, isBlocked: false };
}

/**
 * Takes a report: a sign of life, and be it an empty one. Progress makes it `running`; who completes it has all of it
 * done, unless it says otherwise.
 */
export function reported(kept: Kept, report: Report, now: number): Kept | Refusal {
  if (isOver(kept)) return "over";
  const { operation: was, ttlS } = kept;
  if (report.state === "pending" && was.state === "running") return "backwards";
  const begins = was.state === "pending" && typeof report.progress === "number";
  const { state = begins ? "running" : was.state } = report;
  const {
    progress = state === "completed" ? 1 : was.progress,
    message = was.message,
    eta_s = was.eta_s,
    result = was.result,
    error = was.error,
  } = report;
  const next: Operation = {
    ...was,
    ...{ state, progress, message, eta_s, result, error },
    ...aliveAt(now, ttlS),
  };
  const after = { operation: next, ttlS, isBlocked: false };
  return isOver(after) ? ended(after) : after;
}

/** Ends it as it was asked to. Who asks again has what it wants. */
export function cancelled(kept: Kept, now: number): Kept | Refusal {
  if (kept.operation.state === "cancelled") return kept;
  if (isOver(kept)) return "over";
  return ended({
    ...kept,
    operation: { ...kept.operation, state: "cancelled", ...endedAt(now) },
  });
}

/** Nothing is left to be waited for. */
function ended({ operation, ttlS }: Kept): Kept {
  return { operation: { ...operation, eta_s: null }, ttlS, isBlocked: false };
}

/** What time has made of it: whoever looks decides. The very same, where that is nothing. */
export function lookedAt(kept: Kept, now: number): Kept {
  if (isOver(kept)) return kept;
  const { operation, ttlS } = kept;
  if (now >= expiresAt(operation)) {
    const message = `It expired: there was no sign of life for ${ttlS} s.`;
    return ended({
      ...kept,
      operation: { ...operation, state: "expired", message, ...endedAt(now) },
    });
  }
  if (kept.isBlocked || now < stallsAt(kept)) return kept;
  return { ...kept, isBlocked: true };
}

function stallsAt({ operation, ttlS }: Kept): number {
  return Date.parse(operation.updated_at) + ttlS * 1000 * STALLED_SHARE;
}

/** When time makes something of it next, in ms since the epoch: null where it is over. */
export function nextLookAt(kept: Kept): number | null {
  if (isOver(kept)) return null;
  return kept.isBlocked ? expiresAt(kept.operation) : stallsAt(kept);
}

/** What others see: of one that stalls since when, and no guess of its end. */
export function shown({ operation, isBlocked }: Kept): Operation {
  if (!isBlocked) return operation;
  const { updated_at, expires_at } = operation;
  const message = `No sign of life since ${updated_at}; it expires at ${expires_at}.`;
  return { ...operation, message, eta_s: null };
}

/** Its event: `progress`, or the state it ended in. Data is always the whole operation. */
export function eventOf(kept: Kept): { readonly type: string; readonly data: Operation } {
  return { type: isOver(kept) ? kept.operation.state : "progress", data: shown(kept) };
}

/**
 * When to ask again, in seconds: 0 once it is over. A quarter of what is left where that is known, else half of the time
 * since its last sign of life; and as soon as it expires.
 */
export function nextPollDelay(kept: Kept, now: number): number {
  if (isOver(kept)) return 0;
  const operation = shown(kept);
  const { eta_s, updated_at } = operation;
  const guess = eta_s === null ? (now - Date.parse(updated_at)) / 2000 : eta_s / 4;
  const left = (expiresAt(operation) - now) / 1000;
  const delay = Math.min(Math.max(guess, SHORTEST_POLL_S), LONGEST_POLL_S, Math.max(left, 1));
  return Math.ceil(delay);
}
