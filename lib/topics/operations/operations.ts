/**
 * Operations: what a back end does for somebody, in the ledger.
 *
 * @module
 */
import type { Hub } from "../../hub/hub.ts";
import type { IdempotencyKey } from "../../store/event_log.ts";
import { watchFollowed } from "../topic_family.ts";
import { createRecordStore, type Kind, type RecordStoreContext } from "../record_store.ts";
import { expiresAt } from "../lifetime.ts";
import {
  type Beginning,
  begun,
  cancelled,
  eventOf,
  isOver,
  Kept,
  lookedAt,
  nextLookAt,
  type Refusal,
  type Report,
  reported,
} from "./operation.ts";
import { OPERATIONS, operationTopic } from "./topic.ts";

/** All operations. Everything rejects with a `StoreAway` where the store cannot be reached. */
export interface Operations {
  /**
   * Begins one, and publishes its first event.
   *
   * @param once Makes a repeated request one operation: the first answer comes again.
   * @throws {Problem} 413 `event_too_large`, or 422 `idempotency_key_reused`.
   */
  create(beginning: Omit<Beginning, "id">, idempotencyKey?: IdempotencyKey): Promise<Kept>;
  /** Looks at one: null where there is none, or no more. */
  look(id: string): Promise<Kept | null>;
  /** Takes its worker's report. @throws {Problem} 413 `event_too_large`, or 400 `unserialisable`. */
  report(id: string, report: Report): Promise<Kept | Refusal | null>;
  /** Ends one, as it was asked to. */
  cancel(id: string): Promise<Kept | Refusal | null>;
}

/** What operations stand on. */
export interface OperationsContext extends RecordStoreContext {
  readonly hub: Pick<Hub, "updateAndPublish" | "whileSubscribed">;
}

const KIND: Kind<Kept> = {
  noun: "operation",
  Kept,
  idOf: ({ operation }) => operation.id,
  topicOf: operationTopic,
  isOver,
  lookedAt,
  nextLookAt,
  expiresAt: ({ operation }) => expiresAt(operation),
  eventOf,
};

/** Creates operations. Those that are followed are looked at when time makes something of them. */
export function createOperations(context: OperationsContext): Operations {
  const records = createRecordStore(context, KIND);
  watchFollowed(context.hub, OPERATIONS, records);

  return {
    create: (beginning, idempotencyKey) =>
      records.begin((id, now) => begun({ ...beginning, id }, now), idempotencyKey),
    look: records.look,
    report: (id, report) =>
      records.move(id, (kept, now) => records.fitting(reported(kept, report, now))),
    cancel: (id) => records.move(id, cancelled),
  };
}
