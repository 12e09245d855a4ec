import { assert, assertEquals } from "@std/assert";
import { MAX_URL_CHARACTERS } from "../../lib/http/query_params.ts";
import { figureIn } from "../metrics/exposition.ts";
import { type AppUnderTest, createAppUnderTest, refusalOf, TOKEN } from "./support.ts";

/** Reads the sum of a metric, named without its prefix, over all series with these labels. */
async function readFigure(
  test: AppUnderTest,
  name: string,
  labels?: Readonly<Record<string, string>>,
): Promise<number> {
  return figureIn(await (await test.send("/metrics")).text(), name, labels);
}

Deno.test("GET /health reports the isolate and its streams", async () => {
  await using test = createAppUnderTest({ STREAMS_PER_ISOLATE: "7" });
  await using _client = await test.follow("/v1/events/alerts/stream");
  const response = await test.send("/health");
  assertEquals([response.status, response.headers.get("cache-control")], [200, "no-store"]);
  assertEquals(await response.json(), {
    status: "ok",
    version: "0.0.0",
    isolate: test.services.isolate,
    demo: true,
    store: { kind: "memory", is_up: true, commands: 0 },
    streams: { open: 1, limit: 7 },
  });
});

Deno.test("GET /ready answers 503 while the isolate drains; /health reports it with 200", async () => {
  await using test = createAppUnderTest();
  const ready = await test.send("/ready");
  assertEquals([ready.status, await ready.json()], [200, { status: "ready" }]);
  await using client = await test.follow("/v1/events/alerts/stream");

  test.services.drain();
  await test.clock.advance(0);
  assertEquals([client.frames.at(-1)?.event, client.isEnded], ["bye", true]);
  const draining = await test.send("/ready");
  assertEquals([draining.headers.get("retry-after"), await refusalOf(draining)], ["5", [
    503,
    "draining",
  ]]);
  const health = await test.send("/health");
  assertEquals([health.status, (await health.json()).status], [200, "draining"]);
  const stream = await test.send("/v1/events/alerts/stream");
  assertEquals(await refusalOf(stream), [503, "busy_drain"]);
});

Deno.test("GET /metrics is open in the demo, not cached, and in Prometheus' format", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/metrics");
  assertEquals([response.status, response.headers.get("cache-control")], [200, "no-store"]);
  assertEquals(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  const labels = { version: "0.0.0", store: "memory", isolate: test.services.isolate };
  assertEquals(figureIn(await response.text(), "info", labels), 1);
});

Deno.test("GET and HEAD /metrics need the publisher's token outside the demo", async () => {
  await using test = createAppUnderTest({ DEMO: "0" });
  for (const method of ["GET", "HEAD"]) {
    const send = (authorization?: string) =>
      test.send("/metrics", { method, headers: authorization ? { authorization } : {} });
    for (const wrong of [undefined, "Bearer another-token-of-16", `Basic ${TOKEN}`, TOKEN]) {
      const refused = await send(wrong);
      assertEquals(refused.status, 401, `${method} ${wrong}`);
      assertEquals(refused.headers.get("www-authenticate"), "Bearer");
      assert(!(await refused.text()).includes("edgetape_"));
    }
    const response = await send(`Bearer ${TOKEN}`);
    assertEquals([response.status, response.headers.get("cache-control")], [200, "no-store"]);
    assertEquals((await response.text()) === "", method === "HEAD");
  }
});

Deno.test("GET /metrics is off while no token is set, and names the setting", async () => {
  const settings = { DEMO: "0", PUBLISH_TOKEN: "" };
  await using test = createAppUnderTest(settings);
  const response = await test.send("/metrics", { headers: { authorization: "Bearer " } });
  assert((await response.clone().text()).includes("Set `PUBLISH_TOKEN`"));
  assertEquals(await refusalOf(response), [403, "metrics_off"]);
});

Deno.test("GET /metrics reports streams, slots, publications and providers of a demo", async () => {
  await using test = createAppUnderTest({ STREAMS_PER_ISOLATE: "7" });
  await using _quotes = await test.follow("/v1/quotes/stream");
  await using alerts = await test.follow("/v1/stream?topics=events/alerts");
  await test.publish("alerts", { type: "note", data: 1 });
  await test.publish("alerts", { type: "nonsense", data: 1 });
  await test.clock.advance(1000);
  assertEquals(await readFigure(test, "streams", { topic: "quotes" }), 1);
  assertEquals([await readFigure(test, "seats_in_use"), await readFigure(test, "seats_limit")], [
    2,
    7,
  ]);
  const published = (labels: Record<string, string>) =>
    readFigure(test, "events_published_total", labels);
  assertEquals(await published({ topic: "events", outcome: "appended" }), 1);
  assertEquals(await published({ topic: "events", outcome: "refused" }), 1);
  assertEquals(await readFigure(test, "events_delivered_total", { topic: "events" }), 1);
  assertEquals(alerts.dataOf("note").length, 1);
  const callCount = test.fetched.filter((url) => url.includes("coinbase")).length;
  const labels = { provider: "coinbase", outcome: "ok" };
  assert(callCount > 0);
  assertEquals(await readFigure(test, "provider_calls_total", labels), callCount);
  assertEquals(await readFigure(test, "provider_calls_total", { provider: "other" }), 0);
  assertEquals(await readFigure(test, "provider_breaker", { state: "closed" }), 4);
});

Deno.test("GET /metrics reports failing providers by kind, and their breakers", async () => {
  await using test = createAppUnderTest(
    { STREAMING_SOURCES: "none" },
    () => Promise.resolve(new Response("no", { status: 500 })),
  );
  await using _client = await test.follow("/v1/quotes/stream");
  await test.clock.advance(60_000);
  const labels = { provider: "coinbase", outcome: "http" };
  const failed = await readFigure(test, "provider_calls_total", labels);
  assertEquals(failed, test.fetched.filter((url) => url.includes("coinbase")).length);
  assertEquals(await readFigure(test, "provider_calls_total", { outcome: "ok" }), 0);
  assertEquals(
    await readFigure(test, "provider_breaker", { provider: "coinbase", state: "closed" }),
    0,
  );
  assert(await readFigure(test, "provider_calls_total", { outcome: "waiting" }) > 0);
});

Deno.test("GET /metrics counts refused streams by reason", async () => {
  const open = "/v1/events/alerts/stream";
  const refused = (test: AppUnderTest, reason: string) =>
    readFigure(test, "streams_refused_total", { reason });
  await using full = createAppUnderTest({ STREAMS_PER_ISOLATE: "1", STREAMS_PER_CLIENT: "1" });
  await using _one = await full.follow(open);
  await full.send(open);
  assertEquals(await refused(full, "client"), 1);
  await using small = createAppUnderTest({ STREAMS_PER_ISOLATE: "1" });
  await using _two = await small.follow(open);
  await small.send(open, { headers: { accept: "text/event-stream" } });
  await small.send(open, { method: "HEAD" });
  assertEquals(await refused(small, "isolate"), 1);
  small.services.drain();
  await small.send(open);
  assertEquals(await refused(small, "drain"), 1);
  await using strict = createAppUnderTest({ OPENS_PER_MINUTE: "1" });
  await using _three = await strict.follow(open);
  await strict.send(open);
  assertEquals(await refused(strict, "rate"), 1);
  assertEquals(await readFigure(strict, "streams_refused_total"), 1);
  assertEquals(await readFigure(strict, "streams_opened_total"), 1);
});

Deno.test("GET /metrics counts Redis commands as GET /health does, and reports an unavailable store", async () => {
  const redis = { UPSTASH_REDIS_REST_URL: "https://redis.example", UPSTASH_REDIS_REST_TOKEN: "t" };
  await using test = createAppUnderTest(redis, () => Promise.reject(new Error("no network")));
  // The task queue was read once.
  assertEquals(
    [await readFigure(test, "store_up"), await readFigure(test, "store_commands_total")],
    [
      0,
      1,
    ],
  );
  const pending = test.publish("alerts", { type: "note", data: 1 });
  await test.clock.advance(10_000);
  assertEquals((await pending).status, 503);
  const { store } = await (await test.send("/health")).json();
  assert(store.commands > 0);
  assertEquals(await readFigure(test, "store_commands_total"), store.commands);
  assertEquals([store.is_up, await readFigure(test, "store_up")], [false, 0]);
  assertEquals(await readFigure(test, "events_published_total", { outcome: "away" }), 1);
  assertEquals(await readFigure(test, "info", { store: "redis" }), 1);
});

Deno.test("the app answers unknown routes and methods with a problem", async () => {
  await using test = createAppUnderTest();
  const requests = [["GET", "/nothing"], ["GET", "/v1"], ["DELETE", "/health"], [
    "PUT",
    "/v1/quotes",
  ]];
  for (const [method, path = ""] of requests) {
    const response = await test.send(path, method ? { method } : {});
    assertEquals(await refusalOf(response), [404, "unknown_route"], path);
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("the app accepts URLs of at most 4,096 characters", async () => {
  await using test = createAppUnderTest();
  const url = "http://localhost/health?";
  const longest = url + "x".repeat(MAX_URL_CHARACTERS - url.length);
  assertEquals([MAX_URL_CHARACTERS, (await test.send(longest)).status], [4096, 200]);
  assertEquals(await refusalOf(await test.send(`${longest}x`)), [414, "url_too_long"]);
});

Deno.test("the app logs internal errors, and reveals nothing of them to the caller", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/page/page.css");
  const text = await response.clone().text();
  assertEquals(await refusalOf(response), [500, "internal_error"]);
  assert(!text.includes("no such file"), text);
  const [line = "{}"] = test.lines;
  const { level, message, path, error } = JSON.parse(line);
  assertEquals([level, message, path], ["error", "request failed", "/page/page.css"]);
  assertEquals(error, "there is no such file");
});
