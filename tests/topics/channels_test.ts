import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import type { Config } from "../../lib/core/config.ts";
import { ConfigError } from "../../lib/core/config.ts";
import { defineTopic } from "../../lib/core/topic.ts";
import { channelTopicName, registerChannels } from "../../lib/topics/channels.ts";
import { createTopicRegistry } from "../../lib/topics/registry.ts";

function registryOf(channels: Config["CHANNELS"]) {
  const registry = createTopicRegistry();
  const events = { quote: z.unknown() };
  registry.register(defineTopic({ name: "quotes", metricKind: "quotes", kind: "state", events }));
  registerChannels(registry, channels);
  return registry;
}

Deno.test("registerChannels() registers a log topic for every channel, with its types and access", () => {
  const registry = registryOf({
    alerts: { types: ["price_alert", "note"], private: false },
    ops: { types: ["a.b"], private: true },
  });
  const topics = [channelTopicName("alerts"), "events/ops"].map(registry.topic);
  assertEquals(
    topics.map(({ name, kind, access, events }) => [name, kind, access, Object.keys(events)]),
    [
      ["events/alerts", "log", "public", ["price_alert", "note"]],
      ["events/ops", "log", "private", ["a.b"]],
    ],
  );
});

Deno.test("a channel's topic accepts any data, under the channel's own name only", () => {
  const topic = registryOf({ a: { types: ["t"], private: false } }).topic("events/a");
  const accepts = (value: unknown) => topic.events["t"]?.safeParse(value).success;
  for (const data of [null, 1, "", [], { deep: [{}] }]) assert(accepts({ channel: "a", data }));
  for (const invalidData of [{ channel: "b", data: 1 }, { channel: "a" }, 1]) {
    assert(!accepts(invalidData));
  }
});

Deno.test("channels count as one kind in /metrics, even without a channel", () => {
  assertEquals(registryOf({}).metricKinds(), ["quotes", "events"]);
});

Deno.test("registerChannels() refuses an event type of a built-in topic as a bad setting", () => {
  const channels = { a: { types: ["fine", "quote"], private: false } };
  const { message } = assertThrows(() => registryOf(channels), ConfigError);
  const repeatedSetting = JSON.stringify(JSON.stringify(channels));
  assert(message.startsWith("Cannot start with these settings:\n  CHANNELS: got "), message);
  assert(message.includes(`got ${repeatedSetting}, takes JSON such as `), message);
});
