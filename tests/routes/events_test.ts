import { assert, assertEquals } from "@std/assert";
import { connectFrom } from "../http/stream_opener.ts";
import { createAppUnderTest, refusalOf, TOKEN, userOf } from "./support.ts";

const NOTE = { type: "note", data: { text: "héllo" } };
const ALERTS = "/v1/events/alerts/stream";
const SECRET = "/v1/events/secret/stream";

Deno.test("POST /v1/events/{channel} answers 202 with the id that the event has on streams", async () => {
  await using test = createAppUnderTest();
  await using client = await test.follow(ALERTS);
  const response = await test.publish("alerts", NOTE);
  assertEquals(response.status, 202);
  const body = await response.json();
  assertEquals(Object.keys(body), ["id"]);
  await test.clock.advance(0);
  const [, frame, ...furtherFrames] = client.frames;
  assertEquals([frame?.event, frame?.id, furtherFrames], ["note", body.id, []]);
  assertEquals(client.dataOf("note"), [{ channel: "alerts", data: NOTE.data }]);
});

Deno.test("GET /v1/events/{channel}/stream resumes after the Last-Event-ID", async () => {
  await using test = createAppUnderTest();
  const { id } = await (await test.publish("alerts", { type: "note", data: 1 })).json();
  await test.publish("alerts", { type: "note", data: 2 });
  await using client = await test.follow(`${ALERTS}?last_event_id=${id}`);
  assertEquals(client.dataOf("note"), [{ channel: "alerts", data: 2 }]);
});

Deno.test("GET /v1/events/{channel}/stream refuses channels that are unknown or private", async () => {
  await using test = createAppUnderTest();
  const refusal = async (channel: string, authorization?: string) => {
    const headers = authorization ? { authorization } : {};
    return await refusalOf(await test.send(`/v1/events/${channel}/stream`, { headers }));
  };
  assertEquals(await refusal("nothing"), [404, "unknown_topic"]);
  assertEquals(await refusal("secret"), [401, "private_topic"]);
  // A bad token is refused even for a public or an unknown channel.
  for (const channel of ["alerts", "secret", "nothing"]) {
    assertEquals(await refusal(channel, "Bearer x.y.z"), [401, "bad_token"], channel);
  }
  const other = userOf("ann", ["events/alerts"]);
  assertEquals(await refusal("secret", other.authorization), [403, "topic_not_allowed"]);
  assertEquals([test.services.budget.inUse, test.clock.timers], [0, 0]);
});

Deno.test("GET /v1/events/{channel}/stream of a private channel is open to its readers and publishers only", async () => {
  await using test = createAppUnderTest();
  await using ann = await test.follow(SECRET, userOf("ann", ["events/secret"]));
  await using bob = await test.follow(SECRET, userOf("bob", ["events/*"]));
  await using publisher = await test.follow(SECRET, { authorization: `Bearer ${TOKEN}` });
  await test.publish("secret", NOTE);
  await test.clock.advance(0);
  for (const client of [ann, bob, publisher]) {
    assertEquals(client.dataOf("note"), [{ channel: "secret", data: NOTE.data }]);
  }
});

Deno.test("GET /v1/events/{channel}/stream of a private channel accepts the cookie of a listed origin", async () => {
  const origin = "https://a.example";
  await using test = createAppUnderTest({ ALLOWED_ORIGINS: origin });
  const cookie = userOf("ann", ["events/secret"]).authorization.replace("Bearer ", "edgetape=");
  await using client = await test.follow(SECRET, { cookie, origin });
  assertEquals(client.frames.map(({ event }) => event), ["sync"]);
  const refused = await test.send(SECRET, { headers: { cookie, origin: "https://b.example" } });
  assertEquals(await refusalOf(refused), [401, "private_topic"]);
});

Deno.test("GET /v1/events/{channel}/stream counts a user's streams as one client's, from any address", async () => {
  await using test = createAppUnderTest({ STREAMS_PER_CLIENT: "1", OPENS_PER_MINUTE: "3" });
  const open = async (sub: string | null, address: string) => {
    const headers = { accept: "*/*", ...sub === null ? {} : userOf(sub, []) };
    const response = await test.app.request(ALERTS, { headers }, connectFrom(address));
    return response.status === 200 ? response : await refusalOf(response);
  };
  const [here, there] = ["192.0.2.1", "192.0.2.2"];
  const first = await open("ann", here);
  assert(first instanceof Response);
  assertEquals(await open("ann", there), [429, "busy_client"]);
  for (const other of [await open("bob", here), await open(null, here)]) {
    assert(other instanceof Response);
    await other.body?.cancel();
  }
  await first.body?.cancel();
  for (const address of [here, there]) {
    const again = await open("ann", address);
    assert(again instanceof Response);
    await again.body?.cancel();
  }
  assertEquals(await open("ann", "192.0.2.3"), [429, "busy_rate"]);
});

Deno.test("POST /v1/events/{channel} accepts events of a private channel", async () => {
  await using test = createAppUnderTest();
  assertEquals((await test.publish("secret", NOTE)).status, 202);
});

interface RefusedPublication {
  readonly body?: unknown;
  readonly channel?: string;
  readonly headers?: Record<string, string>;
  readonly refusal: readonly [number, string];
}

const REFUSED_PUBLICATIONS: Readonly<Record<string, RefusedPublication>> = {
  "invalid JSON (S2 edge cases)": { body: '{"type":', refusal: [400, "bad_request"] },
  "an empty body": { body: "", refusal: [400, "bad_request"] },
  "a body that is not an object": { body: [NOTE], refusal: [400, "bad_parameters"] },
  "a NaN (S2-x4)": {
    body: '{"type":"note","data":{"price":NaN}}',
    refusal: [400, "bad_request"],
  },
  "an infinite number (S2-x4)": {
    body: '{"type":"note","data":{"price":1e999}}',
    refusal: [400, "unserialisable"],
  },
  "an event without a type": { body: { data: 1 }, refusal: [400, "bad_parameters"] },
  "an event without data": { body: { type: "note" }, refusal: [400, "bad_parameters"] },
  "a wrong token": { headers: { authorization: `Bearer x${TOKEN}` }, refusal: [401, "bad_token"] },
  "an unknown channel": { channel: "nothing", refusal: [404, "unknown_topic"] },
  "a channel named like a property of Object": {
    channel: "__proto__",
    refusal: [404, "unknown_topic"],
  },
  "a body without JSON's content type": {
    headers: { "content-type": "text/plain" },
    refusal: [415, "not_json"],
  },
  "a body of JSON lines": {
    headers: { "content-type": "application/json-seq" },
    refusal: [415, "not_json"],
  },
  "a type that the channel does not have (S2 Test 6, S2-d)": {
    body: { ...NOTE, type: "quote" },
    refusal: [422, "unknown_type"],
  },
  "a type named like a property of Object": {
    body: { ...NOTE, type: "toString" },
    refusal: [422, "unknown_type"],
  },
  "a key that is not ASCII": {
    headers: { "idempotency-key": "é" },
    refusal: [400, "bad_parameters"],
  },
  "a key that is empty": { headers: { "idempotency-key": "" }, refusal: [400, "bad_parameters"] },
  "a key that is too long": {
    headers: { "idempotency-key": "k".repeat(129) },
    refusal: [400, "bad_parameters"],
  },
};

for (
  const [description, { body = NOTE, channel = "alerts", headers, refusal }] of Object.entries(
    REFUSED_PUBLICATIONS,
  )
) {
  Deno.test(`POST /v1/events/{channel} refuses ${description}, and publishes nothing`, async () => {
    await using test = createAppUnderTest();
    await using client = await test.follow(ALERTS);
    assertEquals(await refusalOf(await test.publish(channel, body, headers)), refusal);
    await test.clock.advance(0);
    assertEquals(client.frames.length, 1);
  });
}

Deno.test("POST /v1/events/{channel} names the setting while no token is set", async () => {
  await using test = createAppUnderTest({ PUBLISH_TOKEN: "" });
  const response = await test.publish("alerts", NOTE);
  const { code, detail } = await response.json();
  assertEquals([response.status, code], [403, "publishing_off"]);
  assert(detail.includes("PUBLISH_TOKEN"), detail);
});

Deno.test("POST /v1/events/{channel} accepts every JSON content type", async () => {
  await using test = createAppUnderTest();
  const types = [
    "application/json;charset=utf-8",
    "Application/JSON",
    "application/cloudevents+json",
  ];
  for (const type of types) {
    assertEquals((await test.publish("alerts", NOTE, { "content-type": type })).status, 202, type);
  }
});
