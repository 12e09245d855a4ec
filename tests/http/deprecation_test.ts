/** Deprecated uses: announced to clients, counted, and logged for operators. */
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/app_env.ts";
import { createDeprecation, SESSION_LONG_POLL } from "../../lib/http/deprecation.ts";
import { createLogger } from "../../lib/core/logger.ts";
import { createManualClock } from "../support/manual_clock.ts";

Deno.test("a deprecated use is counted each time, and logged at most once per minute with the count, whatever the wall clock does (S0-8, S0-24, S0-25)", async () => {
  const clock = createManualClock();
  const lines: { level: string; requests: number }[] = [];
  let counted = 0;
  const log = createLogger("info", clock, (line) => lines.push(JSON.parse(line)));
  const deprecation = createDeprecation(
    { clock, log, metrics: { deprecated: () => void counted++ } },
    SESSION_LONG_POLL,
  );
  const app = new Hono<AppEnv>().get("/:id", (c) => {
    deprecation.report(c, "/new");
    return c.body(null);
  });
  const request = async (times: number, method = "GET") => {
    for (let n = 0; n < times; n++) await app.request("/a-secret-id", { method });
  };

  await request(30);
  await clock.advance(59_999);
  clock.shiftWallClock(-600_000);
  await request(20);
  assertEquals(lines.map(({ requests }) => requests), [1]);
  await clock.advance(1);
  await request(50);
  assertEquals(lines.map(({ level, requests }) => [level, requests]), [["warn", 1], ["warn", 51]]);
  await request(5, "HEAD");
  assertEquals(counted, 100);
  assert(!JSON.stringify(lines).includes("secret"));
});

Deno.test("SESSION_LONG_POLL is deprecated half a year before its sunset, after the second quarter of 2026 (S0-26)", () => {
  const { since, until } = SESSION_LONG_POLL;
  assertEquals(new Date(Number(since.slice(1)) * 1000).toISOString(), "2026-07-01T00:00:00.000Z");
  const end = new Date(until);
  assertEquals([end.toISOString(), end.toUTCString()], ["2026-12-31T23:59:59.000Z", until]);
});
