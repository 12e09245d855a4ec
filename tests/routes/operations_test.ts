/** The routes of operations, for publishers, owners and other users. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { LOOKUPS_PER_MINUTE } from "../../lib/http/rate_limits.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { AS_PUBLISHER, asUser, createAppWithUsers, follow, START_S } from "./owned_support.ts";
import { refusalOf } from "./support.ts";

const EXPORT = { kind: "export", owner: "ann" };

/** Creates an app and a publisher of operations. */
function createTest(env: Record<string, string> = {}) {
  const test = createAppWithUsers(env);
  return Object.assign(test, {
    async create(body: unknown = EXPORT, headers = {}) {
      return await test.request("POST", "/v1/operations", { ...AS_PUBLISHER, ...headers }, body);
    },
    /** Creates an operation. Returns its path. */
    async createOperation(): Promise<string> {
      const { id } = await (await this.create()).json();
      return `/v1/operations/${id}`;
    },
    report: async (path: string, body: unknown) =>
      await test.request("PATCH", path, AS_PUBLISHER, body),
  });
}

Deno.test("POST /v1/operations creates an operation, answers 201 with Location, and publishes its first progress (S4-3)", async () => {
  await using test = createTest();
  const response = await test.create({ ...EXPORT, ttl_s: 60 });
  const operation = await response.json();
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("location"), `/v1/operations/${operation.id}`);
  assertEquals([operation.state, operation.owner, operation.progress], ["pending", "ann", null]);
  const lifetimeMs = Date.parse(operation.expires_at) - Date.parse(operation.created_at);
  assertEquals(lifetimeMs, 60_000);
  await using client = await follow(test, `/v1/operations/${operation.id}/stream`, asUser("ann"));
  assertEquals(client.frames.map(({ event }) => event), ["sync", "progress"]);
  assertEquals(client.dataOf("progress"), [operation]);
});

Deno.test("GET of an operation answers immediately, with its ETag and the delay until the next poll (S4-28, S4 defect 5)", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  await test.report(path, { progress: 0.5, eta_s: 20 });
  const first = await test.request("GET", path, asUser("ann"));
  const { next_poll_delay, ...operation } = await first.json();
  assertEquals([first.status, next_poll_delay, first.headers.get("retry-after")], [200, 5, "5"]);
  assertEquals([operation.state, operation.progress], ["running", 0.5]);

  const etag = first.headers.get("etag") ?? "";
  const conditional = { ...asUser("ann"), "if-none-match": etag };
  await test.clock.advance(1000);
  assertEquals((await test.request("GET", path, conditional)).status, 304);
  await test.report(path, { state: "completed", result: { rows: 3 } });
  const last = await test.request("GET", path, conditional);
  assertNotEquals(last.headers.get("etag"), etag);
  const { state, result, next_poll_delay: lastDelay } = await last.json();
  assertEquals([last.status, state, result, lastDelay], [200, "completed", { rows: 3 }, 0]);
  assert(!last.headers.has("retry-after"));
});

Deno.test("an operation streams to its end, and a reconnect after it answers 204 (S4-1, S4-2, S4 defect 4)", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  await using client = await follow(test, `${path}/stream`, asUser("ann"));
  await test.report(path, { progress: 0.5 });
  await test.clock.advance(20);
  await test.report(path, { state: "failed", error: { code: "disk_full" } });
  await test.clock.advance(20);
  assertEquals(client.frames.map(({ event }) => event), [
    "sync",
    "progress",
    "progress",
    "failed",
    "bye",
  ]);
  assertEquals(client.dataOf("bye").map((bye) => Object(bye).reason), ["finished"]);
  const resuming = { ...asUser("ann"), "last-event-id": client.cursor };
  const again = await test.request("GET", `${path}/stream`, resuming);
  assertEquals([again.status, await again.text()], [204, ""]);
  assertEquals(test.services.budget.inUse, 0);
  await using snapshot = await follow(test, `${path}/stream?snapshot=1`, resuming);
  assertEquals(snapshot.frames.map(({ event }) => event), ["sync", "failed", "bye"]);
});

Deno.test("DELETE of an operation answers 202 and cancels it, and its worker's next report answers 409", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  await using client = await follow(test, `${path}/stream`, asUser("ann"));
  const response = await test.request("DELETE", path, asUser("ann"));
  assertEquals([response.status, (await response.json()).state], [202, "cancelled"]);
  await test.clock.advance(20);
  assertEquals(client.frames.map(({ event }) => event).slice(-2), ["cancelled", "bye"]);
  assertEquals((await test.request("DELETE", path, AS_PUBLISHER)).status, 202);
  assertEquals(await refusalOf(await test.report(path, { progress: 1 })), [409, "operation_over"]);
});

Deno.test("DELETE of an operation that has ended otherwise answers 409", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  await test.report(path, { state: "completed" });
  assertEquals(await refusalOf(await test.request("DELETE", path, asUser("ann"))), [
    409,
    "operation_over",
  ]);
});

for (
  const [flaw, body, field] of [
    ["a progress above 1", { progress: 1.5 }, "progress"],
    ["a state that cannot be reported", { state: "expired" }, "state"],
    ["a message that is not a string", { message: 7 }, "message"],
  ] as const
) {
  Deno.test(`PATCH of an operation refuses ${flaw}, and names the field (S4-6)`, async () => {
    await using test = createTest();
    const path = await test.createOperation();
    const response = await test.report(path, body);
    const { code, errors } = await response.json();
    assertEquals([response.status, code, errors[0].field], [400, "bad_parameters", field]);
  });
}

Deno.test("PATCH of an operation refuses an unknown field, a transition back, and a result that is too large (S4-6)", async () => {
  await using test = createTest({ MAX_EVENT_BYTES: "2000" });
  const path = await test.createOperation();
  assertEquals((await test.report(path, { percent: 1 })).status, 400);
  assertEquals((await test.report(path, { state: "running" })).status, 200);
  const reverse = await test.report(path, { state: "pending" });
  assertEquals(await refusalOf(reverse), [409, "bad_transition"]);
  const large = await test.report(path, { result: "x".repeat(2000) });
  assertEquals(await refusalOf(large), [413, "event_too_large"]);
});

Deno.test("POST /v1/operations refuses an operation without an owner (S4-6)", async () => {
  await using test = createTest();
  assertEquals((await test.create({ kind: "export" })).status, 400);
});

Deno.test("an operation whose terminal event would be too large is not created", async () => {
  await using test = createTest({ MAX_EVENT_BYTES: "400" });
  const large = await test.create({ kind: "k".repeat(20), owner: "ann" });
  assertEquals(await refusalOf(large), [413, "event_too_large"]);
});

Deno.test("PATCH of an operation refuses a result that is too deep to be written", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  const headers = { ...AS_PUBLISHER, "content-type": "application/json" };
  for (const depth of [30_000, 150_000]) {
    const body = `{"result":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const response = await test.app.request(path, { method: "PATCH", headers, body });
    assertEquals(await refusalOf(response), [400, "unserialisable"], String(depth));
  }
});

Deno.test("only publishers create and report operations (S4-4)", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  for (const headers of [{}, asUser("ann")]) {
    const created = await test.request("POST", "/v1/operations", headers, EXPORT);
    assertEquals(await refusalOf(created), [401, "bad_token"]);
    const refused = await test.request("PATCH", path, headers, { progress: 1 });
    assertEquals(await refusalOf(refused), [401, "bad_token"]);
  }
});

Deno.test("another user's operation and an unknown one get the same responses (S4-5, S4-21, S4 defect 3)", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  const missing = "/v1/operations/0123456789abcdefghijklmn";
  for (const [method, suffix] of [["GET", ""], ["DELETE", ""], ["GET", "/stream"]] as const) {
    const bodies = await Promise.all([path, missing].map(async (operation) => {
      const response = await test.request(method, operation + suffix, asUser("bob"));
      assertEquals(response.status, 404);
      return await response.text();
    }));
    assertEquals(bodies[0], bodies[1]);
  }
  const narrow = asUser("ann", { topics: ["events/*"] });
  const forbidden = await Promise.all([path, missing].map(async (operation) => {
    const response = await test.request("GET", operation, narrow);
    assertEquals(response.status, 403);
    return (await response.text()).replace(operation.slice("/v1/".length), "…");
  }));
  assertEquals(forbidden[0], forbidden[1]);
  assertEquals((await test.request("GET", path, {})).status, 401);
  assertEquals((await test.request("GET", path, asUser("ann"))).status, 200);
});

Deno.test("lookups of unknown and of another user's operations answer 404 60 times per minute, then 429 (S4 defect 6)", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  const bodies: string[] = [];
  for (let n = 0; n < LOOKUPS_PER_MINUTE; n++) {
    const operation = n % 2 === 0 ? path : `/v1/operations/nothing-${n}`;
    assertEquals((await test.request("GET", operation, asUser("bob"))).status, 404);
  }
  for (const operation of [path, "/v1/operations/nothing"]) {
    const response = await test.request("GET", operation, asUser("bob"));
    assertEquals([response.status, response.headers.has("retry-after")], [429, true]);
    bodies.push(await response.text());
  }
  assertEquals(bodies[0], bodies[1]);
  assertEquals(
    (await test.request("GET", path, asUser("ann"))).status,
    200,
    "successful lookups are not counted",
  );
});

Deno.test("a stream of several operations ends with the last of them (S4-27)", async () => {
  await using test = createTest();
  const paths = [await test.createOperation(), await test.createOperation()];
  const names = paths.map((path) => path.slice("/v1/".length));
  const url = `/v1/stream?topics=${names.join(",")}`;
  await using client = await follow(test, url, asUser("ann"));
  for (const path of paths) {
    await test.report(path, { state: "completed" });
    await test.clock.advance(20);
  }
  assertEquals(client.frames.map(({ event }) => event), [
    "sync",
    "progress",
    "progress",
    "completed",
    "completed",
    "bye",
  ]);
  const resuming = { ...asUser("ann"), "last-event-id": client.cursor };
  assertEquals((await test.request("GET", url, resuming)).status, 204);
});

Deno.test("an unknown operation refuses a new stream of several topics; after a reconnect, sync lists it as gone", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  const name = path.slice("/v1/".length);
  const url = `/v1/stream?topics=${name},operations/none`;
  const refused = await test.request("GET", url, asUser("ann"));
  const { code, detail } = await refused.json();
  assertEquals([refused.status, code], [404, "unknown_topic"]);
  assert(detail.includes("operations/none"));

  await using first = await follow(test, `/v1/stream?topics=${name}`, asUser("ann"));
  const resuming = { ...asUser("ann"), "last-event-id": first.cursor };
  await using client = await follow(test, url, resuming);
  const [sync] = client.dataOf("sync");
  assertEquals([Object(sync).topics, Object(sync).gone], [[name], ["operations/none"]]);
  const noTopic = await test.request("GET", "/v1/stream?topics=operations/none", resuming);
  assertEquals(noTopic.status, 204);
});

Deno.test("a repeated Idempotency-Key returns the first operation, and is refused with another body", async () => {
  await using test = createTest();
  const key = { "idempotency-key": "order 1" };
  const first = await (await test.create(EXPORT, key)).json();
  await test.report(`/v1/operations/${first.id}`, { progress: 0.5 });
  const again = await test.create(EXPORT, key);
  assertEquals([again.status, await again.json()], [201, first]);
  const other = await test.create({ ...EXPORT, owner: "bob" }, key);
  assertEquals(await refusalOf(other), [422, "idempotency_key_reused"]);
});

Deno.test("an operation past LOG_RETAIN_MS is not found, nor is its stream", async () => {
  await using test = createTest({ LOG_RETAIN_MS: "60000" });
  const path = await test.createOperation();
  await test.report(path, { state: "completed" });
  await test.clock.advance(60_002);
  for (const url of [path, `${path}/stream`]) {
    assertEquals((await test.request("GET", url, asUser("ann"))).status, 404);
  }
});

Deno.test("a stream of an operation ends with the user's token: auth, then bye revoked (S4-20)", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  const exp = START_S + 90;
  await using client = await follow(test, `${path}/stream`, asUser("ann", { exp }));
  await test.clock.advance(91_000);
  const types = client.frames.map(({ event }) => event).filter((type) => type !== "heartbeat");
  assertEquals(types, ["sync", "progress", "auth", "bye"]);
  assertEquals(client.dataOf("bye").map((bye) => Object(bye).reason), ["revoked"]);
});

Deno.test("a disconnect releases the slot of an operation's stream, and HEAD takes none (S4-20, S4-22)", async () => {
  await using test = createTest({ STREAMS_PER_CLIENT: "1" });
  const path = `${await test.createOperation()}/stream`;
  assertEquals((await test.request("HEAD", path, asUser("ann"))).status, 200);
  const client = await follow(test, path, asUser("ann"));
  assertEquals(test.services.budget.inUse, 1);
  const second = await test.request("GET", path, asUser("ann"));
  assertEquals(await refusalOf(second), [429, "busy_client"]);
  await client.hangUp();
  assertEquals(test.services.budget.inUse, 0);
});

Deno.test("GET /openapi.json lists the routes of operations (S4-7, S4-9)", async () => {
  await using test = createTest();
  const { paths } = await (await test.send("/openapi.json")).json();
  assertEquals(Object.keys(paths["/v1/operations/{id}"]).toSorted(), ["delete", "get", "patch"]);
  assert(paths["/v1/operations"].post && paths["/v1/operations/{id}/stream"].get);
});

Deno.test("the store is not read for a caller whose token is missing, bad, or for another topic", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  let reads = 0;
  const { get } = test.services.sharedStore;
  test.services.sharedStore.get = (key) => (reads++, get(key));
  const callers = [
    {},
    { authorization: "Bearer wrong" },
    asUser("ann", { topics: ["events/*"] }),
  ];
  for (const headers of callers) {
    for (const url of [path, `${path}/stream`, `/v1/stream?topics=${path.slice(4)}`]) {
      const { status } = await test.request("GET", url, headers);
      assert(status === 401 || status === 403, `${url} responds with ${status}`);
    }
  }
  assertEquals(reads, 0);
});

Deno.test("while the store is unavailable an EventSource receives busy, and other clients a 503", async () => {
  await using test = createTest();
  const path = await test.createOperation();
  test.services.sharedStore.get = () => Promise.reject(new StoreUnavailable());
  for (const url of [`${path}/stream`, `/v1/stream?topics=${path.slice(4)}`]) {
    const headers = { ...asUser("ann"), accept: "text/event-stream" };
    const response = await test.request("GET", url, headers);
    assertEquals(response.status, 200);
    assert((await response.text()).includes("event: busy\n"));
    assertEquals(await refusalOf(await test.request("GET", url, asUser("ann"))), [
      503,
      "store_away",
    ]);
  }
});
