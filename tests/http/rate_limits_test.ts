import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createRateLimit } from "../../lib/guard/rate_limit.ts";
import { Problem } from "../../lib/core/problem.ts";
import type { AppEnv } from "../../lib/http/client_address.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { consumeLookup, LOOKUPS_PER_MINUTE } from "../../lib/http/rate_limits.ts";
import { createManualClock } from "../support/manual_clock.ts";

Deno.test("consumeLookup() allows 60 failed lookups per minute, then refuses with 429", async () => {
  const clock = createManualClock();
  const rate = createRateLimit(clock, LOOKUPS_PER_MINUTE);
  const app = new Hono<AppEnv>().get("/:key", (c) => {
    consumeLookup(c, rate, c.req.param("key"));
    throw new Problem(404, "unknown_operation", "There is no such operation.");
  });
  app.onError((thrown) => problemResponse(toProblem(thrown)));
  const miss = async (key: string) => await app.request(`/${key}`);

  for (let n = 0; n < 60; n++) assertEquals((await miss("ann")).status, 404);
  const refused = await miss("ann");
  const { code, detail } = await refused.json();
  assertEquals([refused.status, code], [429, "lookups_too_often"]);
  assertEquals(
    detail,
    "The limit is 60 lookups of unknown resources per minute. Wait for as long as `Retry-After` says.",
  );
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(refused.headers.get("ratelimit-policy"), '"lookups";q=60;w=60');
  assertEquals((await miss("bob")).status, 404);
  await clock.advance(1000);
  assertEquals((await miss("ann")).status, 404);
});
