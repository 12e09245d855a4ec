/**
 * The topics of operations: one each.
 *
 * @module
 */
import type { Topic } from "../../core/topic.ts";
import { memberTopic } from "../topic_family.ts";
import { Operation } from "./operation.ts";

/** What they are called together. */
export const OPERATIONS = "operations";

/** The topic of an operation. It opens with its newest event, and ends. */
export function operationTopic(id: string): Topic {
  return memberTopic({ family: OPERATIONS, type: "progress", shape: Operation }, id);
}
