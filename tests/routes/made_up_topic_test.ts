/** A new topic needs one registration and one route. Everything else is derived from them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { ConfigError } from "../../lib/core/config.ts";
import { registerChannels } from "../../lib/topics/channels.ts";
import { createTopicRegistry } from "../../lib/topics/registry.ts";
import { createResource, defineFamily, type ResourceContext } from "../../lib/topics/resource.ts";
import { createRoutes } from "../../routes/app.ts";
import { addStreamRoute } from "../../routes/resource.ts";
import { createClient } from "../hub/support.ts";
import { figureIn } from "../metrics/exposition.ts";
import { createAppUnderTest, refusalOf, TOKEN, userOf } from "./support.ts";

/** A launch counts down to zero, and ends `lifted_off` or `scrubbed`. */
const Launch = z.object({
  id: z.string(),
  owner: z.string(),
  count: z.int(),
  end: z.enum(["lifted_off", "scrubbed"]).nullable(),
});

type Launch = z.infer<typeof Launch>;

/** Registers the topic. */
function createLaunches(context: ResourceContext) {
  return createResource<Launch>(context, {
    noun: "launch",
    topic: defineFamily("launches", "count", Launch, ["lifted_off", "scrubbed"]),
    schema: Launch,
    idOf: ({ id }) => id,
    ownerOf: ({ owner }) => owner,
    isTerminal: ({ end }) => end !== null,
    applyTime: (launch) => launch,
    nextChangeAt: () => null,
    expiresAt: () => Infinity,
    eventOf: (launch) => ({ type: launch.end ?? "count", data: launch }),
  });
}

/** Creates an app with the topic. */
function createTest() {
  const test = createAppUnderTest();
  const { services } = test;
  const launches = createLaunches({
    ...services,
    store: services.sharedStore,
    retainMs: services.config.LOG_RETAIN_MS,
    maxEventBytes: services.config.MAX_EVENT_BYTES,
  });
  const app = createRoutes(services);

  // The only route.
  addStreamRoute(app, services, { resource: launches, path: "/v1/launches", tag: "launches" }, {
    summary: "Streams a launch to its end",
    frames: "`sync`, its newest event, then `count`, one of `lifted_off`, `scrubbed`, and `bye`",
    pollUrl: (id) => `/v1/launches/${id}`,
  });

  return {
    ...test,
    launches,
    async get(path: string, headers: Record<string, string> = userOf("ann")) {
      const response = await app.request(path, { headers });
      await test.clock.advance(20);
      return response;
    },
    async create(): Promise<string> {
      const { id } = await launches.create((id) => ({ id, owner: "ann", count: 3, end: null }));
      return id;
    },
    async countDown(id: string): Promise<void> {
      await launches.report(id, (launch) => {
        const count = launch.count - 1;
        return { ...launch, count, end: count === 0 ? "lifted_off" as const : null };
      });
      await test.clock.advance(20);
    },
  };
}

Deno.test("a topic with one registration and one route is streamed, resumed and ended", async () => {
  await using test = createTest();
  const id = await test.create();
  const path = `/v1/launches/${id}/stream`;

  const first = createClient((await test.get(path)).body).live();
  await test.countDown(id);
  await first.hangUp();
  assertEquals(first.frames.map(({ event }) => event), ["sync", "count", "count"]);

  await test.countDown(id);
  const resumed = { ...userOf("ann"), "last-event-id": first.cursor };
  const second = createClient((await test.get(path, resumed)).body, first.cursor).live();
  await test.countDown(id);
  assertEquals(second.frames.map(({ event }) => event), ["sync", "count", "lifted_off", "bye"]);
  assertEquals(second.dataOf("count", "lifted_off").map((data) => Launch.parse(data).count), [
    1,
    0,
  ]);

  const resumedAtEnd = { ...userOf("ann"), "last-event-id": second.cursor };
  for (const url of [path, `/v1/stream?topics=launches/${id}`]) {
    assertEquals((await test.get(url, resumedAtEnd)).status, 204, url);
  }
});

Deno.test("a topic of a family is open to its owner only, also by a ticket or a token that names it", async () => {
  await using test = createTest();
  const id = await test.create();
  const path = `/v1/launches/${id}/stream`;
  assertEquals(await refusalOf(await test.get(path, {})), [401, "private_topic"]);
  assertEquals(await refusalOf(await test.get(path, userOf("bob"))), [404, "unknown_launch"]);
  const narrow = userOf("ann", ["operations/*"]);
  assertEquals(await refusalOf(await test.get(path, narrow)), [403, "topic_not_allowed"]);
  const rights = [userOf("ann", ["launches/*"]), { authorization: `Bearer ${TOKEN}` }];
  for (const headers of rights) {
    await using client = createClient((await test.get(path, headers)).body);
    await client.readOne();
    assertEquals(client.frames[0]?.event, "sync");
  }
});

Deno.test("a registered topic is counted in /metrics and documented in /openapi.json", async () => {
  await using test = createTest();
  const id = await test.create();
  await using client = createClient((await test.get(`/v1/launches/${id}/stream`)).body).live();
  await test.countDown(id);

  const text = await (await test.get("/metrics", { authorization: `Bearer ${TOKEN}` })).text();
  const figure = (name: string) => figureIn(text, name, { topic: "launches" });
  const names = ["streams", "streams_opened_total", "events_published_total"];
  assertEquals(names.map(figure), [1, 1, 2]);
  assertEquals(client.dataOf("count").length, 2);

  const { paths } = await (await test.get("/openapi.json", {})).json();
  const { summary, tags, responses } = paths["/v1/launches/{id}/stream"].get;
  assertEquals([summary, tags], ["Streams a launch to its end", ["launches"]]);
  assert("text/event-stream" in responses[200].content && "204" in responses);
});

Deno.test("CHANNELS may not use the event types of a registered topic", async () => {
  await using test = createTest();
  const registry = createTopicRegistry();
  createLaunches({
    ...test.services,
    registry,
    store: test.services.sharedStore,
    retainMs: 1000,
    maxEventBytes: 1000,
  });
  const channels = { space: { types: ["scrubbed"], private: false } };
  assertThrows(() => registerChannels(registry, channels), ConfigError, "CHANNELS: got ");
});
