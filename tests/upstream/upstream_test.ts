import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { UpstreamFailure } from "../../lib/upstream/failure.ts";
import { createUpstream, type Upstream } from "../../lib/upstream/upstream.ts";
import type { ManualClock } from "../support/manual_clock.ts";
import { createNetwork, failureOf, json, refusal } from "./support.ts";

const BTC = "https://api.example.com/btc";
const ETH = "https://api.example.com/eth";
const options = { title: "Example", ttlMs: 1000 };
const parse = (text: string): unknown => JSON.parse(text);

Deno.test("createUpstream() starts nothing", () => {
  const { runtime, clock, calls } = createNetwork(() => json(1));
  const upstream = createUpstream(runtime, options);
  assertEquals([clock.timers, calls.length], [0, 0]);
  assertEquals(upstream.health(), { breaker: "closed", nextTryAt: null, failure: null });
});

Deno.test("upstream.get() calls again once the TTL is over, counted from the call", async () => {
  const { runtime, clock, calls } = createNetwork(async () => {
    const arrival = Promise.withResolvers<Response>();
    const price = calls.length;
    clock.after(100, () => arrival.resolve(json({ price })));
    return await arrival.promise;
  });
  const upstream = createUpstream(runtime, options);
  const [start, startElapsed] = [clock.now(), clock.elapsed()];
  const first = upstream.get(BTC, parse);
  await clock.advance(100);
  const expected = {
    value: { price: 1 },
    receivedAt: start + 100,
    receivedElapsed: startElapsed + 100,
    failure: null,
  };
  assertEquals(await first, expected);
  await clock.advance(899);
  assertEquals(await upstream.get(BTC, parse), expected);
  assertEquals(calls.length, 1);

  await clock.advance(1);
  const second = upstream.get(BTC, parse);
  await clock.advance(100);
  assertEquals((await second).value, { price: 2 });
});

Deno.test("upstream.get() shares one flight among concurrent callers, but not its value", async () => {
  const { runtime, calls } = createNetwork(() => json({ prices: [1] }));
  const upstream = createUpstream(runtime, options);
  let parses = 0;
  const counted = (text: string): { prices: number[] } => {
    parses++;
    return JSON.parse(text);
  };
  const [first, second] = await Promise.all([
    upstream.get(BTC, counted),
    upstream.get(BTC, counted),
    upstream.get(ETH, counted),
  ]);
  assertEquals(calls.map(({ url }) => url), [BTC, ETH]);
  first.value.prices.push(2);
  assertEquals(second.value, { prices: [1] });
  assertEquals((await upstream.get(BTC, counted)).value, { prices: [1] });
  assertEquals(parses, 4, "once per caller");
});

Deno.test("upstream.get() serves every caller, even for a flight whose URL was evicted from the cache", async () => {
  const { runtime, calls } = createNetwork(({ url }) => json(url));
  const upstream = createUpstream(runtime, options);
  const urls = Array.from({ length: 100 }, (_, n) => `${BTC}/${n}`);
  const answers = await Promise.all(urls.map((url) => upstream.get(url, parse)));
  assertEquals(answers.map(({ value }) => value), urls);
  await upstream.get(BTC + "/0", parse);
  assertEquals(calls.length, 101, "the oldest are evicted");
});

Deno.test("upstream.get() returns a stale value with its time and the failure, then a fresh one", async () => {
  const answers = [json(1), refusal(500), json({ not: "a number" }), json(2)];
  const { runtime, clock } = createNetwork(() => answers.shift() ?? refusal(404));
  const upstream = createUpstream(runtime, options);
  const number = (text: string): number => {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "number") throw new TypeError(`Cannot parse ${text}`);
    return value;
  };
  const start = clock.now();
  await upstream.get(BTC, number);
  for (const kind of ["http", "shape"]) {
    await clock.advance(1000);
    const { value, receivedAt, failure } = await upstream.get(BTC, number);
    assertEquals([value, receivedAt, failure?.kind], [1, start, kind]);
    assertEquals(upstream.health().failure, failure);
  }
  // No TTL holds a failure: the next get() makes a call.
  const { value, failure } = await upstream.get(BTC, number);
  assertEquals([value, failure], [2, null]);
  assertEquals(upstream.health().failure, null);
});

Deno.test("upstream.get() rejects without a cached value, and the next call starts a new flight", async () => {
  const answers = [refusal(500), json(1)];
  const { runtime } = createNetwork(() => answers.shift() ?? refusal(404));
  const upstream = createUpstream(runtime, options);
  const both = [upstream.get(BTC, parse), upstream.get(BTC, parse)];
  for (const flight of both) assertEquals((await failureOf(flight)).status, 500);
  assertEquals((await upstream.get(BTC, parse)).value, 1);
});

Deno.test("upstream.get() reports an error of `parse` as an unknown shape, without the body", async () => {
  const { runtime } = createNetwork(() =>
    new Response("<secret>", { headers: { "content-type": "application/json" } })
  );
  const { kind, message } = await failureOf(createUpstream(runtime, options).get(BTC, parse));
  assertEquals([kind, message], ["shape", "Example answered in an unknown format"]);
});

Deno.test("upstream.get() passes on a failure that `parse` throws, and starts a cool-down", async () => {
  const { runtime, calls } = createNetwork(() => json({ error: ["EGeneral:Too many requests"] }));
  const upstream = createUpstream(runtime, options);
  const reported = new UpstreamFailure("http", "Example refused: too many requests", {
    status: 429,
  });
  const refuse = () => {
    throw reported;
  };
  assert(await failureOf(upstream.get(BTC, refuse)) === reported);
  assertEquals((await failureOf(upstream.get(BTC, refuse))).kind, "waiting");
  assertEquals(calls.length, 1);
});

Deno.test("upstream.get() makes no call before Retry-After is over", async () => {
  const answers = [json(1), refusal(503, "5"), json(2)];
  const { runtime, clock, calls } = createNetwork(() => answers.shift() ?? refusal(404));
  const upstream = createUpstream(runtime, options);
  await upstream.get(BTC, parse);
  await clock.advance(1000);
  await upstream.get(BTC, parse);
  assertEquals(upstream.health().nextTryAt, clock.now() + 5000);
  assertEquals(upstream.health().breaker, "closed");

  await clock.advance(4999);
  const { value, failure } = await upstream.get(BTC, parse);
  assertEquals([value, failure?.kind, failure?.retryAfterMs], [1, "waiting", 1]);
  assertEquals((await failureOf(upstream.get(ETH, parse))).kind, "waiting");
  assertEquals(upstream.health().failure?.status, 503, "the last call's failure");
  assertEquals(calls.length, 2);

  await clock.advance(1);
  assertEquals(upstream.health().nextTryAt, null);
  assertEquals((await upstream.get(BTC, parse)).value, 2);
});

Deno.test("upstream.get() waits a minute after a 429, two after the next in a row", async () => {
  const answers = [refusal(429), json(1), refusal(429), refusal(429)];
  const { runtime, clock } = createNetwork(() => answers.shift() ?? refusal(404));
  const upstream = createUpstream(runtime, { ...options, ttlMs: 0 });
  const minutes: number[] = [];
  while (answers.length > 0) {
    await upstream.get(BTC, parse).catch(() => {});
    const pause = Math.max((upstream.health().nextTryAt ?? 0) - clock.now(), 0);
    minutes.push(pause / 60_000);
    await clock.advance(pause);
  }
  assertEquals(minutes, [1, 0, 1, 2]);
});

/** Makes three consecutive calls that fail. */
async function failThrice(clock: ManualClock, upstream: Upstream): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await clock.advance(1000);
    await failureOf(upstream.get(BTC, parse));
  }
}

Deno.test("upstream.get() opens the breaker after three failures, with longer pauses after each failed trial", async () => {
  const { runtime, clock, calls } = createNetwork(() => refusal(500));
  const upstream = createUpstream(runtime, options);
  for (let i = 0; i < 3; i++) {
    assertEquals(upstream.health().breaker, "closed");
    await clock.advance(1000);
    await failureOf(upstream.get(BTC, parse));
  }
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    const { breaker, nextTryAt } = upstream.health();
    assertEquals(breaker, "open");
    pauses.push((nextTryAt ?? 0) - clock.now());
    await clock.advance((nextTryAt ?? 0) - clock.now() - 1);
    assertEquals((await failureOf(upstream.get(BTC, parse))).kind, "waiting");
    assertEquals(calls.length, 3 + i);
    await clock.advance(1);
    assertEquals([upstream.health().breaker, upstream.health().nextTryAt], ["half-open", null]);
    assertEquals((await failureOf(upstream.get(BTC, parse))).kind, "http");
  }
  assertEquals(pauses, [10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000));
});

Deno.test("upstream.get() counts simultaneous failures once", async () => {
  const { runtime, clock } = createNetwork(() => refusal(500));
  const upstream = createUpstream(runtime, options);
  for (const breaker of ["closed", "closed", "open"]) {
    await Promise.all([BTC, ETH].map((url) => failureOf(upstream.get(url, parse))));
    assertEquals(upstream.health().breaker, breaker);
    await clock.advance(1000);
  }
});

Deno.test("upstream.get() reports the end and the reason of a pause", async () => {
  let status = 500;
  const { runtime, clock } = createNetwork(() => refusal(status));
  const upstream = createUpstream(runtime, options);
  await clock.advance(Date.UTC(2026, 0, 1, 12) - 10_500 + 600 - 3000 - clock.now());
  await failThrice(clock, upstream);
  const { message } = await failureOf(upstream.get(BTC, parse));
  assertEquals(message, "Example is not called until 12:00:01 UTC after 3 failures");

  status = 429;
  await clock.advance(10_000);
  await failureOf(upstream.get(BTC, parse));
  const requested = (await failureOf(upstream.get(BTC, parse))).message;
  assertStringIncludes(requested, "until 12:01:01 UTC, as it requested");
});

Deno.test("upstream.get() sends one trial while half-open, lets other calls wait for it, and closes after its success", async () => {
  let trial = Promise.withResolvers<number>();
  const { runtime, clock, calls } = createNetwork(async () =>
    calls.length <= 3 ? refusal(500) : json(1, { status: await trial.promise })
  );
  const upstream = createUpstream(runtime, options);
  await failThrice(clock, upstream);

  await clock.advance(10_000);
  const lost = [BTC, ETH].map((url) => failureOf(upstream.get(url, parse)));
  await clock.advance(0);
  assertEquals([calls.length, upstream.health().breaker], [4, "half-open"]);
  trial.resolve(500);
  assertEquals((await Promise.all(lost)).map(({ kind }) => kind), ["http", "waiting"]);
  assertEquals([calls.length, upstream.health().breaker], [4, "open"]);

  trial = Promise.withResolvers();
  await clock.advance(20_000);
  const won = [BTC, ETH].map((url) => upstream.get(url, parse));
  await clock.advance(0);
  assertEquals(calls.length, 5);
  trial.resolve(200);
  assertEquals((await Promise.all(won)).map(({ value }) => value), [1, 1]);
  assertEquals([calls.length, upstream.health().breaker], [6, "closed"]);
});

Deno.test("upstream.get() keeps its TTL when the wall clock is set back or forwards", async () => {
  for (const shiftMs of [-600_000, 3_600_000]) {
    const { runtime, clock, calls } = createNetwork(() => json(calls.length));
    const upstream = createUpstream(runtime, options);
    await upstream.get(BTC, parse);
    clock.shiftWallClock(shiftMs);
    await clock.advance(999);
    assertEquals((await upstream.get(BTC, parse)).value, 1);
    await clock.advance(1);
    assertEquals((await upstream.get(BTC, parse)).value, 2);
  }
});

Deno.test("upstream.get() ends a pause of the breaker on time when the wall clock is set back or forwards", async () => {
  for (const shiftMs of [-600_000, 3_600_000]) {
    const { runtime, clock } = createNetwork(() => refusal(500));
    const upstream = createUpstream(runtime, options);
    await failThrice(clock, upstream);
    clock.shiftWallClock(shiftMs);
    await clock.advance(9999);
    assertEquals(upstream.health().breaker, "open");
    await clock.advance(1);
    assertEquals(upstream.health(), {
      ...upstream.health(),
      breaker: "half-open",
      nextTryAt: null,
    });
  }
});
