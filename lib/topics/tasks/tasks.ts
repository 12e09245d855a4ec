/**
 * Tasks: heavy work of a session, for the next free worker. All tasks share one topic, which only publishers read.
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

/** The name of the topic, of the open index, and of the topic's kind in /metrics. A right to a task is `tasks/<id>`. */
export const TASKS = "tasks";

/** The most open tasks. It bounds the size of a read of all of them. */
export const MAX_OPEN_TASKS = 1000;

/** The lifetime of cached statistics. Each read of them costs the store one command or more. */
const QUEUE_STATS_TTL_MS = 30_000;

/** A task that a worker has claimed. */
export interface TaskClaim {
  readonly task: Task;
  /** The secret that the reports of the worker must contain. */
  readonly claim: string;
}

/** The open tasks at one moment. */
export interface TaskList {
  /** Oldest first. */
  readonly open: readonly TaskRecord[];
  /** The cursor from which a subscription delivers all changes of the list. */
  readonly cursor: Position;
}

/** All tasks. */
export interface Tasks extends Resource<TaskRecord> {
  readonly topic: Topic;
  /** Lists the open tasks. */
  list(): Promise<TaskList>;
  /**
   * Claims a task for {@linkcode CLAIM_MS}.
   *
   * @throws {Problem} 404 `unknown_task`, 409 `task_over` or `task_claimed`.
   */
  claim(id: string): Promise<TaskClaim>;
  /**
   * Returns the statistics of the queue, cached for {@linkcode QUEUE_STATS_TTL_MS}. It never rejects. If the queue cannot
   * be read, it returns the last statistics.
   */
  queueStats(): Promise<TaskQueueStats>;
}

/** The dependencies of tasks. */
export interface TasksContext extends ResourceContext {
  readonly log: Pick<EventLog, "head">;
}

/**
 * Creates the record store of tasks, and registers their topic. While a worker is subscribed on this isolate, a timer
 * ends expired claims.
 */
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
    openIndex: () => ({ name: TASKS, max: MAX_OPEN_TASKS }),
    onStep({ task }) {
      if (hasEnded(task)) metrics.tasked(task.state);
      // A step back to `waiting` is always an expired claim.
      if (task.state === "waiting") metrics.tasked("lapsed");
    },
  });

  const claimExpiry = createExpiryTimer(runtime, "tasks", async () => {
    const changeTimes = (await resource.listOpen(TASKS)).map(nextTaskChangeAt)
      .filter((changeAt) => changeAt !== null);
    return changeTimes.length > 0 ? Math.min(...changeTimes) : null;
  });
  // A claim that was made meanwhile cannot expire within CLAIM_MS, so one check in that time is enough.
  const checkSoon = () => claimExpiry.checkWithin(CLAIM_MS);
  hub.whileSubscribed(topic, claimExpiry.start);
  hub.onPublished(topic, checkSoon);
  hub.onJoined(checkSoon);

  /** Monotonic time of the last read of the queue. */
  let countedAt = -Infinity;
  /** The latest statistics. The promise never rejects. */
  let stats = Promise.resolve(countTasks([], 0));

  async function readQueueStats(last: Promise<TaskQueueStats>): Promise<TaskQueueStats> {
    try {
      return countTasks(await resource.listOpen(TASKS), clock.now());
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
      // The cursor is read before the list, so that an event between the two is delivered twice rather than never.
      const cursor = await log.head();
      const createdAt = ({ task }: TaskRecord) => Date.parse(task.created_at);
      const open = (await resource.listOpen(TASKS)).toSorted((a, b) => createdAt(a) - createdAt(b));
      return { open, cursor };
    },
    async claim(id) {
      const claim = randomId(random);
      const { task } = await resource.update(id, (record, now) => claimTask(record, claim, now));
      return { task, claim };
    },
    queueStats() {
      if (clock.elapsed() - countedAt >= QUEUE_STATS_TTL_MS) {
        countedAt = clock.elapsed();
        stats = readQueueStats(stats);
      }
      return stats;
    },
  };
}
