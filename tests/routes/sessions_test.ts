/** The routes of sessions: what publishers, owners and strangers are answered. */
import { assert, assertEquals } from "@std/assert";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { follow, of } from "./owned_support.ts";
import { CHECK, createSessionsTest, STREAM } from "./sessions_support.ts";
import { refusalOf } from "./support.ts";

Deno.test("POST /v1/sessions begins one, 201 with Location, and its first event opens the stream (S0-1, S0-5)", async () => {
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
  await using client = await follow(test, `/v1/sessions/${session.id}/stream`, of("ann"));
  assertEquals(client.frames.map(({ event }) => event), ["sync", "session"]);
  assertEquals(client.dataOf("session"), [session]);
});

Deno.test("PATCH of a session says where it is, keeps the rest, and ends it once (S0-5)", async () => {
  await using test = createSessionsTest();
  const path = await test.begun();
  const asking = { session_state: "asking", progress: 0.4, data: { question: 3 } };
  const { id: _id, owner: _owner, created_at: _at, updated_at: _then, expires_at: _end, ...told } =
    await (await test.change(path, asking)).json();
  assertEquals(told, { ...asking, terminal: false });
  const done = await (await test.change(path, { session_state: "completed" })).json();
  const { session_state, terminal, progress, data } = done;
  assertEquals([session_state, terminal, progress, data], ["completed", true, 1, { question: 3 }]);
  const late = await test.change(path, { progress: 0.5 });
  assertEquals(await refusalOf(late), [409, "session_over"]);
});

for (
  const [what, body, field] of [
    ["a state that only time tells", { session_state: "expired" }, "session_state"],
    ["no state at all", { session_state: "" }, "session_state"],
    ["an end in other letters", { session_state: "COMPLETED" }, "session_state"],
    ["a progress above 1", { progress: 1.5 }, "progress"],
    ["a field it does not know", { state: "asking" }, "state"],
  ] as const
) {
  Deno.test(`PATCH of a session refuses ${what}, and names the field`, async () => {
    await using test = createSessionsTest();
    const response = await test.change(await test.begun(), body);
    const { code, errors } = await response.json();
    assertEquals([response.status, code, errors[0].field], [400, "bad_parameters", field]);
  });
}

Deno.test("PATCH of a session refuses what is too large, and it goes on", async () => {
  await using test = createSessionsTest({ MAX_EVENT_BYTES: "2000" });
  const path = await test.begun();
  const large = await test.change(path, { data: "x".repeat(2000) });
  assertEquals(await refusalOf(large), [413, "event_too_large"]);
  assertEquals((await test.change(path, {})).status, 200);
});

Deno.test("a session streams to its end by either URL, and a reconnect after it answers 204 (S0-1, S0-17, S0-19)", async () => {
  await using test = createSessionsTest();
  const path = await test.begun();
  await using one = await follow(test, `${path}/stream`, of("ann"));
  await using other = await follow(test, `${path}/events`, of("ann"));
  await test.change(path, { session_state: "asking", progress: 0.5 });
  await test.clock.advance(20);
  await test.change(path, { session_state: "failed", data: { code: "no_answer" } });
  await test.clock.advance(20);
  for (const client of [one, other]) {
    const types = client.frames.map(({ event }) => event);
    assertEquals(types, ["sync", "session", "session", "failed", "bye"]);
    assertEquals(client.dataOf("bye").map((bye) => Object(bye).reason), ["finished"]);
    assert(client.isEnded);
  }
  for (const url of [`${path}/stream`, `${path}/events`]) {
    const back = { ...of("ann"), ...STREAM, "last-event-id": one.cursor };
    assertEquals((await test.ask("GET", url, back)).status, 204);
  }
  assertEquals(test.services.budget.inUse, 0);
});

Deno.test("a stream is 200, text/event-stream, and has events within its first six frames, unread to its end (S0-20)", async () => {
  await using test = createSessionsTest();
  const path = await test.begun();
  const response = await test.ask("GET", `${path}/events`, { ...of("ann"), ...STREAM });
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader?.read() ?? {};
  const events = value.split("\n\n").slice(0, 6).filter((frame) => /^event: /m.test(frame));
  assert(events.length > 0, value);
  await reader?.cancel();
});

Deno.test("a stream in silence has a heartbeat each HEARTBEAT_MS (S0-18)", async () => {
  await using test = createSessionsTest({ HEARTBEAT_MS: "1000" });
  await using client = await follow(test, `${await test.begun()}/stream`, of("ann"));
  await test.clock.advance(5000);
  const beats = client.frames.filter(({ event }) => event === "heartbeat");
  assertEquals(beats.length, 5);
});

Deno.test("only publishers begin and change", async () => {
  await using test = createSessionsTest();
  const path = await test.begun();
  for (const headers of [{}, of("ann")]) {
    const begun = await test.ask("POST", "/v1/sessions", headers, { owner: "ann" });
    assertEquals(await refusalOf(begun), [401, "bad_token"]);
    assertEquals(await refusalOf(await test.ask("PATCH", path, headers, {})), [401, "bad_token"]);
  }
});

Deno.test("a session that is another's is as unknown as one that is not there, 60 times a minute (S0-15)", async () => {
  await using test = createSessionsTest();
  const paths = [await test.begun(), "/v1/sessions/0123456789abcdefghijklmn"];
  for (const headers of [CHECK, STREAM, {}]) {
    for (const url of ["/events", "/stream"]) {
      const bodies = await Promise.all(paths.map(async (path) => {
        const response = await test.ask("GET", path + url, { ...of("bob"), ...headers });
        assertEquals(response.status, 404);
        return await response.text();
      }));
      assertEquals(bodies[0], bodies[1]);
    }
  }
  for (let n = 12; n < 60; n++) {
    assertEquals((await test.ask("GET", `${paths[n % 2]}/events`, of("bob"))).status, 404);
  }
  for (const path of paths) {
    const response = await test.ask("GET", `${path}/events`, of("bob"));
    assertEquals([response.status, response.headers.has("retry-after")], [429, true]);
    await response.body?.cancel();
  }
  assertEquals((await test.ask("GET", `${paths[0]}/events`, of("ann"))).status, 200);
  assertEquals((await test.ask("GET", `${paths[0]}/events`, {})).status, 401);
  const narrow = of("ann", { topics: ["operations/*"] });
  assertEquals((await test.ask("GET", `${paths[0]}/events`, narrow)).status, 403);
});

Deno.test("sessions share a connection with other topics", async () => {
  await using test = createSessionsTest();
  const path = await test.begun();
  const url = `/v1/stream?topics=${path.slice("/v1/".length)},events/alerts`;
  await using client = await follow(test, url, of("ann", { topics: ["sessions/*"] }));
  await test.publish("alerts", { type: "note", data: 1 });
  await test.change(path, { session_state: "completed" });
  await test.clock.advance(20);
  const types = client.frames.map(({ event }) => event);
  assertEquals(types, ["sync", "session", "note", "completed"]);
  const other = await test.ask("GET", url, of("bob"));
  assertEquals(await refusalOf(other), [404, "unknown_topic"]);
});

Deno.test("Idempotency-Key makes a repeated beginning one session, and refuses another body", async () => {
  await using test = createSessionsTest();
  const key = { "idempotency-key": "visit 1" };
  const first = await (await test.create(key)).json();
  const again = await test.create(key);
  assertEquals([again.status, await again.json()], [201, first]);
  const other = await test.create(key, { owner: "bob" });
  assertEquals(await refusalOf(other), [422, "idempotency_key_reused"]);
});

Deno.test("HEAD takes no stream, and a hang-up frees one from within", async () => {
  await using test = createSessionsTest({ STREAMS_PER_CLIENT: "1" });
  const url = `${await test.begun()}/events`;
  assertEquals((await test.ask("HEAD", url, { ...of("ann"), ...STREAM })).status, 200);
  assertEquals(test.services.budget.inUse, 0);
  const client = await follow(test, url, of("ann"));
  const busy = await test.ask("GET", url, { ...of("ann"), ...STREAM });
  const text = await busy.text();
  assert(text.includes("event: busy") && text.includes(`"poll_url":"${url}"`), text);
  await client.hangUp();
  assertEquals(test.services.budget.inUse, 0);
});

Deno.test("while the store is unavailable a stream answers busy, and a check 503 (S0-29)", async () => {
  await using test = createSessionsTest();
  const url = `${await test.begun()}/events`;
  test.services.sharedStore.get = () => Promise.reject(new StoreUnavailable());
  const stream = await test.ask("GET", url, { ...of("ann"), ...STREAM });
  assertEquals([stream.status, (await stream.text()).includes("event: busy\n")], [200, true]);
  const check = await test.ask("GET", url, { ...of("ann"), ...CHECK });
  assertEquals(await refusalOf(check), [503, "store_away"]);
});

Deno.test("a fault while a session is looked up is a problem without its inside (S0-29)", async () => {
  await using test = createSessionsTest();
  const path = await test.begun();
  test.services.sharedStore.get = () => Promise.reject(new Error("secret inside"));
  for (const accept of [CHECK, STREAM]) {
    const response = await test.ask("GET", `${path}/events`, { ...of("ann"), ...accept });
    const text = await response.text();
    assertEquals(response.status, 500);
    assert(!text.includes("secret"), text);
  }
  assertEquals(test.services.budget.inUse, 0);
});
