import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { Problem } from "../../lib/core/problem.ts";
import { createRateLimit } from "../../lib/guard/rate_limit.ts";
import type { AppEnv } from "../../lib/http/app_env.ts";
import type { Principal } from "../../lib/http/auth.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { consumeLookup, LOOKUPS_PER_MINUTE, principalKey } from "../../lib/http/rate_limits.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { connectFrom } from "./stream_opener.ts";

Deno.test("consumeLookup() allows 60 failed lookups per minute, then refuses with 429", async () => {
  const clock = createManualClock();
  const rate = createRateLimit(clock, LOOKUPS_PER_MINUTE);
  const app = new Hono<AppEnv>().get("/:key", (c) => {
    consumeLookup(c, rate, c.req.param("key"));
    throw new Problem(404, "unknown_operation", "There is no such operation.");
  });
  app.onError((thrown) => problemResponse(toProblem(thrown)));
  const miss = async (key: string) => await app.request(`/${key}`);

  for (let n = 0; n < LOOKUPS_PER_MINUTE; n++) assertEquals((await miss("ann")).status, 404);
  const refused = await miss("ann");
  const { code, detail } = await refused.json();
  assertEquals([refused.status, code], [429, "lookups_too_often"]);
  assertEquals(
    detail,
    "The limit is 60 lookups of unknown resources per minute. Try again after the delay in `Retry-After`.",
  );
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(refused.headers.get("ratelimit-policy"), '"lookups";q=60;w=60');
  assertEquals((await miss("bob")).status, 404);
  await clock.advance(1000);
  assertEquals((await miss("ann")).status, 404);
});

Deno.test("principalKey() counts users by their `sub` at any address, and others by address", async () => {
  const key = async (principal: Principal, address: string) => {
    const app = new Hono<AppEnv>().get("/", (c) => c.text(principalKey(c, principal, undefined)));
    return await (await app.request("/", {}, connectFrom(address))).text();
  };
  const user: Principal = { kind: "user", sub: "ann", topics: null, expiresAt: Infinity };
  const ticket: Principal = {
    kind: "ticket",
    ticket: "t",
    sub: "ann",
    topics: [],
    expiresAt: undefined,
  };
  const [here, there] = ["192.0.2.1", "192.0.2.2"];
  assertEquals(await key(user, here), await key(user, there));
  assertEquals(await key(ticket, here), await key(user, here));
  const others: Principal[] = [{ kind: "anonymous" }, { kind: "publisher" }, {
    ...ticket,
    sub: undefined,
  }];
  for (const principal of others) assertEquals(await key(principal, here), here);
  // A user whose `sub` looks like an address does not share the limit of that address.
  assert(await key({ ...user, sub: here }, there) !== here);
});
