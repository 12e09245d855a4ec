/**
 * Families of topics: each topic is one thing of a ledger, private, and ends.
 *
 * @module
 */
import type { ZodType } from "zod";
import { defineTopic, type Topic } from "../core/topic.ts";
import type { Hub } from "../hub/hub.ts";
import type { RecordStore } from "./record_store.ts";
import type { TopicRegistry } from "./registry.ts";
import { ENDS } from "./lifetime.ts";

/** What the topics of a family are made of. */
export interface FamilyShape {
  /** What they are called together. */
  readonly family: string;
  /** The type of every event but the last. */
  readonly type: string;
  /** The shape of the data: always the whole thing. */
  readonly shape: ZodType;
}

/** The topic of one member. It opens with its newest event, and ends as lives do. */
export function memberTopic({ family, type, shape }: FamilyShape, id: string): Topic {
  return defineTopic({
    name: `${family}/${id}`,
    family,
    metricKind: family,
    kind: "log",
    events: Object.fromEntries([type, ...ENDS].map((each) => [each, shape])),
    terminalTypes: ENDS,
    access: "owned",
    open(events) {
      const newest = events.at(-1);
      return newest ? { type: newest.type, json: newest.json } : null;
    },
  });
}

/** Has those members that are followed looked at whenever time makes something of them. */
export function watchFollowed(
  hub: Pick<Hub, "whileSubscribed">,
  family: string,
  { watch }: Pick<RecordStore<object>, "watch">,
): void {
  hub.whileSubscribed({ name: family }, ({ name }) => watch(name.slice(family.length + 1)));
}

/** Registers a family of owned topics. */
export function registerFamily(
  registry: TopicRegistry,
  name: string,
  topicOf: (id: string) => Topic,
  ownerOf: (id: string) => Promise<string | null>,
): void {
  registry.registerFamily({
    name,
    types: Object.keys(topicOf("any").events),
    topic: (id) => /^[\w-]{1,64}$/.test(id) ? topicOf(id) : null,
    ownerOf,
  });
}
