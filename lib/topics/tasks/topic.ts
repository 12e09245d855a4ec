/**
 * The topic of tasks: one for all, and for workers alone.
 *
 * @module
 */
import { defineTopic, type Topic } from "../../core/topic.ts";
import { Task } from "./task.ts";

/** What it is called. A single task has no topic; `tasks/<id>` names the right to it. */
export const TASKS = "tasks";

/** The topic of tasks: whatever becomes of each. */
export const tasksTopic: Topic = defineTopic({
  name: TASKS,
  metricKind: TASKS,
  kind: "log",
  events: { task: Task },
  access: "publishers",
});
