/**
 * Sessions: conversations with users, and their state machine.
 *
 * The publisher chooses the states of a session, until it reports a terminal one: `completed`, `failed` or `cancelled`. A
 * session without a heartbeat ends `expired`.
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
} from "../lifetime.ts";
import {
  createResource,
  defineFamily,
  type Resource,
  type ResourceContext,
  type ResourceEvent,
} from "../resource.ts";

/** The state of a new session. */
const FIRST_STATE = "started";

/** The share of the TTL within which another heartbeat changes nothing, so that a burst of them is one write. */
const FRESH_SHARE = 1 / 60;

/** The longest name of a state. */
const MAX_STATE_CHARACTERS = 64;

const Progress = z.number().min(0).max(1);

/** A session on the wire. */
export const Session = z.object({
  id: z.string(),
  owner: z.string().meta({ description: "The `sub` of the user that the session belongs to." }),
  session_state: z.string().meta({ example: "collecting_documents" }),
  terminal: z.boolean().meta({ description: "True once the session has ended." }),
  progress: Progress,
  data: z.unknown(),
  ...Lifetime.shape,
}).meta({ id: "Session" });

/** A session on the wire. */
export type Session = Readonly<z.infer<typeof Session>>;

/** Tests if a publisher may report a state. Clients would not recognise a terminal state in another spelling. */
function isReportable(state: string): boolean {
  return ReportedEnd.safeParse(state).success || !isTerminalState(state.trim().toLowerCase());
}

/** A publisher's report. Absent fields keep their values. */
export const SessionReport = z.strictObject({
  session_state: z.string().min(1).max(MAX_STATE_CHARACTERS).refine(isReportable, {
    error: `A terminal state is one of ${ReportedEnd.options.join(", ")}, in this spelling. ` +
      "Only the server sets `expired`.",
  }).optional(),
  progress: Progress.optional(),
  data: z.unknown().optional(),
});

/** A publisher's report. */
export type SessionReport = Readonly<z.infer<typeof SessionReport>>;

/** The stored record of a session. */
export const SessionRecord = z.object({
  session: Session,
  /** The time that the session lives after a heartbeat, in seconds. */
  ttlS: z.number(),
});

/** The stored record of a session. */
export type SessionRecord = Readonly<z.infer<typeof SessionRecord>>;

/** All sessions. */
export type Sessions = Resource<SessionRecord>;

/** Creates the record of a new session. @param now Wall time, in milliseconds since the Unix epoch. */
export function newSession(
  { owner, ttlS }: { readonly owner: string; readonly ttlS: number },
  id: string,
  now: number,
): SessionRecord {
  const session: Session = {
    id,
    owner,
    session_state: FIRST_STATE,
    terminal: false,
    progress: 0,
    data: null,
    ...startLifetime(now, ttlS),
  };
  return { session, ttlS };
}

/** Creates the problem of a session that has ended. */
export function sessionOver(): Problem {
  return new Problem(409, "session_over", "The session has ended. It accepts no more changes.");
}

/**
 * Applies a report, which is a heartbeat even if it is empty. A completed session has progress 1 unless the report says
 * otherwise.
 *
 * @throws {Problem} 409 `session_over`.
 */
export function reportSession(
  { session: previous, ttlS }: SessionRecord,
  report: SessionReport,
  now: number,
): SessionRecord {
  if (previous.terminal) throw sessionOver();
  const { session_state = previous.session_state, data = previous.data } = report;
  const { progress = session_state === "completed" ? 1 : previous.progress } = report;
  const terminal = isTerminalState(session_state);
  const session = { ...previous, session_state, terminal, progress, data, ...heartbeat(now, ttlS) };
  return { session, ttlS };
}

/** Applies a heartbeat, unless the last one was within {@linkcode FRESH_SHARE}. @throws {Problem} 409 `session_over`. */
export function touchSession(record: SessionRecord, now: number): SessionRecord {
  const ageMs = now - Date.parse(record.session.updated_at);
  const isFresh = ageMs < record.ttlS * 1000 * FRESH_SHARE;
  return isFresh && !record.session.terminal ? record : reportSession(record, {}, now);
}

/** Applies the change that time causes: a session without a heartbeat expires. */
export function applySessionTime(record: SessionRecord, now: number): SessionRecord {
  const changeAt = nextSessionChangeAt(record);
  if (changeAt === null || now < changeAt) return record;
  const end = { session_state: "expired", terminal: true, ...endLifetime(now) };
  return { ...record, session: { ...record.session, ...end } };
}

/** Returns the time at which a session expires, or null once it has ended. */
export function nextSessionChangeAt({ session }: SessionRecord): number | null {
  return session.terminal ? null : expiresAt(session);
}

/** Returns the event of a session. Its type is `session`, or the terminal state. */
export function sessionEvent({ session }: SessionRecord): ResourceEvent<Session> {
  return { type: session.terminal ? session.session_state : "session", data: session };
}

/** Creates the record store of sessions, and registers their topics. */
export function createSessions(context: ResourceContext): Sessions {
  return createResource<SessionRecord>(context, {
    noun: "session",
    topic: defineFamily("sessions", "session", Session),
    schema: SessionRecord,
    idOf: ({ session }) => session.id,
    ownerOf: ({ session }) => session.owner,
    isTerminal: ({ session }) => session.terminal,
    applyTime: applySessionTime,
    nextChangeAt: nextSessionChangeAt,
    expiresAt: ({ session }) => expiresAt(session),
    eventOf: sessionEvent,
  });
}
