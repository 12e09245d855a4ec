/**
 * All topics, by name.
 *
 * @module
 */
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";

/** Topics that come and go, each somebody's. */
export interface TopicFamily {
  /** What they are called together: what their names begin with, before a slash. */
  readonly name: string;
  /** The topic of this id, whether there is one or not. */
  topic(id: string): Topic;
  /** Whose the one of this id is: null where there is none, or no more. */
  ownerOf(id: string): Promise<string | null>;
}

/** Where topics are found. */
export interface TopicRegistry {
  /** A topic that there is, or one of a family that there may be. @throws {Problem} 404 `unknown_topic`, naming it. */
  topic(name: string): Topic;
  /** Whose a topic of a family is, by one read: null where there is none, or no more. */
  ownerOf(topic: Topic): Promise<string | null>;
}

/** What an id is made of. */
const ID = /^[\w-]{1,64}$/;

/** That there is no such topic, or none that the caller may know of. */
export function unknownTopic(name: string): Problem {
  const detail = `There is no topic ${JSON.stringify(name.slice(0, 80))}.`;
  return new Problem(404, "unknown_topic", detail);
}

/** Creates a catalogue of these topics. */
export function createTopicRegistry(
  topics: readonly Topic[],
  families: readonly TopicFamily[] = [],
): TopicRegistry {
  const byName = new Map(topics.map((topic) => [topic.name, topic]));

  /** The family of a name, and the id in it. */
  function memberOf(name: string): { readonly family: TopicFamily; readonly id: string } | null {
    const slash = name.indexOf("/");
    const [first, id] = [name.slice(0, slash), name.slice(slash + 1)];
    const family = families.find((each) => each.name === first);
    return family && ID.test(id) ? { family, id } : null;
  }

  return {
    topic(name) {
      const member = memberOf(name);
      const topic = member ? member.family.topic(member.id) : byName.get(name);
      if (topic) return topic;
      throw unknownTopic(name);
    },
    async ownerOf({ name }) {
      const member = memberOf(name);
      return member && await member.family.ownerOf(member.id);
    },
  };
}
