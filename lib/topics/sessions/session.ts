/**
 * What becomes of a session: the one state machine, and nothing but it.
 *
 * A session is in whatever state its publisher names, until that is one it ends in: `completed`, `failed` or `cancelled`; or
 * until it is seen to be `expired`. Nothing here knows a clock or a store: time comes in, and the next state goes out.
 *
 * @module
 */
import { z } from "zod";
import { aliveAt, begunAt, endedAt, expiresAt, isEnd, Life, TOLD_ENDS } from "../lifetime.ts";

/** The state a session begins in. */
const FIRST_STATE = "started";

/** A sign of life counts for this share of its life as if it were given now. */
const FRESH_SHARE = 1 / 60;

const progress = z.number().min(0).max(1);

/** A session, as it goes over the wire. */
export const Session = z.object({
  id: z.string(),
  owner: z.string().meta({ description: "The `sub` of the user whose it is." }),
  session_state: z.string().meta({ example: "collecting_documents" }),
  terminal: z.boolean().meta({ description: "Whether nothing comes any more." }),
  progress,
  data: z.unknown(),
  ...Life.shape,
}).meta({ id: "Session" });

/** A session, as it goes over the wire. */
export type Session = Readonly<z.infer<typeof Session>>;

/** Whether a state is one that a publisher may name. An end that is spelt otherwise would be an end that nobody sees. */
function isTold(state: string): boolean {
  return TOLD_ENDS.some((end) => end === state) || !isEnd(state.trim().toLowerCase());
}

/** What a publisher says of its session. Fields that are not named stay as they are. */
export const Change = z.strictObject({
  session_state: z.string().min(1).max(64).refine(isTold, {
    error: `It ends as ${TOLD_ENDS.join(", ")}, spelt so; that it expired, only time tells.`,
  }).optional(),
  progress: progress.optional(),
  data: z.unknown().optional(),
});

/** What a publisher says of its session. */
export type Change = Readonly<z.infer<typeof Change>>;

/** What is kept of a session. */
export const Kept = z.object({
  session: Session,
  /** Its life after a sign of life, in seconds. */
  ttlS: z.number(),
});

/** What is kept of a session. */
export type Kept = Readonly<z.infer<typeof Kept>>;

/** What a session begins with. */
export interface Beginning {
  readonly id: string;
  readonly owner: string;
  readonly ttlS: number;
}

/** Begins one. @param now In ms since the epoch, as everywhere here. */
export function begun({ id, owner, ttlS }: Beginning, now: number): Kept {
  const session: Session = {
    id,
    owner,
    session_state: FIRST_STATE,
    terminal: false,
    progress: 0,
    data: null,
    ...begunAt(now, ttlS),
  };
  return { session, ttlS };
}

/** Whether nothing comes any more. */
export function isOver({ session }: Kept): boolean {
  return session.terminal;
}

/**
 * Takes a change: a sign of life, and be it an empty one. Who completes it has all of it done, unless it says otherwise.
 */
export function changed(kept: Kept, change: Change, now: number): Kept | "over" {
  if (isOver(kept)) return "over";
  const { session: was, ttlS } = kept;
  const { session_state = was.session_state, data = was.data } = change;
  const { progress = session_state === "completed" ? 1 : was.progress } = change;
  const terminal = isEnd(session_state);
  const session = { ...was, session_state, terminal, progress, data, ...aliveAt(now, ttlS) };
  return { session, ttlS };
}

/**
 * Takes a sign of life that says nothing. The very same, where the last one was just now: of many at once, one is enough.
 */
export function touched(kept: Kept, now: number): Kept | "over" {
  if (isOver(kept)) return "over";
  const isFresh = now - Date.parse(kept.session.updated_at) < kept.ttlS * 1000 * FRESH_SHARE;
  return isFresh ? kept : changed(kept, {}, now);
}

/** What time has made of it: whoever looks decides. The very same, where that is nothing. */
export function lookedAt(kept: Kept, now: number): Kept {
  if (isOver(kept) || now < expiresAt(kept.session)) return kept;
  const end = { session_state: "expired", terminal: true, ...endedAt(now) };
  return { ...kept, session: { ...kept.session, ...end } };
}

/** When time makes something of it: null where it is over. */
export function nextLookAt(kept: Kept): number | null {
  return isOver(kept) ? null : expiresAt(kept.session);
}

/** Its event: `session`, or the state it ended in. Data is always the whole session. */
export function eventOf({ session }: Kept): { readonly type: string; readonly data: Session } {
  return { type: session.terminal ? session.session_state : "session", data: session };
}
