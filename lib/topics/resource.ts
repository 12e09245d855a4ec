/**
 * Resources: records that all isolates share and that end, such as operations. Each kind has a shape and transitions.
 * {@linkcode createResource} gives it a topic and a record store.
 *
 * A transition and its event are one step of the log (`hub.updateAndPublish()`), so neither exists without the other,
 * and each record has one terminal event. Time is applied lazily, by the isolate that reads a record next. It compares
 * stored wall times, because isolates have no other clock in common.
 *
 * @module
 */
import { z } from "zod";
import { toJson } from "../core/json.ts";
import { Problem } from "../core/problem.ts";
import { randomId } from "../core/random_id.ts";
import type { Runtime } from "../core/runtime.ts";
import { defineTopic, type Topic } from "../core/topic.ts";
import type { Hub } from "../hub/hub.ts";
import {
  type Cas,
  type CasResult,
  IDEMPOTENCY_KEY_MS,
  type IdempotencyKey,
  keyReused,
} from "../store/event_log.ts";
import type { Store } from "../store/store.ts";
import { createExpiryTimer } from "./expiry_timer.ts";
import { TERMINAL_STATES } from "./lifetime.ts";
import type { TopicFamily, TopicRegistry } from "./registry.ts";

/**
 * The bytes that a report leaves free in an event, for the messages of the server, such as that the record has expired.
 */
const MIN_FREE_BYTES = 256;

/** The form of an id in the name of a topic. */
const MEMBER_ID = /^[\w-]{1,128}$/;

const encoder = new TextEncoder();

/** The event of a resource. Its data is always the whole resource. */
export interface ResourceEvent<Data = unknown> {
  readonly type: string;
  readonly data: Data;
}

/** A kind of resources, as pure functions of a record. Times are wall time, in milliseconds since the Unix epoch. */
export interface ResourceDefinition<R extends object> {
  /** The name of a resource, such as `operation`. Store keys and problem codes contain it. */
  readonly noun: string;
  /** The topic of all resources. If it is a family, each resource has the topic `<family>/<id>`. */
  readonly topic: Topic;
  /** The shape of a stored record. It must accept the records of earlier versions. */
  readonly schema: z.ZodType<R>;
  idOf(record: R): string;
  ownerOf(record: R): string;
  isTerminal(record: R): boolean;
  /** Applies the changes that time causes. Returns the same object if there are none. */
  applyTime(record: R, now: number): R;
  /** Returns the time of the next change that time causes, or null if there is none. */
  nextChangeAt(record: R): number | null;
  /** Returns the time at which an untouched record has certainly ended. It is stored at least until then. */
  expiresAt(record: R): number;
  eventOf(record: R): ResourceEvent;
  /** Returns the index of a record that has not ended, and its maximum. Without it open records cannot be listed. */
  readonly openIndex?: (record: R) => { readonly name: string; readonly max: number };
  /** Called after each step that this isolate has stored, except the creation. */
  readonly onStep?: (record: R) => void;
  /** Returns the topic that a member of the family stands for, or null. By default a member is the id of a resource. */
  readonly resolve?: TopicFamily["resolve"];
}

/** Returns the record after a step, or the same object for no step. @throws {Problem} If the record forbids the step. */
export type Transition<R> = (record: R, now: number) => R;

/** All resources of a kind. Asynchronous methods reject with `StoreUnavailable` if the store does not answer. */
export interface Resource<R extends object> {
  readonly noun: string;
  /** Returns the topic of a resource, whether it exists or not. */
  topicOf(id: string): Topic;
  /** Returns the name of the right to a resource: `<topic>/<id>`. */
  rightTo(id: string): string;
  idOf(record: R): string;
  ownerOf(record: R): string;
  /**
   * Stores a new record and publishes its first event.
   *
   * @param make Creates the record.
   * @param idempotencyKey Repeated requests with it create one resource, and each returns the first record.
   * @throws {Problem} 413 `event_too_large`, 400 `unserialisable`, 422 `idempotency_key_reused`, or 503 `queue_full`.
   */
  create(make: (id: string, now: number) => R, idempotencyKey?: IdempotencyKey): Promise<R>;
  /** Creates a resource as `create()` does. `isNew` is false if an earlier request with the key has created it. */
  createOrJoin(
    make: (id: string, now: number) => R,
    idempotencyKey?: IdempotencyKey,
  ): Promise<{ readonly record: R; readonly isNew: boolean }>;
  /**
   * Returns the first version of the record that an earlier request created, or null if the record is not stored.
   *
   * @throws {Problem} 422 `idempotency_key_reused`.
   */
  createdBy(idempotencyKey: IdempotencyKey): Promise<R | null>;
  /** Reads a record after applying time. Returns null if it does not exist, or no longer. */
  get(id: string): Promise<R | null>;
  /** Reads the records of an open index, in no order, after applying time. */
  listOpen(indexName: string): Promise<R[]>;
  /** Applies time, then a transition. @throws {Problem} 404 `unknown_<noun>`, or as the transition does. */
  update(id: string, transition: Transition<R>): Promise<R>;
  /**
   * Updates a record with data of a publisher or a worker.
   *
   * @throws {Problem} As `update()`; 413 `event_too_large`, or 400 `unserialisable`.
   */
  report(id: string, transition: Transition<R>): Promise<R>;
}

/** The dependencies of a resource. */
export interface ResourceContext {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log" | "metrics">;
  readonly hub: Pick<Hub, "updateAndPublish" | "whileSubscribed" | "onPublished" | "onJoined">;
  readonly store: Pick<Store, "get" | "cas" | "all">;
  readonly registry: Pick<TopicRegistry, "register" | "registerFamily">;
  /** The time for which a record is stored after its end, in milliseconds. */
  readonly retainMs: number;
  readonly maxEventBytes: number;
}

/** Creates the problem of a resource that does not exist or that is hidden from the caller. */
export function unknownResource(noun: string): Problem {
  return new Problem(404, `unknown_${noun}`, `There is no such ${noun}.`);
}

/**
 * Defines the topics of a family of resources. Each topic is owned, opens with its newest event, and ends.
 *
 * @param family The first part of the names.
 * @param type The type of every event but the terminal one.
 * @param shape The shape of the data.
 * @param terminalTypes The types of the terminal event: the terminal states by default.
 */
export function defineFamily(
  family: string,
  type: string,
  shape: z.ZodType,
  terminalTypes: readonly string[] = TERMINAL_STATES,
): Topic {
  return defineTopic({
    name: family,
    family,
    metricKind: family,
    kind: "log",
    events: Object.fromEntries([type, ...terminalTypes].map((eventType) => [eventType, shape])),
    terminalTypes,
    access: "owned",
    open(events) {
      return events.slice(-1).map(({ type, json }) => ({ type, json }));
    },
  });
}

/** Creates the record store of a kind and registers its topic. The subscribed topics of a family are checked for expiry. */
export function createResource<R extends object>(
  { runtime, hub, store, registry, retainMs, maxEventBytes }: ResourceContext,
  definition: ResourceDefinition<R>,
): Resource<R> {
  const { clock, random } = runtime;
  const { noun, topic, schema, idOf, ownerOf, eventOf, isTerminal, openIndex } = definition;
  const recordKeyOf = (id: string) => `${noun}:${id}`;
  const idempotencyStoreKeyOf = ({ key }: IdempotencyKey) => `once:${key}`;
  const Created = z.object({ fingerprint: z.string(), first: schema });
  let createdCount = 0;

  /** Creates an id: the time of creation, a counter, and a random part that cannot be guessed. */
  function newId(now: number): string {
    return [now.toString(36), (++createdCount).toString(36), randomId(random)].join("-");
  }

  /** Returns the time of creation, with which an id begins. */
  function createdAt(id: string): number {
    return parseInt(id, 36);
  }

  function topicOf(id: string): Topic {
    return topic.family === undefined ? topic : { ...topic, name: `${topic.family}/${id}` };
  }

  function parseRecord(json: string): R {
    return schema.parse(JSON.parse(json));
  }

  /** @throws {Problem} 422 `idempotency_key_reused`. */
  function parseCreated(json: string, { fingerprint }: IdempotencyKey): R {
    const created = Created.parse(JSON.parse(json));
    if (created.fingerprint !== fingerprint) throw keyReused();
    return created.first;
  }

  /** Returns the TTL in the store. It includes the remaining lifetime, because an expiry may never be written. */
  function ttlMs(record: R): number {
    const remainingMs = Math.max(0, definition.expiresAt(record) - clock.now());
    return retainMs + (isTerminal(record) ? 0 : remainingMs);
  }

  /** Returns the change of the index, which is part of the record's step, so that no crash leaves an open record out. */
  function indexChange(isNew: boolean, record: R): Cas["openIndex"] {
    return openIndex && (isNew || isTerminal(record))
      ? { ...openIndex(record), isOpen: isNew }
      : undefined;
  }

  async function put(expected: string | null, record: R): Promise<CasResult> {
    const id = idOf(record);
    const cas = {
      key: recordKeyOf(id),
      expected,
      next: JSON.stringify(record),
      ttlMs: ttlMs(record),
      openIndex: indexChange(expected === null, record),
    };
    return await hub.updateAndPublish(topicOf(id), [eventOf(record)], { cas });
  }

  /**
   * Refuses a record whose event leaves less than {@linkcode MIN_FREE_BYTES}, because its end could never be published.
   */
  function checkSize(record: R): R {
    const size = encoder.encode(toJson(eventOf(record).data)).byteLength;
    const max = maxEventBytes - MIN_FREE_BYTES;
    if (size <= max) return record;
    const detail = `The ${noun} takes ${size} bytes. At most ${max} are allowed.`;
    throw new Problem(413, "event_too_large", detail);
  }

  /**
   * Applies time, then a transition, and starts over if another isolate has changed the record.
   *
   * @returns The record afterwards, or null if it does not exist.
   */
  async function apply(id: string, transition: Transition<R>): Promise<R | null> {
    let json = await store.get(recordKeyOf(id));
    while (json !== null) {
      const record = parseRecord(json);
      const now = clock.now();
      const current = definition.applyTime(record, now);
      const hasExpired = current !== record;
      const next = hasExpired ? current : transition(record, now);
      if (next === record) return record;
      const { isSet, current: stored } = await put(json, next);
      if (isSet) definition.onStep?.(next);
      if (isSet && !hasExpired) return next;
      json = stored;
    }
    return null;
  }

  async function createOrJoin(
    make: (id: string, now: number) => R,
    idempotencyKey?: IdempotencyKey,
  ): Promise<{ readonly record: R; readonly isNew: boolean }> {
    const now = clock.now();
    let record = checkSize(make(newId(now), now));
    if (idempotencyKey) {
      const created = JSON.stringify({ fingerprint: idempotencyKey.fingerprint, first: record });
      const stored = await store.cas(
        idempotencyStoreKeyOf(idempotencyKey),
        null,
        created,
        IDEMPOTENCY_KEY_MS,
      );
      record = parseCreated(stored ?? created, idempotencyKey);
    }
    // A repeated request completes a creation that failed before this step, unless the record may have ended and been
    // deleted since.
    const storedUntil = Math.min(
      definition.expiresAt(record),
      createdAt(idOf(record)) + retainMs,
    );
    const result = clock.now() < storedUntil ? await put(null, record) : null;
    return { record, isNew: result?.isSet === true };
  }

  async function get(id: string): Promise<R | null> {
    return await apply(id, (record) => record);
  }

  async function update(id: string, transition: Transition<R>): Promise<R> {
    const record = await apply(id, transition);
    if (record === null) throw unknownResource(noun);
    return record;
  }

  if (topic.family === undefined) {
    registry.register(topic);
  } else {
    const prefix = `${topic.family}/`;
    registry.registerFamily({
      name: topic.family,
      types: Object.keys(topic.events),
      topic: (id) => MEMBER_ID.test(id) ? topicOf(id) : null,
      resolve: definition.resolve ?? (async (id, caller) => {
        const record = await get(id);
        return record && caller.owns(ownerOf(record)) ? topicOf(id) : null;
      }),
    });
    hub.whileSubscribed({ name: topic.family }, ({ name }) => {
      const timer = createExpiryTimer(runtime, noun, async () => {
        const record = await get(name.slice(prefix.length));
        return record && definition.nextChangeAt(record);
      });
      return timer.start();
    });
  }

  return {
    noun,
    topicOf,
    rightTo: (id) => `${topic.name}/${id}`,
    idOf,
    ownerOf,
    create: async (make, idempotencyKey) => (await createOrJoin(make, idempotencyKey)).record,
    createOrJoin,
    async createdBy(idempotencyKey) {
      const created = await store.get(idempotencyStoreKeyOf(idempotencyKey));
      if (created === null) return null;
      const record = parseCreated(created, idempotencyKey);
      return await store.get(recordKeyOf(idOf(record))) === null ? null : record;
    },
    get,
    async listOpen(indexName) {
      const now = clock.now();
      const stored = (await store.all(indexName)).map(parseRecord);
      const records = await Promise.all(stored.map(async (record) => {
        const isCurrent = definition.applyTime(record, now) === record;
        return isCurrent ? record : await get(idOf(record));
      }));
      return records.filter((record) => record !== null).filter((record) => !isTerminal(record));
    },
    update,
    report: (id, transition) =>
      update(id, (record, now) => {
        const next = transition(record, now);
        return next === record ? record : checkSize(next);
      }),
  };
}
