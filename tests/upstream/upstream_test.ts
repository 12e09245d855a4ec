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
  const { runtime, calls } = createNetwork(({ url }) => json(url + " ".repeat(1_000_000)));
  const upstream = createUpstream(runtime, { ...options, limits: [] });
  const urls = Array.from({ length: 12 }, (_, n) => `${BTC}/${n}`);
  const answers = await Promise.all(urls.map((url) => upstream.get(url, parse)));
  assertEquals(answers.map(({ value }) => String(value).trim()), urls);
  await upstream.get(BTC + "/0", parse);
  assertEquals(calls.length, 13, "the oldest are evicted");
});

Deno.test("upstream.get() caches the texts of 1,000 URLs", async () => {
  const { runtime, calls } = createNetwork(({ url }) => json(url));
  const upstream = createUpstream(runtime, { ...options, limits: [] });
  const urls = Array.from({ length: 1000 }, (_, n) => `${BTC}/${n}`);
  for (let poll = 0; poll < 2; poll++) {
    await Promise.all(urls.map((url) => upstream.get(url, parse)));
  }
  assertEquals(calls.length, 1000);
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

/** Makes three consecutive calls of two URLs, all of which fail, so that the breaker of the host opens. */
async function failHost(clock: ManualClock, upstream: Upstream): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await clock.advance(1000);
    await Promise.all([BTC, ETH].map((url) => failureOf(upstream.get(url, parse))));
  }
}

Deno.test("upstream.get() sends one trial at a time while half-open, a second URL if the first one fails, and closes after a success", async () => {
  let trial = Promise.withResolvers<number>();
  const { runtime, clock, calls } = createNetwork(async () =>
    calls.length <= 6 ? refusal(500) : json(1, { status: await trial.promise })
  );
  const upstream = createUpstream(runtime, options);
  await failHost(clock, upstream);
  assertEquals([calls.length, upstream.health().breaker], [6, "open"]);

  await clock.advance(10_000);
  const urls = [BTC, ETH, `${BTC}/2`, `${BTC}/3`];
  const lost = urls.map((url) => failureOf(upstream.get(url, parse)));
  await clock.advance(0);
  assertEquals([calls.length, upstream.health().breaker], [7, "half-open"]);
  trial.resolve(500);
  assertEquals((await Promise.all(lost)).map(({ kind }) => kind), [
    "http",
    "http",
    "waiting",
    "waiting",
  ]);
  assertEquals([calls.length, upstream.health().breaker], [8, "open"]);

  trial = Promise.withResolvers();
  await clock.advance(20_000);
  const won = urls.map((url) => upstream.get(url, parse));
  await clock.advance(0);
  assertEquals(calls.slice(8).map(({ url }) => url), [`${BTC}/2`], "a URL without a failed trial");
  trial.resolve(200);
  assertEquals((await Promise.all(won)).map(({ value }) => value), [1, 1, 1, 1]);
  assertEquals([calls.length, upstream.health().breaker], [12, "closed"]);
});

/** A failure of one URL that never ends, with the name of the failure. */
const LASTING_FAULTS: Readonly<Record<string, () => Response | Promise<Response>>> = {
  "404": () => refusal(404),
  "400": () => refusal(400),
  "403": () => refusal(403),
  "410": () => refusal(410),
  "422": () => refusal(422),
  "500": () => refusal(500),
  "an unknown shape": () => json({ chart: { result: null } }),
  "HTML": () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  "no answer": () => new Promise<Response>(() => {}),
};

for (const [fault, respond] of Object.entries(LASTING_FAULTS)) {
  for (const order of [[BTC, ETH], [ETH, BTC]]) {
    const position = order[0] === BTC ? "first" : "last";
    Deno.test(`after an outage a host is called again, although a URL that is asked for ${position} fails for good with ${fault}`, async () => {
      let isOut = false;
      const { runtime, clock, calls } = createNetwork(({ url }) => {
        if (isOut) return refusal(503);
        return url === BTC ? respond() : json(1);
      });
      const upstream = createUpstream(runtime, options);
      const number = (text: string) => {
        const value: unknown = JSON.parse(text);
        if (typeof value !== "number") throw new TypeError(`Cannot parse ${text}`);
        return value;
      };
      const outcomes = new Map<string, boolean>();
      async function poll(minutes: number): Promise<void> {
        for (let i = 0; i < minutes * 6; i++) {
          for (const url of order) {
            void upstream.get(url, number).then(
              ({ failure }) => outcomes.set(url, failure === null),
              () => outcomes.set(url, false),
            );
          }
          await clock.advance(10_000);
        }
      }
      await poll(5);
      assertEquals([outcomes.get(BTC), outcomes.get(ETH)], [false, true], "before the outage");
      isOut = true;
      await poll(4);
      assertEquals(outcomes.get(ETH), false, "in the outage");
      isOut = false;
      const before = calls.length;
      await poll(6);
      assertEquals([outcomes.get(BTC), outcomes.get(ETH)], [false, true], "after the outage");
      const callsOfBad = calls.slice(before).filter(({ url }) => url === BTC).length;
      assert(callsOfBad < 12, `the bad URL is called ${callsOfBad} times in 6 minutes`);
    });
  }
}

Deno.test("upstream.get() never stops calling a host for URLs that fail for good while others answer", async () => {
  const bad = new Set([3, 4, 5, 6].map((n) => `${BTC}/${n}`));
  const { runtime, clock } = createNetwork(({ url }) => bad.has(url) ? refusal(500) : json(1));
  const upstream = createUpstream(runtime, {
    ...options,
    ttlMs: 12_000,
    limits: [{ calls: 1, perMs: 1000 }],
  });
  const urls = Array.from({ length: 12 }, (_, n) => `${BTC}/${n}`);
  for (let poll = 0; poll < 10; poll++) {
    const failed: string[] = [];
    for (const url of urls) upstream.get(url, parse).catch(() => failed.push(url));
    for (let s = 0; s < 13; s++) {
      await clock.advance(1000);
      assertEquals(upstream.health().breaker, "closed");
    }
    assertEquals(new Set(failed), bad);
  }
});

Deno.test("upstream.get() pauses the calls of a URL that fails for good, and names its failure", async () => {
  const { runtime, clock, calls } = createNetwork(({ url }) =>
    url === BTC ? refusal(404) : json(1)
  );
  const upstream = createUpstream(runtime, options);
  for (let i = 0; i < 3; i++) {
    await upstream.get(ETH, parse);
    await failureOf(upstream.get(BTC, parse));
    await clock.advance(1000);
  }
  const { kind, lastCallFailure } = await failureOf(upstream.get(BTC, parse));
  assertEquals([kind, lastCallFailure?.message], ["waiting", "Example refused: HTTP 404"]);
  assertEquals([upstream.health().breaker, upstream.health().nextTryAt], ["closed", null]);
  const before = calls.length;
  for (let i = 0; i < 60; i++) {
    await upstream.get(BTC, parse).catch(() => {});
    await clock.advance(60_000);
  }
  assert(calls.length - before <= 15, "at most once in five minutes");
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

Deno.test("upstream.get() pauses no other URL for the Retry-After of one that is not found", async () => {
  for (const status of [400, 404, 410, 422]) {
    const { runtime } = createNetwork(({ url }) => url === BTC ? refusal(status, "600") : json(1));
    const upstream = createUpstream(runtime, options);
    await failureOf(upstream.get(BTC, parse));
    assertEquals((await upstream.get(ETH, parse)).value, 1, `HTTP ${status}`);
  }
});
