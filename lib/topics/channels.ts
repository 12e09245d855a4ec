/**
 * Channels: log topics that the operator defines in the settings.
 *
 * @module
 */
import { z } from "zod";
import { type Config, ConfigError, settingProblem } from "../core/config.ts";
import { defineTopic, type Topic } from "../core/topic.ts";
import type { TopicRegistry } from "./registry.ts";

/** The family of the channels' topics, and their kind in /metrics. */
const EVENTS = "events";

/** Returns the name of a channel's topic. */
export function channelTopicName(channel: string): string {
  return `${EVENTS}/${channel}`;
}

/**
 * Registers the topics of the channels in the settings. All other topics must be registered before. The data of their
 * events is `{ channel, data }`.
 *
 * @throws {ConfigError} If a channel uses an event type of another topic.
 */
export function registerChannels(
  registry: Pick<TopicRegistry, "registerFamily" | "hasType">,
  channels: Config["CHANNELS"],
): void {
  if (Object.values(channels).some(({ types }) => types.some(registry.hasType))) {
    throw new ConfigError([settingProblem("CHANNELS", JSON.stringify(channels))]);
  }
  const topics = new Map<string, Topic>();
  for (const [channel, { types, private: isPrivate }] of Object.entries(channels)) {
    const ChannelEvent = z.object({ channel: z.literal(channel), data: z.unknown() });
    const topic = defineTopic({
      name: channelTopicName(channel),
      kind: "log",
      events: Object.fromEntries(types.map((type) => [type, ChannelEvent])),
      access: isPrivate ? "private" : "public",
      metricKind: EVENTS,
    });
    topics.set(channel, topic);
  }
  registry.registerFamily({
    name: EVENTS,
    types: [...topics.values()].flatMap(({ events }) => Object.keys(events)),
    topic: (channel) => topics.get(channel) ?? null,
  });
}
