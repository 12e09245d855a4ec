/** GET /v1/sessions/{id}/events: the check that never waits, the stream, and the deprecated long poll. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { figureIn } from "../metrics/exposition.ts";
import { asUser } from "./owned_support.ts";
import { CHECK, createSessionsTest, STREAM } from "./sessions_support.ts";

const DEPRECATION_HEADERS = ["deprecation", "sunset", "link"] as const;

Deno.test("a check answers immediately, without waiting: state, progress, the poll delay of 5 s and a recommendation (S0-2, S0-12, S0-21)", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  await test.report(path, { session_state: "asking", progress: 0.25 });
  const sentAt = test.clock.now();
  const response = await test.request("GET", `${path}/events`, { ...asUser("ann"), ...CHECK });
  const { recommendation, ...check } = await response.json();
  assertEquals(test.clock.now(), sentAt);
  assertEquals(response.status, 200);
  assertEquals(check, { session_state: "asking", progress: 0.25, next_poll_delay: 5 });
  assertMatch(recommendation, new RegExp(`${path}/stream`));
});

Deno.test("a check of an ended session returns its terminal state, with a delay of 5 s for clients that miss it (S0-2, S0-13)", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  await test.report(path, { session_state: "completed" });
  const { recommendation, ...check } =
    await (await test.request("GET", `${path}/events`, { ...asUser("ann"), ...CHECK })).json();
  assertEquals(check, { session_state: "completed", progress: 1, next_poll_delay: 5 });
  assertMatch(recommendation, /has ended/);
});

Deno.test("a check has an ETag, and answers 304 until the session changes", async () => {
  await using test = createSessionsTest();
  const path = await test.createSession();
  const headers = { ...asUser("ann"), ...CHECK };
  const etag = (await test.request("GET", `${path}/events`, headers)).headers.get("etag") ?? "";
  const conditional = { ...headers, "if-none-match": etag };
  await test.report(path, {});
  assertEquals((await test.request("GET", `${path}/events`, conditional)).status, 304);
  await test.report(path, { progress: 0.1 });
  const next = await test.request("GET", `${path}/events`, conditional);
  assertNotEquals(next.headers.get("etag"), etag);
  assertEquals(next.status, 200);
});

for (
  const [format, accept] of [["application/json", CHECK], ["text/event-stream", STREAM]] as const
) {
  Deno.test(`GET …/events answers ${format} if Accept requests it, with Vary: Accept and without deprecation headers (S0-14)`, async () => {
    await using test = createSessionsTest({ ALLOWED_ORIGINS: "https://a.example" });
    const url = `${await test.createSession()}/events`;
    for (const method of ["GET", "HEAD"]) {
      const origin = { origin: "https://a.example" };
      const response = await test.request(method, url, { ...asUser("ann"), ...accept, ...origin });
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("content-type"), format);
      const vary = response.headers.get("vary")?.split(", ").toSorted();
      assertEquals(vary, ["Accept", "Origin"]);
      for (const name of DEPRECATION_HEADERS) assert(!response.headers.has(name), name);
      await response.body?.cancel();
    }
    assertEquals(test.lines.filter((line) => line.includes("deprecated")), []);
  });
}

for (const accept of [{}, { accept: "*/*" }]) {
  Deno.test(`the old long poll (accept: ${accept.accept ?? "none"}) is answered immediately, with deprecation headers (S0-8, S0-24, S0-25, S0-26)`, async () => {
    await using test = createSessionsTest();
    const path = await test.createSession();
    const sentAt = test.clock.now();
    const response = await test.request("GET", `${path}/events`, { ...asUser("ann"), ...accept });
    assertEquals([response.status, test.clock.now()], [200, sentAt]);
    assertEquals((await response.json()).next_poll_delay, 5);
    const [deprecation, sunset, link] = DEPRECATION_HEADERS.map((name) =>
      response.headers.get(name)
    );
    assertEquals([deprecation, sunset], ["@1782864000", "Thu, 31 Dec 2026 23:59:59 GMT"]);
    assert(link?.includes(`<${path}/stream>; rel="successor-version"`), String(link));

    const lines = test.lines.filter((line) => line.includes("deprecated use"));
    assertEquals(lines.length, 1);
    assert(!lines.some((line) => line.includes(path.slice("/v1/sessions/".length))), lines[0]);
    const metrics = await (await test.send("/metrics")).text();
    const uses = figureIn(metrics, "deprecated_uses_total", { use: "session_long_poll" });
    assertEquals(uses, 1);
  });
}

Deno.test("the old long poll of an unknown session answers 404, and does not count as a use", async () => {
  await using test = createSessionsTest();
  assertEquals((await test.request("GET", "/v1/sessions/none/events", asUser("ann"))).status, 404);
  assertEquals(figureIn(await (await test.send("/metrics")).text(), "deprecated_uses_total"), 0);
});

Deno.test("Link leads to the deprecation note in /openapi.json (S0-27)", async () => {
  await using test = createSessionsTest();
  const response = await test.request("GET", `${await test.createSession()}/events`, asUser("ann"));
  const [, guide = ""] = /<([^>]+)>; rel="deprecation"/.exec(response.headers.get("link") ?? "") ??
    [];
  const [path = "", pointer = ""] = guide.split("#");
  const document: unknown = await (await test.send(path)).json();
  const keys = decodeURIComponent(pointer).split("/").slice(1);
  const target = keys.reduce<unknown>(
    (value, key) => Object(value)[key.replaceAll("~1", "/").replaceAll("~0", "~")],
    document,
  );
  assertMatch(String(Object(target).description), /Deprecation.*EventSource/s);
  const [json, stream] = ["application/json", "text/event-stream"].map((type) =>
    type in Object(target).responses[200].content
  );
  assertEquals([json, stream], [true, true]);
});
