/**
 * The topics of operations: one each.
 *
 * @module
 */
import { defineTopic, type Topic } from "../../core/topic.ts";
import { Operation, OPERATION_ENDS, OPERATION_EVENTS } from "./operation.ts";

/** What they are called together. */
export const OPERATIONS = "operations";

/** The topic of an operation. It opens with its newest event, and ends. */
export function operationTopic(id: string): Topic {
  return defineTopic({
    name: `${OPERATIONS}/${id}`,
    family: OPERATIONS,
    kind: "log",
    events: Object.fromEntries(OPERATION_EVENTS.map((type) => [type, Operation])),
    terminalTypes: OPERATION_ENDS,
    isPrivate: true,
    open(events) {
      const newest = events.at(-1);
      return newest ? { type: newest.type, json: newest.json } : null;
    },
  });
}

/** The id of an operation, by its topic's name. */
export function operationIdOf(name: string): string {
  return name.slice(OPERATIONS.length + 1);
}
