/**
 * The operator's own channels: log topics named in the settings.
 *
 * @module
 */
import { z } from "zod";
import type { Config } from "../core/config.ts";
import { defineTopic, type Topic } from "../core/topic.ts";

/** The topic of a channel. */
export function channelTopicName(channel: string): string {
  return `events/${channel}`;
}

/** Defines a topic for every channel of the settings. Its events carry `{ channel, data }`. */
export function channelTopics(channels: Config["CHANNELS"]): Topic[] {
  return Object.entries(channels).map(([channel, { types, private: isPrivate }]) => {
    const shape = z.object({ channel: z.literal(channel), data: z.unknown() });
    return defineTopic({
      name: channelTopicName(channel),
      metricKind: "events",
      kind: "log",
      events: Object.fromEntries(types.map((type) => [type, shape])),
      isPrivate,
    });
  });
}
