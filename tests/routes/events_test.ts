import { assert, assertEquals } from "@std/assert";
import { createAppUnderTest, refusalOf, TOKEN } from "./support.ts";

const NOTE = { type: "note", data: { text: "héllo" } };
const ALERTS = "/v1/events/alerts/stream";

Deno.test("POST /v1/events/{channel} answers 202 with the id under which streams have it", async () => {
  await using test = createAppUnderTest();
  await using client = await test.follow(ALERTS);
  const response = await test.publish("alerts", NOTE);
  assertEquals(response.status, 202);
  const body = await response.json();
  assertEquals(Object.keys(body), ["id"]);
  await test.clock.advance(0);
  const [, frame, ...more] = client.frames;
  assertEquals([frame?.event, frame?.id, more], ["note", body.id, []]);
  assertEquals(client.said("note"), [{ channel: "alerts", data: NOTE.data }]);
});

Deno.test("GET /v1/events/{channel}/stream goes on from the Last-Event-ID", async () => {
  await using test = createAppUnderTest();
  const { id } = await (await test.publish("alerts", { type: "note", data: 1 })).json();
  await test.publish("alerts", { type: "note", data: 2 });
  await using client = await test.follow(`${ALERTS}?last_event_id=${id}`);
  assertEquals(client.said("note"), [{ channel: "alerts", data: 2 }]);
});

Deno.test("GET /v1/events/{channel}/stream refuses channels that are unknown or private", async () => {
  await using test = createAppUnderTest();
  const refusal = async (channel: string) =>
    await refusalOf(await test.send(`/v1/events/${channel}/stream`));
  assertEquals(await refusal("nothing"), [404, "unknown_topic"]);
  assertEquals(await refusal("secret"), [401, "private_topic"]);
});

Deno.test("POST /v1/events/{channel} takes events of a private channel too", async () => {
  await using test = createAppUnderTest();
  assertEquals((await test.publish("secret", NOTE)).status, 202);
});

interface Refused {
  readonly body?: unknown;
  readonly channel?: string;
  readonly headers?: Record<string, string>;
  readonly refusal: readonly [number, string];
}

const REFUSED: Readonly<Record<string, Refused>> = {
  "JSON that is none": { body: '{"type":', refusal: [400, "bad_request"] },
  "an empty body": { body: "", refusal: [400, "bad_request"] },
  "a body that is no object": { body: [NOTE], refusal: [400, "bad_parameters"] },
  "an event without a type": { body: { data: 1 }, refusal: [400, "bad_parameters"] },
  "an event without data": { body: { type: "note" }, refusal: [400, "bad_parameters"] },
  "a wrong token": { headers: { authorization: `Bearer x${TOKEN}` }, refusal: [401, "bad_token"] },
  "an unknown channel": { channel: "nothing", refusal: [404, "unknown_topic"] },
  "a name of Object's": { channel: "__proto__", refusal: [404, "unknown_topic"] },
  "a body that is not said to be JSON": {
    headers: { "content-type": "text/plain" },
    refusal: [415, "not_json"],
  },
  "a body of JSON lines": {
    headers: { "content-type": "application/json-seq" },
    refusal: [415, "not_json"],
  },
  "a type the channel does not take": {
    body: { ...NOTE, type: "quote" },
    refusal: [422, "unknown_type"],
  },
  "a type of Object's": { body: { ...NOTE, type: "toString" }, refusal: [422, "unknown_type"] },
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
  const [what, { body = NOTE, channel = "alerts", headers, refusal }] of Object.entries(REFUSED)
) {
  Deno.test(`POST /v1/events/{channel} refuses ${what}, and publishes nothing`, async () => {
    await using test = createAppUnderTest();
    await using client = await test.follow(ALERTS);
    assertEquals(await refusalOf(await test.publish(channel, body, headers)), refusal);
    await test.clock.advance(0);
    assertEquals(client.frames.length, 1);
  });
}

Deno.test("POST /v1/events/{channel} says what to set where there is no token", async () => {
  await using test = createAppUnderTest({ PUBLISH_TOKEN: "" });
  const response = await test.publish("alerts", NOTE);
  const { code, detail } = await response.json();
  assertEquals([response.status, code], [403, "publishing_off"]);
  assert(detail.includes("PUBLISH_TOKEN"), detail);
});

Deno.test("POST /v1/events/{channel} takes JSON by any of its names", async () => {
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
