import { assert, assertEquals } from "@std/assert";
import { openStream } from "../support/stream_client.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { assertStreamHeaders, namesOf, openingOf } from "../support/opening.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BUSY, parse, PROBLEM, QUOTES_ANSWER } from "../support/shapes.ts";
import { within } from "../support/within.ts";

const ALERTS = "/v1/events/alerts/stream";
const BOTH = "/v1/stream?topics=quotes,events/alerts";

Deno.test("a request for an impossible stream is refused by a status, and HEAD takes no slot", async (t) => {
  await using server = await startServer(PUBLISHER_SETTINGS);
  const { origin, port } = server;

  await t.step(
    "HEAD responds without waiting, with the stream's headers, and takes no slot",
    async () => {
      await untilOpen(origin, 0);
      for (const path of ["/v1/quotes/stream", ALERTS, BOTH]) {
        const answer = openStream(port, path, { method: "HEAD" });
        using head = await within(5000, `HEAD ${path}`, answer);
        assertEquals(head.status, 200);
        assertStreamHeaders(head.headers);
        assertEquals(await openStreamCount(origin), 0);
      }
    },
  );

  await t.step("bad parameters and unknown names are real refusals", async () => {
    const refusals: [string, number, string][] = [
      ["/v1/quotes/stream?symbols=BTC-USD,NOPE-USD", 400, "NOPE-USD"],
      ["/v1/quotes/stream?max_rate=3", 400, "max_rate"],
      ["/v1/quotes/stream?max_rate=x", 400, "max_rate"],
      ["/v1/events/nowhere/stream", 404, "nowhere"],
      ["/v1/stream?topics=quotes,events/nowhere", 404, "nowhere"],
      ["/v1/stream?topics=quotes,weather", 404, "weather"],
    ];
    for (const [path, status, named] of refusals) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await fetch(origin + path, {
          method,
          headers: { accept: "text/event-stream" },
        });
        const text = await answer.text();
        assertEquals(answer.status, status, `${method} ${path}`);
        assertEquals(answer.headers.get("content-type"), "application/problem+json");
        if (method === "HEAD") continue;
        assertEquals(parse(PROBLEM, text).status, status);
        assert(text.includes(named), `${path} does not name ${named}: ${text}`);
      }
    }
    assertEquals(await openStreamCount(origin), 0);
  });
});

Deno.test("a client over its limit is refused in the format that it accepts", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, STREAMS_PER_CLIENT: "1" });
  using first = await openStream(server.port, ALERTS);
  const [sync] = await openingOf(first);

  using second = await openStream(server.port, ALERTS, { cursor: sync?.id ?? "" });
  assertEquals(second.status, 200);
  assertStreamHeaders(second.headers);
  const frames = await second.rest();
  assertEquals(namesOf(frames), ["busy"]);
  const [busy] = frames;
  const { reason, limit, in_use, retry_after_ms } = parse(BUSY, busy?.data ?? "");
  assertEquals([reason, limit, in_use], ["client", 1, 1]);
  assertEquals([busy?.retry, busy?.id], [retry_after_ms, null]);
  assert(retry_after_ms >= 5000 && retry_after_ms <= 30_000, `in ${retry_after_ms} ms`);
  assert(second.isWhole, "the body was cut off");
  assertEquals(second.lastEventId, sync?.id);

  using quotes = await openStream(server.port, "/v1/quotes/stream?symbols=BTC-USD");
  const [refusal] = await quotes.rest();
  const pollUrl = parse(BUSY, refusal?.data ?? "").poll_url ?? "";
  const polled = await fetch(server.origin + pollUrl);
  assertEquals(polled.status, 200, pollUrl);
  parse(QUOTES_ANSWER, await polled.text());

  const answer = await fetch(server.origin + ALERTS, { headers: { accept: "application/json" } });
  assertEquals(answer.status, 429);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assert(Number(answer.headers.get("retry-after")) >= 1);
  assert(answer.headers.has("ratelimit"));
  assertEquals(parse(PROBLEM, await answer.text()).status, 429);

  // HEAD takes no slot, so it is not refused.
  const head = await fetch(server.origin + ALERTS, { method: "HEAD" });
  assertEquals(head.status, 200);
  assertStreamHeaders(head.headers);

  first.hangUp();
  await untilOpen(server.origin, 0);
  using third = await openStream(server.port, ALERTS);
  assertEquals(namesOf(await openingOf(third)), ["sync"]);
});
