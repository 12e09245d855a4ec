/**
 * Tasks: heavy work of a session, handed to whichever worker is free. They are in the ledger, all on one roll and one topic.
 *
 * @module
 */
import { noMetrics } from "../../core/metrics.ts";
import type { Position } from "../../core/position.ts";
import { randomId } from "../../core/random_id.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Hub } from "../../hub/hub.ts";
import type { EventLog, IdempotencyKey } from "../../store/event_log.ts";
import { createRecordStore, type Kind, type RecordStoreContext } from "../record_store.ts";
import { createCensus } from "./queue_stats.ts";
import {
  type Beginning,
  begun,
  claimed,
  eventOf,
  expiresAt,
  isEnd,
  isOver,
  Kept,
  lookedAt,
  nextLookAt,
  type QueueStats,
  type Refusal,
  type Report,
  reported,
  type Task,
} from "./task.ts";
import { tasksTopic } from "./topic.ts";
import { createWatch } from "./claim_expiry.ts";

/** How many tasks may be open: bounds what a look at all of them reads. */
export const MOST_OPEN = 1000;

/** A task that is a worker's now, and what it shows for it; or how long another worker has it. */
export type Claim = { readonly task: Task; readonly claim: string } | { readonly leftMs: number };

/** All tasks that are open. */
export interface Listed {
  /** Oldest first. */
  readonly open: readonly Kept[];
  /** Who follows the topic from here on misses nothing that is not in the list. */
  readonly cursor: Position;
}

/** All tasks. Everything rejects with a `StoreAway` where the store cannot be reached. */
export interface Tasks {
  /**
   * Begins one, and tells the workers.
   *
   * @param once Makes a repeated request one task: the first answer comes again.
   * @throws {Problem} 503 `queue_full`, or 422 `idempotency_key_reused`.
   */
  begin(beginning: Omit<Beginning, "id">, idempotencyKey?: IdempotencyKey): Promise<Task>;
  /**
   * What a request began that came before, and is still kept: null where it did not, or where its beginning failed.
   *
   * @throws {Problem} 422 `idempotency_key_reused`.
   */
  begunBy(idempotencyKey: IdempotencyKey): Promise<Task | null>;
  /** Looks at one: null where there is none, or no more. */
  look(id: string): Promise<Task | null>;
  /** All that are open. */
  list(): Promise<Listed>;
  /** Gives one to a worker, for {@linkcode CLAIM_MS}. */
  claim(id: string): Promise<Claim | "over" | null>;
  /** Takes its worker's report. @throws {Problem} 413 `event_too_large`, or 400 `unserialisable`. */
  report(id: string, report: Report): Promise<Task | Refusal | null>;
  /** How many are open, as of the last half minute. Never rejects. */
  queue(): Promise<QueueStats>;
}

/** What tasks stand on. */
export interface TasksContext extends RecordStoreContext {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log" | "metrics">;
  readonly hub: Pick<Hub, "updateAndPublish" | "whileSubscribed" | "onPublished" | "onJoined">;
  readonly log: Pick<EventLog, "head">;
}

const KIND: Kind<Kept> = {
  noun: "task",
  Kept,
  idOf: ({ task }) => task.task_id,
  topicOf: () => tasksTopic,
  isOver,
  lookedAt,
  nextLookAt,
  expiresAt,
  eventOf,
  openIndex: { name: "tasks", max: MOST_OPEN },
};

/** Creates tasks. Where their topic is followed, claims that lapse are noticed by themselves. */
export function createTasks(context: TasksContext): Tasks {
  const { hub, log, runtime, runtime: { clock, random, metrics = noMetrics } } = context;
  const records = createRecordStore(context, { ...KIND, onStep: (_, { task }) => count(task) });
  const watch = createWatch(runtime, records.open);
  hub.whileSubscribed(tasksTopic, watch.start);
  hub.onPublished(tasksTopic, watch.heard);
  hub.onJoined(watch.heard);

  function count({ state }: Task): void {
    if (isEnd(state)) metrics.tasked(state);
    if (state === "waiting") metrics.tasked("lapsed");
  }

  function taskOf<Word extends string>(outcome: Kept | Word | null): Task | Word | null {
    return outcome === null || typeof outcome === "string" ? outcome : outcome.task;
  }

  return {
    async begin(beginning, idempotencyKey) {
      return (await records.begin((id, now) => begun({ ...beginning, id }, now), idempotencyKey))
        .task;
    },
    begunBy: async (idempotencyKey) => taskOf<never>(await records.begunBy(idempotencyKey)),
    look: async (id) => taskOf<never>(await records.look(id)),
    async list() {
      const cursor = await log.head(); // before the list: what comes between is told twice, and not never
      const begunAt = ({ task }: Kept) => Date.parse(task.created_at);
      const open = (await records.open()).sort((one, other) => begunAt(one) - begunAt(other));
      return { open, cursor };
    },
    async claim(id) {
      const secret = randomId(random);
      const kept = await records.move(id, (each, now) => claimed(each, secret, now));
      if (kept === null || kept === "over") return kept;
      const { task, claim } = kept;
      if (claim?.secret === secret) return { task, claim: secret };
      return { leftMs: (claim?.lapsesAt ?? 0) - clock.now() };
    },
    report: async (id, report) =>
      taskOf(await records.move(id, (kept, now) => records.fitting(reported(kept, report, now)))),
    queue: createCensus(runtime, records.open),
  };
}
