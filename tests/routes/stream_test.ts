import { assert, assertEquals } from "@std/assert";
import { compareIds } from "../support/order.ts";
import { createAppUnderTest, refusalOf, userOf } from "./support.ts";

/** Settings of one channel more than a stream may have topics. */
const TOO_MANY_CHANNELS = Object.fromEntries(
  Array.from({ length: 33 }, (_, n) => [`c${n}`, { types: ["a"] }]),
);

Deno.test("GET /v1/stream carries several topics on one connection, in one order", async () => {
  await using test = createAppUnderTest({ STREAMING_SOURCES: "none" });
  await test.send("/v1/quotes");
  await using client = await test.follow(
    "/v1/stream?topics=quotes,events/alerts,quotes&symbols=BTC-USD",
  );
  assertEquals(client.frames.map(({ event }) => event), ["sync", "snapshot"]);
  assertEquals(JSON.parse(client.frames[0]?.data ?? "{}").topics, ["events/alerts", "quotes"]);

  await test.publish("alerts", { type: "note", data: 1 });
  await test.clock.advance(6000);
  const live = client.frames.slice(2);
  assertEquals(live.map(({ event }) => event), ["note", "quote"]);
  assertEquals(JSON.parse(live[1]?.data ?? "{}").symbol, "BTC-USD");
  assert(compareIds(live[0]?.id ?? "", live[1]?.id ?? "") < 0);
});

Deno.test("GET /v1/stream refuses an unknown topic, and names it", async () => {
  await using test = createAppUnderTest();
  for (const name of ["events/nothing", "Quotes", "__proto__", "events/"]) {
    const response = await test.send(`/v1/stream?topics=quotes,${name}`);
    const { code, detail } = await response.json();
    assertEquals([response.status, code], [404, "unknown_topic"]);
    assert(detail.includes(JSON.stringify(name)), detail);
  }
  assertEquals([test.services.budget.inUse, test.clock.timers], [0, 0]);
});

Deno.test("GET /v1/stream refuses a private topic among others, and names it", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/v1/stream?topics=quotes,events/secret");
  const { code, detail } = await response.json();
  assertEquals([response.status, code], [401, "private_topic"]);
  assert(detail.includes("events/secret"), detail);
});

Deno.test("GET /v1/stream checks the names and then the rights of all topics before it takes a slot", async () => {
  await using test = createAppUnderTest({ STREAMS_PER_ISOLATE: "1" });
  const url = "/v1/stream?topics=quotes,events/alerts,events/secret";
  const request = (path: string, topics: string[], method = "GET") =>
    test.send(path, { method, headers: userOf("ann", topics) });
  const response = await request(url, ["events/alerts", "quotes"]);
  const { code, detail } = await response.json();
  assertEquals([response.status, code], [403, "topic_not_allowed"]);
  assertEquals(detail, "The access token does not include the topic `events/secret`.");
  assertEquals((await request(url, [], "HEAD")).status, 403);
  // Unknown topics are refused before rights are checked.
  assertEquals(await refusalOf(await request(`${url},events/x`, [])), [404, "unknown_topic"]);
  assertEquals([test.services.budget.inUse, test.clock.timers], [0, 0]);

  await using client = await test.follow(url, userOf("ann", ["events/secret"]));
  assertEquals(client.dataOf("sync").length, 1);
});

Deno.test("GET /v1/stream accepts 1 to 32 topics", async () => {
  await using test = createAppUnderTest({ CHANNELS: JSON.stringify(TOO_MANY_CHANNELS) });
  const names = Object.keys(TOO_MANY_CHANNELS).map((name) => `events/${name}`);
  const unknown = names.map((name) => `x${name}`);
  for (const topics of ["", ",", names.join(","), unknown.join(",")]) {
    const response = await test.send(`/v1/stream?topics=${topics}`);
    assertEquals(await refusalOf(response), [400, "bad_topics"], topics);
  }
  assertEquals(await refusalOf(await test.send("/v1/stream")), [400, "bad_parameters"]);
  const maxTopics = names.slice(1);
  await using client = await test.follow(
    `/v1/stream?topics=${[...maxTopics, ...maxTopics].join(",")}`,
  );
  assertEquals(JSON.parse(client.frames[0]?.data ?? "{}").topics.length, 32);
});

Deno.test("GET /v1/stream refuses unknown and invalid parameters", async () => {
  await using test = createAppUnderTest();
  const status = async (query: string) =>
    (await test.send(`/v1/stream?topics=quotes&${query}`, { method: "HEAD" })).status;
  assertEquals(await status("symbols=BTC-USD&max_rate=0.5&snapshot=1"), 200);
  for (const query of ["symbols=DOGE", "max_rate=3", "snapshot=yes", "topics=quotes"]) {
    assertEquals(await status(query), 400, query);
  }
});

Deno.test("GET /v1/stream with snapshot=1 and a cursor opens with a snapshot and catches up", async () => {
  await using test = createAppUnderTest();
  const { cursor } = await (await test.send("/v1/quotes")).json();
  const published = await test.publish("alerts", { type: "note", data: 1 });
  const { id } = await published.json();
  await using client = await test.follow(
    `/v1/stream?topics=quotes,events/alerts&snapshot=1&lastEventId=${cursor}`,
  );
  assertEquals(client.frames.map((frame) => [frame.event, frame.id]), [
    ["sync", null],
    ["snapshot", cursor],
    ["note", id],
  ]);
  assertEquals(JSON.parse(client.frames[0]?.data ?? "{}").resumed, true);
});
