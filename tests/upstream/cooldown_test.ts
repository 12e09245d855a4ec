import { assertEquals } from "@std/assert";
import { createCooldown, parseRetryAfter } from "../../lib/upstream/cooldown.ts";
import { UpstreamFailure } from "../../lib/upstream/failure.ts";
import { createManualClock } from "../support/manual_clock.ts";

const MINUTE = 60_000;

Deno.test("parseRetryAfter() reads seconds and dates", () => {
  const now = Date.UTC(2026, 9, 21, 7, 28, 0);
  const read = (header: string | null) => parseRetryAfter(header, now);
  assertEquals(read("0"), 0);
  assertEquals(read(" 120 "), 120_000);
  assertEquals(read("86400"), 86_400_000);
  assertEquals(read("9".repeat(400)), Infinity);
  assertEquals(read("Wed, 21 Oct 2026 07:29:30 GMT"), 90_000);
  assertEquals(read("Wed, 21 Oct 2026 07:00:00 GMT"), 0);
  for (const bad of [null, "", "-1", "1.5", "soon", "2026-10-21", "Wed, 99 Oct 2026 07 GMT"]) {
    assertEquals([bad, read(bad)], [bad, null]);
  }
});

Deno.test("createCooldown() doubles the pause with each 429 in a row, from 1 to 15 minutes", async () => {
  const clock = createManualClock();
  const cooldown = createCooldown(clock);
  const pauses: number[] = [];
  for (let i = 0; i < 6; i++) {
    // Two concurrent calls count once.
    cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 429 }));
    cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 429 }));
    pauses.push(cooldown.waitMs() / MINUTE);
    await clock.advance(cooldown.waitMs());
  }
  assertEquals(pauses, [1, 2, 4, 8, 15, 15]);

  cooldown.recordSuccess();
  cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 429 }));
  assertEquals(cooldown.waitMs(), MINUTE);
});

Deno.test("createCooldown() caps a cool-down at 15 minutes", () => {
  const clock = createManualClock();
  const cooldown = createCooldown(clock);
  cooldown.recordFailure(
    new UpstreamFailure("http", "no", { status: 503, retryAfterMs: Infinity }),
  );
  assertEquals(cooldown.waitMs(), 15 * MINUTE);
});

Deno.test("createCooldown() never shortens a running cool-down", () => {
  const clock = createManualClock();
  const cooldown = createCooldown(clock);
  cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 503, retryAfterMs: 300_000 }));
  cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 429, retryAfterMs: 1000 }));
  cooldown.recordSuccess();
  assertEquals(cooldown.waitMs(), 300_000);
});

Deno.test("createCooldown() ends on time when the wall clock is set back or forwards", async () => {
  for (const shiftMs of [-600_000, 3_600_000]) {
    const clock = createManualClock();
    const cooldown = createCooldown(clock);
    cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 429 }));
    clock.shiftWallClock(shiftMs);
    assertEquals(cooldown.waitMs(), MINUTE);
    await clock.advance(MINUTE);
    assertEquals(cooldown.waitMs(), 0);
  }
});
