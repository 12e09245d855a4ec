/**
 * Tasks: heavy work of a session, for the next free worker. All share one topic, which only publishers read.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import { noMetrics } from "../../core/metrics.ts";
import type { Position } from "../../core/position.ts";
import { randomId } from "../../core/random_id.ts";
import { defineTopic, type Topic } from "../../core/topic.ts";
import type { EventLog } from "../../store/event_log.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import { createExpiryTimer } from "../expiry_timer.ts";
import { createResource, type Resource, type ResourceContext } from "../resource.ts";
import {
  applyTaskTime,
  CLAIM_MS,
  claimTask,
  countTasks,
  hasEnded,
  nextTaskChangeAt,
  Task,
  taskExpiresAt,
  type TaskQueueStats,
  TaskRecord,
} from "./task.ts";

/** The first part of the right to a task, `tasks/<id>`, and the name of the topic. */
export const TASKS = "tasks";

/** The maximum of open tasks: it bounds a read of all of them. */
export const MAX_OPEN_TASKS = 1000;

/** The statistics of the queue are read again after this many milliseconds: each read costs the store a command or more. */
const QUEUE_STATS_MS = 30_000;

/** A claim of a worker, with the secret that its reports show. */
export interface TaskClaim {
  readonly task: Task;
  readonly claim: string;
}

/** All open tasks. */
export interface TaskList {
  /** Oldest first. */
  readonly open: readonly TaskRecord[];
  /** A subscription from this cursor on misses nothing that the list lacks. */
  readonly cursor: Position;
}

/** All tasks. */
export interface Tasks extends Resource<TaskRecord> {
  readonly topic: Topic;
  /** Lists the open tasks. */
  list(): Promise<TaskList>;
  /** Claims a task for {@linkcode CLAIM_MS}. @throws {Problem} 404 `unknown_task`, 409 `task_over` or `task_claimed`. */
  claim(id: string): Promise<TaskClaim>;
  /** Returns the statistics of the queue, at most 30 s old while the store answers. Never rejects. */
  queueStats(): Promise<TaskQueueStats>;
}

/** The dependencies of tasks. */
export interface TasksContext extends ResourceContext {
  readonly log: Pick<EventLog, "head">;
}

/** Creates tasks, and registers their topic. While a worker is subscribed, expired claims are noticed by a timer. */
export function createTasks(context: TasksContext): Tasks {
  const { hub, log, runtime } = context;
  const { clock, random, metrics = noMetrics } = runtime;
  const topic = defineTopic({
    name: TASKS,
    metricKind: TASKS,
    kind: "log",
    events: { task: Task },
    access: "publishers",
  });
  const resource = createResource<TaskRecord>(context, {
    noun: "task",
    topic,
    schema: TaskRecord,
    idOf: ({ task }) => task.task_id,
    ownerOf: ({ task }) => task.owner,
    isTerminal: ({ task }) => hasEnded(task),
    applyTime: applyTaskTime,
    nextChangeAt: nextTaskChangeAt,
    expiresAt: taskExpiresAt,
    eventOf: ({ task }) => ({ type: "task", data: task }),
    openIndex: { name: TASKS, max: MAX_OPEN_TASKS },
    onStep({ task }) {
      if (hasEnded(task)) metrics.tasked(task.state);
      if (task.state === "waiting") metrics.tasked("lapsed");
    },
  });

  const claimExpiry = createExpiryTimer(runtime, "tasks", async () => {
    const times = (await resource.listOpen()).map((record) => nextTaskChangeAt(record) ?? Infinity);
    return times.length > 0 ? Math.min(...times) : null;
  });
  // A claim that was made meanwhile expires no earlier than a claim lasts, so one read in that time is enough.
  const checkSoon = () => claimExpiry.checkWithin(CLAIM_MS);
  hub.whileSubscribed(topic, claimExpiry.start);
  hub.onPublished(topic, checkSoon);
  hub.onJoined(checkSoon);

  let countedAt = -Infinity;
  let stats = Promise.resolve(countTasks([], 0));

  async function count(last: Promise<TaskQueueStats>): Promise<TaskQueueStats> {
    try {
      return countTasks(await resource.listOpen(), clock.now());
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) {
        runtime.log.error("tasks not counted", { error: messageOf(thrown) });
      }
      return await last;
    }
  }

  return {
    ...resource,
    topic,
    async list() {
      // Before the list: an event between the two is delivered twice, not never.
      const cursor = await log.head();
      const createdAt = ({ task }: TaskRecord) => Date.parse(task.created_at);
      const open = (await resource.listOpen()).sort((a, b) => createdAt(a) - createdAt(b));
      return { open, cursor };
    },
    async claim(id) {
      const claim = randomId(random);
      const { task } = await resource.update(id, (record, now) => claimTask(record, claim, now));
      return { task, claim };
    },
    queueStats() {
      if (clock.elapsed() - countedAt >= QUEUE_STATS_MS) {
        countedAt = clock.elapsed();
        stats = count(stats);
      }
      return stats;
    },
  };
}
