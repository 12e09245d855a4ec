/**
 * The topics of sessions: one each.
 *
 * @module
 */
import type { Topic } from "../../core/topic.ts";
import { memberTopic } from "../topic_family.ts";
import { Session } from "./session.ts";

/** What they are called together. */
export const SESSIONS = "sessions";

/** The topic of a session. It opens with its newest event, and ends. */
export function sessionTopic(id: string): Topic {
  return memberTopic({ family: SESSIONS, type: "session", shape: Session }, id);
}
