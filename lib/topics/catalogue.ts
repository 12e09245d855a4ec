/**
 * All topics, by name.
 *
 * @module
 */
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";

/** Where topics are found. */
export interface Catalogue {
  /** @throws {Problem} 404 `unknown_topic`, naming it. */
  topic(name: string): Topic;
}

/** Creates a catalogue of these topics. */
export function createCatalogue(topics: readonly Topic[]): Catalogue {
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  return {
    topic(name) {
      const topic = byName.get(name);
      if (topic) return topic;
      throw new Problem(
        404,
        "unknown_topic",
        `There is no topic ${JSON.stringify(name.slice(0, 80))}.`,
      );
    },
  };
}
