import { assert, assertEquals } from "@std/assert";
import { createAppUnderTest } from "./support.ts";

const OURS = "https://a.example";
const LIST = { ALLOWED_ORIGINS: `${OURS},http://localhost:5173` };
const EXPOSED = "etag,location,retry-after,ratelimit,ratelimit-policy";
const ALLOWED = "authorization,content-type,idempotency-key,if-none-match,last-event-id";

/** Returns the headers that a browser checks. */
function corsOf({ headers }: Response) {
  return {
    origin: headers.get("access-control-allow-origin"),
    credentials: headers.get("access-control-allow-credentials"),
    exposed: headers.get("access-control-expose-headers"),
    variesByOrigin: (headers.get("vary") ?? "").toLowerCase().split(/, */).includes("origin"),
  };
}

const ANY = { origin: "*", credentials: null, exposed: EXPOSED, variesByOrigin: false };
const LISTED = { origin: OURS, credentials: "true", exposed: EXPOSED, variesByOrigin: true };

/** Responses of every kind: the path and the status. */
const RESPONSES: readonly (readonly [path: string, status: number])[] = [
  ["/health", 200],
  ["/v1/quotes", 200],
  ["/v1/quotes?symbols=DOGE", 400],
  ["/v1/quotes/stream?max_rate=3", 400],
  ["/v1/events/secret/stream", 401],
  ["/v1/events/nothing/stream", 404],
  ["/nothing", 404],
  [`/${"x".repeat(5000)}`, 414],
];

for (const [path, status] of RESPONSES) {
  Deno.test(`CORS headers are on ${status} of ${path.slice(0, 40)}, for any origin or a listed one`, async () => {
    const headers = { origin: OURS };
    await using open = createAppUnderTest();
    const response = await open.send(path, { headers });
    assertEquals([response.status, corsOf(response)], [status, ANY]);
    await using listed = createAppUnderTest(LIST);
    assertEquals(corsOf(await listed.send(path, { headers })), LISTED);
  });
}

Deno.test("CORS headers are on streams, and on refusals of streams", async () => {
  await using test = createAppUnderTest({ ...LIST, STREAMS_PER_CLIENT: "1" });
  const open = (accept: string) =>
    test.app.request("/v1/events/alerts/stream", { headers: { origin: OURS, accept } });
  const [stream, busy, refused] = [
    await open("*/*"),
    await open("text/event-stream"),
    await open("*/*"),
  ];
  assertEquals([stream.status, busy.status, refused.status], [200, 200, 429]);
  for (const response of [stream, busy, refused]) assertEquals(corsOf(response), LISTED);
  await stream.body?.cancel();
});

Deno.test("CORS headers are on refusals of publishing, and on internal errors", async () => {
  await using test = createAppUnderTest({ PUBLISH_PER_MINUTE: "1" });
  const headers = { origin: OURS };
  const publish = (otherHeaders = {}) =>
    test.publish("alerts", { type: "note", data: 1 }, { ...headers, ...otherHeaders });
  const statuses: number[] = [];
  for (const response of [await publish({ authorization: "" }), await publish(), await publish()]) {
    statuses.push(response.status);
    assertEquals(corsOf(response), ANY);
  }
  assertEquals(statuses, [401, 202, 429]);
  // The page's files do not exist in this runtime.
  const fault = await test.send("/page/page.css", { headers });
  assertEquals([fault.status, corsOf(fault)], [500, ANY]);
});

Deno.test("CORS allows exactly the listed origins", async () => {
  await using test = createAppUnderTest(LIST);
  const origins = ["http://localhost:5173", "http://localhost", "https://a.example.org", "null"];
  const allowed = await Promise.all(
    origins.map(async (origin) =>
      corsOf(await test.send("/health", { headers: { origin } })).origin
    ),
  );
  assertEquals(allowed, ["http://localhost:5173", null, null, null]);
  const { variesByOrigin } = corsOf(await test.send("/health"));
  assert(variesByOrigin);
});

Deno.test("CORS preflights allow the methods and headers of the routes, for a day, and consume nothing", async () => {
  await using test = createAppUnderTest({ PUBLISH_PER_MINUTE: "1", OPENS_PER_MINUTE: "1" });
  const headers = { origin: OURS, "access-control-request-method": "POST" };
  for (const path of ["/v1/events/alerts", "/v1/events/secret/stream", "/v1/quotes"]) {
    const response = await test.send(path, { method: "OPTIONS", headers });
    assertEquals([response.status, await response.text()], [204, ""]);
    assertEquals(response.headers.get("access-control-allow-origin"), "*");
    assertEquals(response.headers.get("access-control-max-age"), "86400");
    assertEquals(response.headers.get("access-control-allow-headers"), ALLOWED);
    const methods = response.headers.get("access-control-allow-methods")?.split(",");
    assertEquals(methods, ["GET", "HEAD", "POST", "PATCH", "DELETE"]);
  }
  assertEquals([test.services.budget.inUse, test.fetched], [0, []]);
  assertEquals((await test.publish("alerts", { type: "note", data: 1 })).status, 202);
});
