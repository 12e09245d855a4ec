import { assert, assertEquals } from "@std/assert";
import {
  maxAgeMsOf,
  type PollHints,
  pollIntervalMs,
} from "../../../lib/topics/news/poll_interval.ts";

const MINUTE = 60_000;

function interval(hints: Partial<PollHints>, { leastMs = MINUTE, share = 0.5 } = {}): number {
  const none = { ttlMs: null, maxAgeMs: null, retryAfterMs: null, failures: 0 };
  return pollIntervalMs({ ...none, ...hints }, leastMs, share);
}

Deno.test("intervalOf() is what the feed asks for, within bounds", () => {
  assertEquals(interval({}), MINUTE);
  assertEquals(interval({ ttlMs: 15 * MINUTE }), 15 * MINUTE);
  assertEquals(interval({ ttlMs: 5 * MINUTE, maxAgeMs: 7 * MINUTE }), 7 * MINUTE);
  assertEquals(interval({ ttlMs: 1, maxAgeMs: 0 }), MINUTE);
  assertEquals(interval({ ttlMs: 1e15 }), 60 * MINUTE);
  assertEquals(interval({}, { leastMs: 90 * MINUTE }), 90 * MINUTE);
});

Deno.test("intervalOf() doubles with each failure, spread by chance, up to an hour", () => {
  const waits = [1, 2, 3, 10, 5000].map((failures) => interval({ failures }, { share: 1 }));
  assertEquals(waits, [2, 4, 8, 60, 60].map((minutes) => minutes * MINUTE));
  assertEquals(interval({ failures: 3 }, { share: 0 }), 4 * MINUTE);
});

Deno.test("intervalOf() is never shorter than Retry-After", () => {
  assertEquals(interval({ failures: 1, retryAfterMs: 10 * MINUTE }), 10 * MINUTE);
});

const AGES: readonly (readonly [control: string | null, age: string | null, ms: number | null])[] =
  [
    [null, null, null],
    ["public", null, null],
    ["public, max-age=300", null, 300_000],
    ["Max-Age=300", "100", 200_000],
    [`max-age="300"`, "400", 0],
    ["s-maxage=300", null, null],
    ["max-age=300, no-cache", null, 0],
    ["no-store", null, 0],
    ["max-age=soon", "x", null],
  ];

for (const [control, age, ms] of AGES) {
  Deno.test(`maxAgeOf() is ${ms} for ${control} at age ${age}`, () => {
    const headers = new Headers();
    if (control !== null) headers.set("cache-control", control);
    if (age !== null) headers.set("age", age);
    assertEquals(maxAgeMsOf(headers), ms);
    assert(ms === null || ms >= 0);
  });
}
