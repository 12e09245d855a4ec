/** Bounds of publishing: size, rate, and idempotency keys. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createAppUnderTest, refusalOf } from "./support.ts";

const NOTE = { type: "note", data: 1 };
const MAX_EVENT_BYTES = 1000;
/** The bytes of an event's data without its text. */
const ENVELOPE_BYTES = `{"channel":"alerts","data":""}`.length;

Deno.test("POST /v1/events/{channel} measures the event in UTF-8 bytes (S2-e)", async () => {
  await using test = createAppUnderTest({ MAX_EVENT_BYTES: String(MAX_EVENT_BYTES) });
  const text = "é".repeat((MAX_EVENT_BYTES - ENVELOPE_BYTES) / 2);
  assertEquals((await test.publish("alerts", { type: "note", data: text })).status, 202);
  const response = await test.publish("alerts", { type: "note", data: `${text}x` });
  const { code, detail } = await response.json();
  assertEquals([response.status, code], [413, "event_too_large"]);
  assertEquals(detail, "The event takes 1001 bytes; at most 1000 are allowed.");
});

Deno.test("POST /v1/events/{channel} accepts an event that is large only because of escapes", async () => {
  await using test = createAppUnderTest({ MAX_EVENT_BYTES: "65536" });
  const body = `{"type":"note","data":"${"\\u0041".repeat(65_536 - ENVELOPE_BYTES)}"}`;
  assertEquals((await test.publish("alerts", body)).status, 202);
});

Deno.test("POST /v1/events/{channel} refuses a body that is larger than any event, with or without a content-length", async () => {
  await using test = createAppUnderTest({ MAX_EVENT_BYTES: String(MAX_EVENT_BYTES) });
  // Six bytes per escaped byte, and the envelope.
  const maxBodyBytes = 6 * MAX_EVENT_BYTES + 4096;
  const publish = (body: string, headers = {}) => test.publish("alerts", body, headers);
  const padded = (bytes: number) => `{"type":"note","data":1}${" ".repeat(bytes - 24)}`;
  assertEquals((await publish(padded(maxBodyBytes))).status, 202);
  const tooLarge = [413, "body_too_large"] as const;
  assertEquals(await refusalOf(await publish(padded(maxBodyBytes + 1))), tooLarge);
  const announced = { "content-length": String(maxBodyBytes + 1) };
  assertEquals(await refusalOf(await publish("{}", announced)), tooLarge);
});

Deno.test("POST /v1/events/{channel} limits the rate of publications, and returns Retry-After", async () => {
  await using test = createAppUnderTest({ PUBLISH_PER_MINUTE: "2" });
  const limits = ({ headers }: Response) =>
    ["ratelimit-policy", "ratelimit", "retry-after"].map((name) => headers.get(name));
  const policy = '"publications";q=2;w=60';
  const first = await test.publish("alerts", NOTE);
  assertEquals(limits(first), [policy, '"publications";r=1;t=0', null]);
  // A request without the token or without JSON does not count.
  await test.publish("alerts", NOTE, { authorization: "Bearer wrong" });
  await test.publish("alerts", NOTE, { "content-type": "text/plain" });
  assertEquals((await test.publish("alerts", NOTE)).status, 202);

  await test.clock.advance(500);
  const refused = await test.publish("alerts", NOTE);
  assertEquals(limits(refused), [policy, '"publications";r=0;t=30', "30"]);
  assertEquals(await refusalOf(refused), [429, "publishing_too_often"]);
  await test.clock.advance(29_500);
  assertEquals((await test.publish("alerts", NOTE)).status, 202);
});

Deno.test("POST /v1/events/{channel} has no rate limit if PUBLISH_PER_MINUTE is 0", async () => {
  await using test = createAppUnderTest({ PUBLISH_PER_MINUTE: "0" });
  const { status, headers } = await test.publish("alerts", NOTE);
  assertEquals([status, headers.has("ratelimit")], [202, false]);
});

Deno.test("POST /v1/events/{channel} with a repeated idempotency key publishes once", async () => {
  await using test = createAppUnderTest();
  await using client = await test.follow("/v1/events/alerts/stream");
  const send = async (key: string, data = 1, channel = "alerts") => {
    const headers = { "idempotency-key": key };
    return await test.publish(channel, { ...NOTE, data }, headers);
  };
  const idOf = async (response: Response) => (await response.json()).id;
  const id = await idOf(await send("order 1"));
  const again = await send("order 1");
  assertEquals([again.status, await idOf(again)], [202, id]);
  assertEquals(await refusalOf(await send("order 1", 2)), [422, "idempotency_key_reused"]);
  await test.clock.advance(0);
  assertEquals(client.dataOf("note").length, 1);

  // Another key, or another route, is another publication.
  assertNotEquals(await idOf(await send("order 2")), id);
  assertNotEquals(await idOf(await send("order 1", 1, "secret")), id);
  assertEquals((await send("~".repeat(128))).status, 202);
  await test.clock.advance(86_400_001);
  assert(await idOf(await send("order 1", 2)) !== id);
});
