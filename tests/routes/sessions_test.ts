/** The routes of sessions, for publishers, owners and other users. */
import { assert, assertEquals } from "@std/assert";
import { LOOKUPS_PER_MINUTE } from "../../lib/http/rate_limits.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { asUser, follow } from "./owned_support.ts";
import { CHECK, createSessionsTest, STREAM } from "./sessions_support.ts";
import { refusalOf } from "./support.ts";

Deno.test("POST /v1/sessions creates a session and answers 201 with Location, and its stream opens with the first event (S0-1, S0-5)", async () => {
  await using test = createSessionsTest();
  const response = await test.create();
  const session = await response.json();
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("location"), `/v1/sessions/${session.id}`);
  const { session_state, terminal, progress, data, owner } = session;
  assertEquals([session_state, terminal, progress, data, owner], [
    "started",
    false,
    0,
    null,
    "ann",
  ]);
  await using client = await follow(test, `/v1/sessions/${session.id}/stream`, asUser("ann"));
  assertEquals(client.frames.map(({ event }) => event), ["sync", "session"]);
  assertEquals(client.dataOf("session"), [session]);
});

Deno.test("PATCH of a session changes the fields of its body, and ends the session once (S0-5)", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  const asking = { session_state: "asking", progress: 0.4, data: { question: 3 } };
  const {
    id: _id,
    owner: _owner,
    created_at: _at,
    updated_at: _then,
    expires_at: _end,
    ...changed
  } = await (await test.report(path, asking)).json();
  assertEquals(changed, { ...asking, terminal: false });
  const completed = await (await test.report(path, { session_state: "completed" })).json();
  const { session_state, terminal, progress, data } = completed;
  assertEquals([session_state, terminal, progress, data], ["completed", true, 1, { question: 3 }]);
  const late = await test.report(path, { progress: 0.5 });
  assertEquals(await refusalOf(late), [409, "session_over"]);
});

for (
  const [flaw, body, field] of [
    ["a state that only time sets", { session_state: "expired" }, "session_state"],
    ["an empty state", { session_state: "" }, "session_state"],
    ["a terminal state in upper case", { session_state: "COMPLETED" }, "session_state"],
    ["a progress above 1", { progress: 1.5 }, "progress"],
    ["an unknown field", { state: "asking" }, "state"],
  ] as const
) {
  Deno.test(`PATCH of a session refuses ${flaw}, and names the field`, async () => {
    await using test = createSessionsTest();
    const response = await test.report(await test.createSession(), body);
    const { code, errors } = await response.json();
    assertEquals([response.status, code, errors[0].field], [400, "bad_parameters", field]);
  });
}

Deno.test("PATCH of a session refuses data that is too large, and the session continues", async () => {
  await using test = createSessionsTest({ MAX_EVENT_BYTES: "2000" });
  const path = await test.createSession();
  const large = await test.report(path, { data: "x".repeat(2000) });
  assertEquals(await refusalOf(large), [413, "event_too_large"]);
  assertEquals((await test.report(path, {})).status, 200);
});

Deno.test("a session streams to its end by either URL, and a reconnect after it answers 204 (S0-1, S0-17, S0-19)", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  await using streamClient = await follow(test, `${path}/stream`, asUser("ann"));
  await using eventsClient = await follow(test, `${path}/events`, asUser("ann"));
  await test.report(path, { session_state: "asking", progress: 0.5 });
  await test.clock.advance(20);
  await test.report(path, { session_state: "failed", data: { code: "no_answer" } });
  await test.clock.advance(20);
  for (const client of [streamClient, eventsClient]) {
    const types = client.frames.map(({ event }) => event);
    assertEquals(types, ["sync", "session", "session", "failed", "bye"]);
    assertEquals(client.dataOf("bye").map((bye) => Object(bye).reason), ["finished"]);
    assert(client.isEnded);
  }
  for (const url of [`${path}/stream`, `${path}/events`]) {
    const resuming = { ...asUser("ann"), ...STREAM, "last-event-id": streamClient.cursor };
    assertEquals((await test.request("GET", url, resuming)).status, 204);
  }
  assertEquals(test.services.budget.inUse, 0);
});

Deno.test("a stream answers 200, text/event-stream, and has events within its first six frames (S0-20)", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  const response = await test.request("GET", `${path}/events`, { ...asUser("ann"), ...STREAM });
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader?.read() ?? {};
  const events = value.split("\n\n").slice(0, 6).filter((frame) => /^event: /m.test(frame));
  assert(events.length > 0, value);
  await reader?.cancel();
});

Deno.test("a silent stream has a heartbeat every HEARTBEAT_MS (S0-18)", async () => {
  await using test = createSessionsTest({ HEARTBEAT_MS: "1000" });
  await using client = await follow(test, `${await test.createSession()}/stream`, asUser("ann"));
  await test.clock.advance(5000);
  const heartbeats = client.frames.filter(({ event }) => event === "heartbeat");
  assertEquals(heartbeats.length, 5);
});

Deno.test("only publishers create and change sessions", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  for (const headers of [{}, asUser("ann")]) {
    const created = await test.request("POST", "/v1/sessions", headers, { owner: "ann" });
    assertEquals(await refusalOf(created), [401, "bad_token"]);
    assertEquals(await refusalOf(await test.request("PATCH", path, headers, {})), [
      401,
      "bad_token",
    ]);
  }
});

Deno.test("another user's session and an unknown one get the same responses: 404 60 times per minute, then 429 (S0-15)", async () => {
  await using test = createSessionsTest();
  const paths = [await test.createSession(), "/v1/sessions/0123456789abcdefghijklmn"];
  for (const headers of [CHECK, STREAM, {}]) {
    for (const url of ["/events", "/stream"]) {
      const bodies = await Promise.all(paths.map(async (path) => {
        const response = await test.request("GET", path + url, { ...asUser("bob"), ...headers });
        assertEquals(response.status, 404);
        return await response.text();
      }));
      assertEquals(bodies[0], bodies[1]);
    }
  }
  // The 12 responses above count.
  for (let n = 12; n < LOOKUPS_PER_MINUTE; n++) {
    assertEquals((await test.request("GET", `${paths[n % 2]}/events`, asUser("bob"))).status, 404);
  }
  for (const path of paths) {
    const response = await test.request("GET", `${path}/events`, asUser("bob"));
    assertEquals([response.status, response.headers.has("retry-after")], [429, true]);
    await response.body?.cancel();
  }
  assertEquals((await test.request("GET", `${paths[0]}/events`, asUser("ann"))).status, 200);
  assertEquals((await test.request("GET", `${paths[0]}/events`, {})).status, 401);
  const narrow = asUser("ann", { topics: ["operations/*"] });
  assertEquals((await test.request("GET", `${paths[0]}/events`, narrow)).status, 403);
});

Deno.test("sessions share a connection with other topics", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  const url = `/v1/stream?topics=${path.slice("/v1/".length)},events/alerts`;
  await using client = await follow(test, url, asUser("ann", { topics: ["sessions/*"] }));
  await test.publish("alerts", { type: "note", data: 1 });
  await test.report(path, { session_state: "completed" });
  await test.clock.advance(20);
  const types = client.frames.map(({ event }) => event);
  assertEquals(types, ["sync", "session", "note", "completed"]);
  const other = await test.request("GET", url, asUser("bob"));
  assertEquals(await refusalOf(other), [404, "unknown_topic"]);
});

Deno.test("a repeated Idempotency-Key returns the first session, and is refused with another body", async () => {
  await using test = createSessionsTest();
  const key = { "idempotency-key": "visit 1" };
  const first = await (await test.create(key)).json();
  const again = await test.create(key);
  assertEquals([again.status, await again.json()], [201, first]);
  const other = await test.create(key, { owner: "bob" });
  assertEquals(await refusalOf(other), [422, "idempotency_key_reused"]);
});

Deno.test("HEAD of a session's stream takes no slot, and a disconnect releases one", async () => {
  await using test = createSessionsTest({ STREAMS_PER_CLIENT: "1" });
  const url = `${await test.createSession()}/events`;
  assertEquals((await test.request("HEAD", url, { ...asUser("ann"), ...STREAM })).status, 200);
  assertEquals(test.services.budget.inUse, 0);
  const client = await follow(test, url, asUser("ann"));
  const busy = await test.request("GET", url, { ...asUser("ann"), ...STREAM });
  const text = await busy.text();
  assert(text.includes("event: busy") && text.includes(`"poll_url":"${url}"`), text);
  await client.hangUp();
  assertEquals(test.services.budget.inUse, 0);
});

Deno.test("while the store is unavailable a stream answers busy, and a check 503 (S0-29)", async () => {
  await using test = createSessionsTest();
  const url = `${await test.createSession()}/events`;
  test.services.sharedStore.get = () => Promise.reject(new StoreUnavailable());
  const stream = await test.request("GET", url, { ...asUser("ann"), ...STREAM });
  assertEquals([stream.status, (await stream.text()).includes("event: busy\n")], [200, true]);
  const check = await test.request("GET", url, { ...asUser("ann"), ...CHECK });
  assertEquals(await refusalOf(check), [503, "store_away"]);
});

Deno.test("an internal error during a lookup answers 500 without its message (S0-29)", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  test.services.sharedStore.get = () => Promise.reject(new Error("secret inside"));
  for (const accept of [CHECK, STREAM]) {
    const response = await test.request("GET", `${path}/events`, { ...asUser("ann"), ...accept });
    const text = await response.text();
    assertEquals(response.status, 500);
    assert(!text.includes("secret"), text);
  }
  assertEquals(test.services.budget.inUse, 0);
});
