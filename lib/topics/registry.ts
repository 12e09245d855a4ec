/**
 * The topic registry: finds every topic by its name. Whatever depends on the set of topics is derived from it.
 *
 * @module
 */
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";

/** Topics that share a name's first part: `<name>/<member>`. */
export interface TopicFamily {
  /** The first part of their names, and their kind in /metrics. */
  readonly name: string;
  /** The event types of its topics. */
  readonly types: readonly string[];
  /** Returns the topic of a member, or null if no member can have this name. */
  topic(member: string): Topic | null;
  /** Reads the owner of an owned topic: null if it does not exist, or no longer. */
  ownerOf?(member: string): Promise<string | null>;
}

/** All topics of this isolate. */
export interface TopicRegistry {
  /** Registers a topic. @throws {TypeError} If its name is taken. */
  register(topic: Topic): void;
  /** Registers a family of topics. @throws {TypeError} If its name is taken. */
  registerFamily(family: TopicFamily): void;
  /** Finds a topic. A topic of a family need not exist. @throws {Problem} 404 `unknown_topic`, naming it. */
  topic(name: string): Topic;
  /** Reads the owner of an owned topic, with one read: null if the topic does not exist, or no longer. */
  ownerOf(topic: Pick<Topic, "name">): Promise<string | null>;
  /** Tests if a registered topic has events of this type. */
  hasType(type: string): boolean;
  /** Lists the kinds of the registered topics in /metrics, in the order of registration. */
  metricKinds(): readonly string[];
}

/** Creates the problem of a topic that does not exist, or that the caller may not know of. */
export function unknownTopic(name: string): Problem {
  const detail = `There is no topic ${JSON.stringify(name.slice(0, 80))}.`;
  return new Problem(404, "unknown_topic", detail);
}

/** Creates an empty registry. */
export function createTopicRegistry(): TopicRegistry {
  const topics = new Map<string, Topic>();
  const families = new Map<string, TopicFamily>();
  const types = new Set<string>();
  const kinds = new Set<string>();

  function claim(name: string, kind: string, eventTypes: readonly string[]): void {
    if (topics.has(name) || families.has(name)) {
      throw new TypeError(`Cannot register topic "${name}": the name is taken`);
    }
    kinds.add(kind);
    for (const type of eventTypes) types.add(type);
  }

  function memberOf(
    name: string,
  ): { readonly family: TopicFamily; readonly member: string } | null {
    const slash = name.indexOf("/");
    const family = families.get(name.slice(0, Math.max(slash, 0)));
    return family ? { family, member: name.slice(slash + 1) } : null;
  }

  return {
    register(topic) {
      claim(topic.name, topic.metricKind, Object.keys(topic.events));
      topics.set(topic.name, topic);
    },
    registerFamily(family) {
      claim(family.name, family.name, family.types);
      families.set(family.name, family);
    },
    topic(name) {
      const found = memberOf(name);
      const topic = found ? found.family.topic(found.member) : topics.get(name);
      if (topic) return topic;
      throw unknownTopic(name);
    },
    async ownerOf({ name }) {
      const found = memberOf(name);
      return await found?.family.ownerOf?.(found.member) ?? null;
    },
    hasType: (type) => types.has(type),
    metricKinds: () => [...kinds],
  };
}
