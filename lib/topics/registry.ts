/**
 * The topic registry: finds every topic by its name.
 *
 * @module
 */
import { MAX_REPEATED_CHARACTERS, Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";

/** The topics whose names share their first part: `<name>/<member>`. */
export interface TopicFamily {
  /** The first part of the names, and the kind of the topics in /metrics. */
  readonly name: string;
  /** The event types of the topics. */
  readonly types: readonly string[];
  /** Returns the topic of a member, which need not exist. Returns null if no member can have this name. */
  topic(member: string): Topic | null;
  /**
   * Reads the topic that a member stands for. Returns null if it does not exist, no longer, or not for the caller. Without
   * this function it is `topic(member)`.
   */
  resolve?(member: string, caller: TopicCaller): Promise<Topic | null>;
}

/** The caller of a request, as owners are compared with it. */
export interface TopicCaller {
  /** The owner that the caller is. Undefined for publishers, and for callers without a name. */
  readonly owner: string | undefined;
  /** Returns true if the caller may read what `owner` owns. */
  owns(owner: string): boolean;
}

/** All topics of an isolate. */
export interface TopicRegistry {
  /** Registers a topic. @throws {TypeError} If its name is taken. */
  register(topic: Topic): void;
  /** Registers a family of topics. @throws {TypeError} If its name is taken. */
  registerFamily(family: TopicFamily): void;
  /** Returns a topic by its name. A topic of a family need not exist. @throws {Problem} 404 `unknown_topic`, naming it. */
  topic(name: string): Topic;
  /** Reads the topic that a found one stands for. Returns null if it does not exist, no longer, or not for the caller. */
  resolve(topic: Topic, caller: TopicCaller): Promise<Topic | null>;
  /** Tests if a registered topic has events of this type. */
  hasType(type: string): boolean;
  /** Lists the distinct kinds of the registered topics in /metrics, in the order of registration. */
  metricKinds(): readonly string[];
}

/** Creates the problem of a topic that does not exist or that is hidden from the caller. */
export function unknownTopic(name: string): Problem {
  const detail = `There is no topic ${JSON.stringify(name.slice(0, MAX_REPEATED_CHARACTERS))}.`;
  return new Problem(404, "unknown_topic", detail);
}

/** Creates an empty registry. */
export function createTopicRegistry(): TopicRegistry {
  const topics = new Map<string, Topic>();
  const families = new Map<string, TopicFamily>();
  const types = new Set<string>();
  const kinds = new Set<string>();

  function claimName(name: string, kind: string, eventTypes: readonly string[]): void {
    if (topics.has(name) || families.has(name)) {
      throw new TypeError(`Cannot register topic "${name}": the name is taken`);
    }
    kinds.add(kind);
    for (const type of eventTypes) types.add(type);
  }

  /** Splits the name of a topic into its family and member. Returns null if no family has it. */
  function findFamily(
    name: string,
  ): { readonly family: TopicFamily; readonly member: string } | null {
    const slash = name.indexOf("/");
    const family = families.get(name.slice(0, Math.max(slash, 0)));
    return family ? { family, member: name.slice(slash + 1) } : null;
  }

  return {
    register(topic) {
      claimName(topic.name, topic.metricKind, Object.keys(topic.events));
      topics.set(topic.name, topic);
    },
    registerFamily(family) {
      claimName(family.name, family.name, family.types);
      families.set(family.name, family);
    },
    topic(name) {
      const match = findFamily(name);
      const topic = match ? match.family.topic(match.member) : topics.get(name);
      if (!topic) throw unknownTopic(name);
      return topic;
    },
    async resolve(topic, caller) {
      const match = findFamily(topic.name);
      return match?.family.resolve ? await match.family.resolve(match.member, caller) : topic;
    },
    hasType: (type) => types.has(type),
    metricKinds: () => [...kinds],
  };
}
