import { assert, assertEquals } from "@std/assert";
import { channelTopicName, channelTopics } from "../../lib/topics/channels.ts";

Deno.test("channelTopics() defines a log topic for every channel, with its types and rights", () => {
  const topics = channelTopics({
    alerts: { types: ["price_alert", "note"], private: false },
    ops: { types: ["a.b"], private: true },
  });
  assertEquals(
    topics.map(({ name, kind, isPrivate, events }) => [name, kind, isPrivate, Object.keys(events)]),
    [
      [channelTopicName("alerts"), "log", false, ["price_alert", "note"]],
      ["events/ops", "log", true, ["a.b"]],
    ],
  );
});

Deno.test("channelTopics() takes any data, under the channel's own name only", () => {
  const [topic] = channelTopics({ a: { types: ["t"], private: false } });
  const takes = (value: unknown) => topic?.events["t"]?.safeParse(value).success;
  for (const data of [null, 1, "", [], { deep: [{}] }]) assert(takes({ channel: "a", data }));
  assertEquals([takes({ channel: "b", data: 1 }), takes({ channel: "a" }), takes(1)], [
    false,
    false,
    false,
  ]);
});
