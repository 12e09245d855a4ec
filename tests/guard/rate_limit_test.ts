import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Clock } from "../../lib/core/clock.ts";
import { createRateLimit } from "../../lib/guard/rate_limit.ts";
import { createManualClock } from "../support/manual_clock.ts";

const MINUTE_MS = 60_000;

/** Creates a limit on a clock that the test sets. */
function createLimitUnderTest(perMinute: number) {
  const time = { now: 5000 };
  const clock: Clock = { ...createManualClock(), elapsed: () => time.now };
  return { limit: createRateLimit(clock, perMinute), time };
}

Deno.test("createRateLimit() allows a burst, counts it down, and returns the delay until the next request", () => {
  const { limit, time } = createLimitUnderTest(3);
  const allowed = { isAllowed: true, limit: 3, retryAfterMs: 0 };
  for (const remaining of [2, 1, 0]) assertEquals(limit.consume("a"), { ...allowed, remaining });
  time.now += 5000;
  const refused = { isAllowed: false, limit: 3, remaining: 0, retryAfterMs: 15_000 };
  assertEquals(limit.consume("a"), refused);
  assertEquals(limit.consume("b"), { ...allowed, remaining: 2 });
  // Refused requests do not count: the second refusal equals the first.
  assertEquals(limit.consume("a"), refused);
  time.now += 14_999;
  assertEquals(limit.consume("a").retryAfterMs, 1);
  time.now += 1;
  assertEquals(limit.consume("a"), { ...allowed, remaining: 0 });
});

Deno.test("createRateLimit() refills evenly over the minute, up to the limit", () => {
  const { limit, time } = createLimitUnderTest(6);
  const countAllowed = () => {
    let count = 0;
    while (limit.consume("a").isAllowed) count++;
    return count;
  };
  assertEquals(countAllowed(), 6);
  time.now += 25_000;
  assertEquals(countAllowed(), 2);
  time.now += 5000;
  assertEquals(countAllowed(), 1);
  time.now += 3_600_000;
  assertEquals(countAllowed(), 6);
});

Deno.test("createRateLimit() treats 0 as no limit", () => {
  const { limit } = createLimitUnderTest(0);
  for (let n = 0; n < 1000; n++) {
    const unlimited = { isAllowed: true, limit: 0, remaining: Infinity, retryAfterMs: 0 };
    assertEquals(limit.consume("a"), unlimited);
  }
});

Deno.test("createRateLimit() stores 20,000 keys, and evicts the least recently used", () => {
  const { limit } = createLimitUnderTest(1);
  for (let n = 0; n < 20_000; n++) limit.consume(String(n));
  assert(!limit.consume("0").isAllowed);
  limit.consume("one more");
  assert(!limit.consume("0").isAllowed);
  assert(limit.consume("1").isAllowed);
});

Deno.test("createRateLimit() never allows more than the limit plus the refill of the elapsed time", () => {
  const steps = fc.array(
    fc.oneof(fc.constant(0), fc.nat(3000), fc.nat(90_000)),
    { minLength: 1, maxLength: 80 },
  );
  fc.assert(fc.property(fc.integer({ min: 1, max: 13 }), steps, (perMinute, waits) => {
    const { limit, time } = createLimitUnderTest(perMinute);
    const allowed: number[] = [];
    for (const wait of waits) {
      time.now += wait;
      const { isAllowed, retryAfterMs } = limit.consume("a");
      if (isAllowed) {
        allowed.push(time.now);
        continue;
      }
      // The delay is correct to the millisecond.
      assert(retryAfterMs > 0 && retryAfterMs <= MINUTE_MS / perMinute + 0.001);
      time.now += Math.max(0, Math.ceil(retryAfterMs) - 1);
      assert(!limit.consume("a").isAllowed || retryAfterMs < 1);
      time.now += 1;
      assert(limit.consume("a").isAllowed);
      allowed.push(time.now);
    }
    for (const [i, from] of allowed.entries()) {
      for (const [j, to] of allowed.slice(i).entries()) {
        const share = (to - from) * perMinute / MINUTE_MS;
        assert(j + 1 <= perMinute + share + 1e-6, `${j + 1} in ${to - from} ms`);
      }
    }
  }));
});

Deno.test("createRateLimit() does not refuse a known key when the wall clock is set back or forwards", () => {
  for (const shiftMs of [-600_000, 3_600_000]) {
    const clock = createManualClock();
    const limit = createRateLimit(clock, 3);
    assertEquals(limit.consume("a").remaining, 2);
    clock.shiftWallClock(shiftMs);
    assertEquals(limit.consume("a").remaining, 1);
  }
});
