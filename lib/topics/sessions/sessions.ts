/**
 * Sessions: a conversation that a back end has with somebody, in the ledger.
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
  type Change,
  changed,
  eventOf,
  isOver,
  Kept,
  lookedAt,
  nextLookAt,
  touched,
} from "./session.ts";
import { SESSIONS, sessionTopic } from "./topic.ts";

/** All sessions. Everything rejects with a `StoreAway` where the store cannot be reached. */
export interface Sessions {
  /**
   * Begins one, and publishes its first event.
   *
   * @param once Makes a repeated request one session: the first answer comes again.
   * @throws {Problem} 413 `event_too_large`, or 422 `idempotency_key_reused`.
   */
  create(beginning: Pick<Beginning, "owner">, idempotencyKey?: IdempotencyKey): Promise<Kept>;
  /** Looks at one: null where there is none, or no more. */
  look(id: string): Promise<Kept | null>;
  /** Takes its publisher's change. @throws {Problem} 413 `event_too_large`, or 400 `unserialisable`. */
  change(id: string, change: Change): Promise<Kept | "over" | null>;
  /** Takes a sign of life, unless there was one just now. */
  touch(id: string): Promise<Kept | "over" | null>;
}

/** What sessions stand on. */
export interface SessionsContext extends RecordStoreContext {
  readonly hub: Pick<Hub, "updateAndPublish" | "whileSubscribed">;
  /** The life of one after a sign of life, in seconds. */
  readonly ttlS: number;
}

const KIND: Kind<Kept> = {
  noun: "session",
  Kept,
  idOf: ({ session }) => session.id,
  topicOf: sessionTopic,
  isOver,
  lookedAt,
  nextLookAt,
  expiresAt: ({ session }) => expiresAt(session),
  eventOf,
};

/** Creates sessions. Those that are followed are looked at when time makes something of them. */
export function createSessions(context: SessionsContext): Sessions {
  const { hub, ttlS } = context;
  const records = createRecordStore(context, KIND);
  watchFollowed(hub, SESSIONS, records);

  return {
    create: ({ owner }, idempotencyKey) =>
      records.begin((id, now) => begun({ id, owner, ttlS }, now), idempotencyKey),
    look: records.look,
    change: (id, change) =>
      records.move(id, (kept, now) => records.fitting(changed(kept, change, now))),
    touch: (id) => records.move(id, touched),
  };
}
