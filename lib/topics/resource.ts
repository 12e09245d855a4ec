/**
 * Resources: records of one kind, such as operations, that all isolates share and that end. A kind differs from another in
 * its shape and its transitions: {@linkcode createResource} gives it a topic and a record store.
 *
 * A transition and its event are one step of the log (`hub.updateAndPublish()`): neither exists without the other, and each
 * record has one terminal event. Time is applied lazily, by the isolate that reads a record next. It compares stored wall
 * times, because isolates have no other clock in common.
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
import type { TopicRegistry } from "./registry.ts";

/** The bytes that a report leaves free in an event: for the server's own messages, such as that the record expired. */
const MIN_FREE_BYTES = 256;

/** The characters of an id. */
const MEMBER_ID = /^[\w-]{1,64}$/;

const encoder = new TextEncoder();

/** One kind of resources, as pure functions of a record. Times are wall times in milliseconds since the epoch. */
export interface ResourceDefinition<R extends object> {
  /** The name of one, such as `operation`. Store keys and problem codes contain it. */
  readonly noun: string;
  /** The topic of their events. Of a family, each resource has a topic of its own: `<family>/<id>`. */
  readonly topic: Topic;
  /** The shape of a stored record. It must accept the records of earlier versions. */
  readonly schema: z.ZodType<R>;
  idOf(record: R): string;
  ownerOf(record: R): string;
  isTerminal(record: R): boolean;
  /** Applies what time changes. Returns the same record if that is nothing. */
  applyTime(record: R, now: number): R;
  /** Returns the time of the next such change, or null if there is none. */
  nextChangeAt(record: R): number | null;
  /** Returns the time at which an untouched record has certainly ended. It is stored at least until then. */
  expiresAt(record: R): number;
  /** Returns the event of a record. Its data is always the whole resource. */
  eventOf(record: R): { readonly type: string; readonly data: unknown };
  /** The index of the records that have not ended, and the maximum of them. Without it they cannot be listed. */
  readonly openIndex?: { readonly name: string; readonly max: number };
  /** Is called after each step that this isolate has stored. */
  readonly onStep?: (to: R) => void;
}

/** A step of a record. Returns the same record for no step. @throws {Problem} If the record does not allow the step. */
export type Transition<R> = (record: R, now: number) => R;

/** All resources of a kind. Each method rejects with {@linkcode StoreUnavailable} if the store does not answer. */
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
   * @param idempotencyKey Makes repeated requests one resource: each returns the first record.
   * @throws {Problem} 413 `event_too_large`, 400 `unserialisable`, 422 `idempotency_key_reused`, or 503 `queue_full`.
   */
  create(make: (id: string, now: number) => R, idempotencyKey?: IdempotencyKey): Promise<R>;
  /**
   * Returns the record that an earlier request created, if it is still stored, else null.
   *
   * @throws {Problem} 422 `idempotency_key_reused`.
   */
  createdBy(idempotencyKey: IdempotencyKey): Promise<R | null>;
  /** Reads a record: null if it does not exist, or no longer. */
  get(id: string): Promise<R | null>;
  /** Reads all records that have not ended, in no order. */
  listOpen(): Promise<R[]>;
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

/** Creates the problem of a resource that does not exist, or that the caller may not know of. */
export function unknownResource(noun: string): Problem {
  return new Problem(404, `unknown_${noun}`, `There is no such ${noun}.`);
}

/**
 * Defines the topics of a family of resources. Each is owned, opens with its newest event, and ends.
 *
 * @param family The first part of their names.
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
    events: Object.fromEntries([type, ...terminalTypes].map((each) => [each, shape])),
    terminalTypes,
    access: "owned",
    open(events) {
      const newest = events.at(-1);
      return newest ? { type: newest.type, json: newest.json } : null;
    },
  });
}

/** Creates the record store of a kind and registers its topic. Subscribed topics are checked for expiry. */
export function createResource<R extends object>(
  { runtime, hub, store, registry, retainMs, maxEventBytes }: ResourceContext,
  definition: ResourceDefinition<R>,
): Resource<R> {
  const { clock, random } = runtime;
  const { noun, topic, schema, idOf, ownerOf, eventOf, isTerminal, openIndex } = definition;
  const keyOf = (id: string) => `${noun}:${id}`;
  const onceKeyOf = ({ key }: IdempotencyKey) => `once:${key}`;
  const Created = z.object({ fingerprint: z.string(), first: schema });
  let count = 0;

  /** The id begins with the time of creation, and ends with a random part that cannot be guessed. */
  function newId(now: number): string {
    return [now.toString(36), (++count).toString(36), randomId(random)].join("-");
  }

  function createdAt(id: string): number {
    return parseInt(id, 36);
  }

  function topicOf(id: string): Topic {
    return topic.family === undefined ? topic : { ...topic, name: `${topic.family}/${id}` };
  }

  function parse(text: string): R {
    return schema.parse(JSON.parse(text));
  }

  function parseCreated(text: string, { fingerprint }: IdempotencyKey): R {
    const created = Created.parse(JSON.parse(text));
    if (created.fingerprint === fingerprint) return created.first;
    throw keyReused();
  }

  /** Returns the TTL in the store: an untouched record is stored as long as if its end had been written. */
  function ttlMs(record: R): number {
    const lifeMs = Math.max(0, definition.expiresAt(record) - clock.now());
    return retainMs + (isTerminal(record) ? 0 : lifeMs);
  }

  /** The index changes in the same step as the record: no crash leaves an open record out. */
  function indexChange(isNew: boolean, record: R): Cas["openIndex"] {
    return openIndex && (isNew || isTerminal(record)) ? { ...openIndex, isOpen: isNew } : undefined;
  }

  async function put(expected: string | null, record: R): Promise<CasResult> {
    const id = idOf(record);
    return await hub.updateAndPublish(topicOf(id), eventOf(record), {
      key: keyOf(id),
      expected,
      next: JSON.stringify(record),
      ttlMs: ttlMs(record),
      openIndex: indexChange(expected === null, record),
    });
  }

  /** Refuses a record whose event leaves no room for {@linkcode MIN_FREE_BYTES}: its end could never be published. */
  function checkSize(record: R): R {
    const size = encoder.encode(toJson(eventOf(record).data)).byteLength;
    const max = maxEventBytes - MIN_FREE_BYTES;
    if (size <= max) return record;
    const detail = `The ${noun} takes ${size} bytes. At most ${max} are allowed.`;
    throw new Problem(413, "event_too_large", detail);
  }

  /** Applies time and one transition, and starts over if another isolate was faster. */
  async function apply(id: string, transition: Transition<R>): Promise<R | null> {
    let text = await store.get(keyOf(id));
    while (text !== null) {
      const record = parse(text);
      const now = clock.now();
      const current = definition.applyTime(record, now);
      const hasExpired = current !== record;
      const next = hasExpired ? current : transition(record, now);
      if (next === record) return record;
      const { isSet, current: stored } = await put(text, next);
      if (isSet) definition.onStep?.(next);
      if (isSet && !hasExpired) return next;
      text = stored;
    }
    return null;
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
      async ownerOf(id) {
        const record = await get(id);
        return record && ownerOf(record);
      },
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
    async create(make, idempotencyKey) {
      const now = clock.now();
      let record = checkSize(make(newId(now), now));
      if (idempotencyKey) {
        const text = JSON.stringify({ fingerprint: idempotencyKey.fingerprint, first: record });
        const stored = await store.cas(onceKeyOf(idempotencyKey), null, text, IDEMPOTENCY_KEY_MS);
        record = parseCreated(stored ?? text, idempotencyKey);
      }
      // A request whose isolate crashed before this step is completed by its repetition, but not after the record's time.
      const until = Math.min(definition.expiresAt(record), createdAt(idOf(record)) + retainMs);
      if (clock.now() < until) await put(null, record);
      return record;
    },
    async createdBy(idempotencyKey) {
      const text = await store.get(onceKeyOf(idempotencyKey));
      if (text === null) return null;
      const record = parseCreated(text, idempotencyKey);
      return await store.get(keyOf(idOf(record))) === null ? null : record;
    },
    get,
    async listOpen() {
      const now = clock.now();
      const stored = openIndex ? (await store.all(openIndex.name)).map(parse) : [];
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
