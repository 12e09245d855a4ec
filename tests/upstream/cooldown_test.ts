import { assertEquals } from "@std/assert";
import { createCooldown, parseRetryAfter } from "../../lib/upstream/cooldown.ts";
import { UpstreamFailure } from "../../lib/upstream/failure.ts";
import { createManualClock } from "../support/manual_clock.ts";

const MINUTE = 60_000;

Deno.test("parseRetryAfter() reads seconds and the three forms of dates", () => {
  const now = Date.UTC(2026, 9, 21, 7, 28, 0);
  const read = (header: string) => parseRetryAfter(new Headers({ "retry-after": header }), now);
  assertEquals(parseRetryAfter(new Headers(), now), null);
  for (
    const [header, delayMs] of [
      [" 120 ", 120_000],
      ["1.5", 1500],
      ["86400", 86_400_000],
      ["9".repeat(400), Infinity],
      ["Wed, 21 Oct 2026 07:29:30 GMT", 90_000],
      ["Wednesday, 21-Oct-26 07:29:30 GMT", 90_000],
      ["Wed Oct 21 07:29:30 2026", 90_000],
      ["Sun Nov  1 07:28:00 2026", 11 * 86_400_000],
    ] as const
  ) assertEquals([header, read(header)], [header, delayMs]);
});

Deno.test("parseRetryAfter() reads nothing from 0, a time past and malformed headers", () => {
  const now = Date.UTC(2026, 9, 21, 7, 28, 0);
  const headers = [
    "0",
    "0.0",
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "Wed, 21 Oct 2026 07:00:00 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "",
    "-1",
    "1e3",
    "soon",
    "2026-10-21",
    "Wed, 99 Oct 2026 07:29:30 GMT",
    "Wed, 21 Foo 2026 07:29:30 GMT",
    "Wed, 21 Oct 2026 07:29:30 CET",
  ];
  for (const header of headers) {
    const delayMs = parseRetryAfter(new Headers({ "retry-after": header }), now);
    assertEquals([header, delayMs], [header, null]);
  }
});

Deno.test("parseRetryAfter() counts a date from the time of the response, since the clocks may differ", () => {
  const headers = new Headers({
    "retry-after": "Wed, 21 Oct 2026 07:29:30 GMT",
    "date": "Wed, 21 Oct 2026 07:28:00 GMT",
  });
  for (const now of [Date.UTC(2026, 9, 21, 6), Date.UTC(2026, 9, 21, 9)]) {
    assertEquals(parseRetryAfter(headers, now), 90_000);
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

Deno.test("createCooldown() keeps its own pause if a 429 in a row asks for less", async () => {
  const clock = createManualClock();
  const cooldown = createCooldown(clock);
  const pausesS: number[] = [];
  for (let i = 0; i < 4; i++) {
    cooldown.recordFailure(new UpstreamFailure("http", "no", { status: 429, retryAfterMs: 1000 }));
    pausesS.push(cooldown.waitMs() / 1000);
    await clock.advance(cooldown.waitMs());
  }
  assertEquals(pausesS, [1, 60, 120, 240]);
});

Deno.test("parseRetryAfter() reads what servers send beside the forms of HTTP", () => {
  const now = Date.UTC(2026, 11, 1, 12, 0, 0);
  const read = (header: string) => parseRetryAfter(new Headers({ "retry-after": header }), now);
  for (
    const header of [
      "Tue, 1 Dec 2026 12:01:00 GMT",
      "Tue, 01 Dec 2026 12:01:00 +0000",
      "2026-12-01T12:01:00Z",
      "60, 60",
      "7, 60",
    ]
  ) assertEquals(read(header), 60_000, header);
  for (
    const header of ["-60", "60 apples", "60s", "Tue, 01 Dec 2026 12:01:00 PST", "Infinity", "0x10"]
  ) {
    assertEquals(read(header), null, header);
  }
});
