import { assert, assertEquals } from "@std/assert";
import { MOST_URL_CHARACTERS } from "../../lib/http/input.ts";
import { createAppUnderTest, refusalOf } from "./support.ts";

Deno.test("GET /health tells what this isolate is, and how many streams it carries", async () => {
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

Deno.test("GET /ready refuses while we are going; /health says so and stays 200", async () => {
  await using test = createAppUnderTest();
  const ready = await test.send("/ready");
  assertEquals([ready.status, await ready.json()], [200, { status: "ready" }]);
  await using client = await test.follow("/v1/events/alerts/stream");

  test.services.drain();
  await test.clock.advance(0);
  assertEquals([client.frames.at(-1)?.event, client.isEnded], ["bye", true]);
  const gone = await test.send("/ready");
  assertEquals([gone.headers.get("retry-after"), await refusalOf(gone)], ["5", [503, "draining"]]);
  const health = await test.send("/health");
  assertEquals([health.status, (await health.json()).status], [200, "draining"]);
  const stream = await test.send("/v1/events/alerts/stream");
  assertEquals(await refusalOf(stream), [503, "busy_drain"]);
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

Deno.test("the app takes URLs of 4 KB and no longer ones", async () => {
  await using test = createAppUnderTest();
  const url = "http://localhost/health?";
  const longest = url + "x".repeat(MOST_URL_CHARACTERS - url.length);
  assertEquals([MOST_URL_CHARACTERS, (await test.send(longest)).status], [4096, 200]);
  assertEquals(await refusalOf(await test.send(`${longest}x`)), [414, "url_too_long"]);
});

Deno.test("the app tells the operator of its own faults, and the caller nothing", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/page.css");
  const text = await response.clone().text();
  assertEquals(await refusalOf(response), [500, "internal_error"]);
  assert(!text.includes("no such file"), text);
  const [line = "{}"] = test.lines;
  const { level, message, path, error } = JSON.parse(line);
  assertEquals([level, message, path], ["error", "request failed", "/page.css"]);
  assertEquals(error, "there is no such file");
});
