import { assertEquals } from "@std/assert";
import { type CallLimit, createPace, sustainedIntervalMs } from "../../lib/upstream/pace.ts";
import { createUpstream } from "../../lib/upstream/upstream.ts";
import { createManualClock } from "../support/manual_clock.ts";
import { createNetwork, failureOf, json } from "./support.ts";

const PER_SECOND: CallLimit = { calls: 3, perMs: 1000 };
const PER_MINUTE: CallLimit = { calls: 8, perMs: 60_000 };
const parse = (text: string): unknown => JSON.parse(text);
const urls = (count: number) =>
  Array.from({ length: count }, (_, n) => `https://api.example.com/${n}`);

Deno.test("createPace() lets a call wait until it is within all limits", async () => {
  const clock = createManualClock();
  const pace = createPace(clock, [PER_SECOND, PER_MINUTE]);
  const startsMs: number[] = [];
  const start = clock.elapsed();
  for (let i = 0; i < 10; i++) {
    await clock.advance(pace.waitMs(1));
    startsMs.push(clock.elapsed() - start);
    pace.record(1);
  }
  assertEquals(startsMs, [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 60_000, 60_000]);
});

Deno.test("createPace() counts the cost of calls, and lets a call that alone exceeds a limit take a whole interval", async () => {
  const clock = createManualClock();
  const pace = createPace(clock, [PER_MINUTE]);
  pace.record(5);
  assertEquals([pace.waitMs(3), pace.waitMs(4)], [0, 60_000]);
  await clock.advance(60_000);
  assertEquals(pace.waitMs(20), 0);
  pace.record(20);
  assertEquals(pace.waitMs(1), 60_000);
});

Deno.test("createPace() keeps its limits when the wall clock is set back or forwards", async () => {
  for (const shiftMs of [-600_000, 3_600_000]) {
    const clock = createManualClock();
    const pace = createPace(clock, [PER_SECOND]);
    pace.record(3);
    clock.shiftWallClock(shiftMs);
    assertEquals(pace.waitMs(1), 1000);
    await clock.advance(1000);
    assertEquals(pace.waitMs(1), 0);
  }
});

Deno.test("sustainedIntervalMs() follows the tightest limit", () => {
  assertEquals(sustainedIntervalMs(20, [PER_SECOND, PER_MINUTE], 1), 150_000);
  assertEquals(sustainedIntervalMs(20, [PER_SECOND, PER_MINUTE], 0.5), 300_000);
  assertEquals(sustainedIntervalMs(20, [], 1), 0);
});

Deno.test("upstream.get() keeps the calls for 200 URLs within the limits, and makes all of them", async () => {
  const limits: readonly CallLimit[] = [{ calls: 10, perMs: 1000 }, { calls: 400, perMs: 60_000 }];
  const callsAt: number[] = [];
  const { runtime, clock } = createNetwork(() => {
    callsAt.push(clock.elapsed());
    return json(1);
  });
  const upstream = createUpstream(runtime, { title: "Example", ttlMs: 60_000, limits });
  const answers = Promise.all(urls(200).map((url) => upstream.get(url, parse)));
  await clock.advance(20_000);
  assertEquals((await answers).length, 200);
  for (const { calls, perMs } of limits) {
    const busiest = Math.max(
      ...callsAt.map((at) => callsAt.filter((other) => other >= at && other < at + perMs).length),
    );
    assertEquals(busiest <= calls, true, `${busiest} calls in ${perMs} ms`);
  }
});

Deno.test("upstream.get() makes at most ten calls per second without a stated limit", async () => {
  const { runtime, clock, calls } = createNetwork(() => json(1));
  const upstream = createUpstream(runtime, { title: "Example", ttlMs: 60_000 });
  const answers = Promise.all(urls(25).map((url) => upstream.get(url, parse)));
  await clock.advance(999);
  assertEquals(calls.length, 10);
  await clock.advance(1001);
  await answers;
  assertEquals(calls.length, 25);
});

Deno.test("upstream.get() fails at once if its limit is reached for long", async () => {
  const { runtime, clock, calls } = createNetwork(() => json(1));
  const limits = [{ calls: 8, perMs: 86_400_000 }];
  const upstream = createUpstream(runtime, { title: "Example", ttlMs: 1000, limits });
  await upstream.get("https://api.example.com/batch", parse, 8);
  const { kind, message, retryAfterMs } = await failureOf(
    upstream.get("https://api.example.com/other", parse),
  );
  assertEquals([kind, retryAfterMs, calls.length], ["waiting", 86_400_000, 1]);
  assertEquals(message.endsWith("since its limit of calls is reached"), true, message);
  assertEquals(clock.timers, 0);
});

Deno.test("upstream.get() makes none of the waiting calls once the upstream asks for a pause", async () => {
  const { runtime, clock, calls } = createNetwork(() => new Response("no", { status: 429 }));
  const limits = [{ calls: 1, perMs: 1000 }];
  const upstream = createUpstream(runtime, { title: "Example", ttlMs: 60_000, limits });
  const failures = Promise.all(urls(5).map((url) => failureOf(upstream.get(url, parse))));
  await clock.advance(5000);
  assertEquals((await failures).map(({ kind }) => kind), ["http", ...Array(4).fill("waiting")]);
  assertEquals([calls.length, clock.timers], [1, 0]);
});

Deno.test("upstream.get() holds up no URL while another one hangs", async () => {
  const { runtime, clock } = createNetwork(({ url }) =>
    url.endsWith("/0") ? new Promise<Response>(() => {}) : json(1)
  );
  const upstream = createUpstream(runtime, { title: "Example", ttlMs: 60_000 });
  const [hanging = "", ...others] = urls(9);
  const failure = failureOf(upstream.get(hanging, parse));
  await clock.advance(0);
  for (const url of others) assertEquals((await upstream.get(url, parse)).value, 1);
  await clock.advance(8000);
  assertEquals((await failure).kind, "timeout");
});
