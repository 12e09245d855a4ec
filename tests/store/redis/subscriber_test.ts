import { assert, assertEquals } from "@std/assert";
import { createRedisSubscriber } from "../../../lib/store/redis/subscriber.ts";
import { createManualClock, type ManualClock } from "../../support/manual_clock.ts";
import { PING_AFTER_MS } from "./support.ts";

/** The time until a ping must arrive. */
const PING_TIMEOUT_MS = 5000;

/** Time in which a subscriber has reconnected. */
const RECONNECT_MS = 1000;

interface Subscription {
  readonly clock?: ManualClock;
  readonly random?: number;
  /** Responds to a request for the subscription. */
  readonly open: () => Promise<Response>;
  readonly ping?: () => void;
}

/** Creates a subscriber of channel `c` on a manual clock, and records its calls. */
function subscribe(
  { clock = createManualClock(), random = 1, open, ping = () => {} }: Subscription,
) {
  const startedAt = clock.elapsed();
  const calls = {
    openedAt: [] as number[],
    messages: [] as string[],
    failures: 0,
    lives: 0,
    ends: 0,
    pings: 0,
  };
  const subscriber = createRedisSubscriber({ clock, random: () => random }, {
    subscribe(channel) {
      assertEquals(channel, "c");
      calls.openedAt.push(clock.elapsed() - startedAt);
      return open();
    },
    markFailed: () => calls.failures++,
  }, {
    channel: "c",
    onLive: () => calls.lives++,
    onMessage: (text) => calls.messages.push(text),
    onEnd: () => calls.ends++,
    ping() {
      calls.pings++;
      ping();
      return Promise.resolve();
    },
  });
  return { clock, subscriber, calls };
}

/** Creates a body that a test writes. */
function createBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const utf8 = new TextEncoder();
  return {
    response: () => Promise.resolve(new Response(readable)),
    confirm: () => writer.write(utf8.encode("data: subscribe,c,1\n\n")),
    write: (text: string) => writer.write(utf8.encode(text)),
    writeBytes: (bytes: Uint8Array) => writer.write(bytes),
    end: () => writer.close(),
  };
}

/** Creates a subscriber with a confirmed connection. It pings after {@linkcode PING_AFTER_MS}. */
async function subscribeLive() {
  const body = createBody();
  const responses = [body.response];
  const open = () => (responses.shift() ?? createBody().response)();
  const test = subscribe({ random: 0.5, open });
  await body.confirm();
  await test.clock.advance(0);
  return { ...test, body };
}

Deno.test("createRedisSubscriber() doubles its delays up to 10 s until a connection opens", async () => {
  const open = () => Promise.reject(new Error("unavailable"));
  const { clock, subscriber, calls } = subscribe({ open });
  await clock.advance(45_000);
  const delays = calls.openedAt.map((at, n) => at - (calls.openedAt[n - 1] ?? 0));
  assertEquals(delays, [0, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assertEquals([calls.failures, calls.lives], [9, 0]);
  await subscriber.close();
  assertEquals(clock.timers, 0);
});

Deno.test("createRedisSubscriber() starts its delays anew after a connection of 60 s, whatever the wall clock does", async () => {
  const bodies = Array.from({ length: 3 }, createBody);
  let n = 0;
  const { clock, subscriber, calls } = subscribe({
    open: () => bodies[n++]?.response() ?? Promise.reject(new Error("no more")),
    ping: () => void bodies[n - 1]?.write("data: message,c,ping\n\n"),
  });
  for (const [body, ms, delayMs] of [[0, 1000, 250], [1, 1000, 500], [2, 60_000, 250]] as const) {
    await bodies[body]?.confirm();
    await clock.advance(ms);
    clock.shiftWallClock(body === 1 ? 600_000 : -600_000);
    await bodies[body]?.end();
    await clock.advance(0);
    const before = calls.openedAt.length;
    await clock.advance(delayMs - 1);
    assertEquals(calls.openedAt.length, before);
    await clock.advance(1);
    assertEquals(calls.openedAt.length, before + 1);
  }
  assertEquals([calls.lives, calls.ends, calls.failures], [3, 4, 1]);
  await subscriber.close();
});

Deno.test("createRedisSubscriber() reads messages at any chunk boundary", async () => {
  const body = createBody();
  const { clock, subscriber, calls } = subscribe({ open: body.response });
  const payloads = ['{"a":"Zürich, \u2028😀"}', "b"];
  const lines = payloads.map((payload) => `data: message,c,${payload}\n\n`);
  const text = `data: subscribe,c,1\n\n: comment\n\ndata: message,other,x\n\n${lines.join("")}`;
  for (const byte of new TextEncoder().encode(text)) await body.writeBytes(Uint8Array.of(byte));
  await clock.advance(0);
  assertEquals([calls.messages, calls.lives], [payloads, 1]);
  await subscriber.close();
  assertEquals([calls.ends, clock.timers], [0, 0]);
});

Deno.test("createRedisSubscriber() ends a connection that is not confirmed within 5 s", async () => {
  const { clock, subscriber, calls } = subscribe({ open: createBody().response });
  await clock.advance(4999);
  assertEquals([calls.failures, calls.ends], [0, 0]);
  await clock.advance(1);
  assertEquals([calls.failures, calls.ends], [1, 1]);
  await subscriber.close();
});

Deno.test("createRedisSubscriber() ends a connection with a line of more than 2 MiB", async () => {
  const body = createBody();
  const { clock, subscriber, calls } = subscribe({ open: body.response });
  await body.confirm();
  const part = "x".repeat(524_288);
  for (let n = 0; n < 4; n++) await body.write(part);
  await clock.advance(0);
  assertEquals(calls.ends, 0);
  await body.write("x");
  await clock.advance(0);
  assertEquals([calls.ends, calls.lives], [1, 1]);
  await subscriber.close();
  assert(calls.messages.length === 0);
});

Deno.test("createRedisSubscriber() pings after 30 s of silence, once for all subscribers of a channel", async () => {
  const clock = createManualClock();
  const bodies = Array.from({ length: 5 }, createBody);
  const ping = () => {
    for (const body of bodies) void body.write("data: message,c,ping\n\n");
  };
  const tests = bodies.map(({ response }, i) =>
    subscribe({ clock, random: (i + 1) / 6, open: response, ping })
  );
  for (const body of bodies) await body.confirm();
  const countPings = () => tests.reduce((sum, { calls }) => sum + calls.pings, 0);
  await clock.advance(30_000);
  assertEquals(countPings(), 0);
  await clock.advance(3000);
  assertEquals(countPings(), 1);
  await clock.advance(3_600_000);
  assert(countPings() > 100 && countPings() <= 120, `${countPings()}`);
  assertEquals(tests.map(({ calls }) => calls.ends), [0, 0, 0, 0, 0]);
  for (const { subscriber } of tests) await subscriber.close();
  assertEquals(clock.timers, 0);
});

Deno.test("createRedisSubscriber() does not ping while messages arrive", async () => {
  const { clock, subscriber, calls, body } = await subscribeLive();
  for (let n = 0; n < 10; n++) {
    await clock.advance(29_000);
    await body.write("data: message,c,news\n\n");
  }
  assertEquals([calls.pings, calls.messages.length], [0, 10]);
  await subscriber.close();
});

Deno.test("createRedisSubscriber() reconnects 5 s after a ping that does not arrive", async () => {
  const { clock, subscriber, calls } = await subscribeLive();
  await clock.advance(PING_AFTER_MS + PING_TIMEOUT_MS - 1);
  assertEquals([calls.pings, calls.ends], [1, 0]);
  await clock.advance(1);
  assertEquals([calls.pings, calls.ends, calls.openedAt.length], [1, 1, 1]);
  await clock.advance(RECONNECT_MS);
  assertEquals(calls.openedAt.length, 2);
  await subscriber.close();
});

Deno.test("createRedisSubscriber() notices a dead connection while the wall clock is set back", async () => {
  const { clock, subscriber, calls } = await subscribeLive();
  clock.shiftWallClock(-600_000);
  await clock.advance(PING_AFTER_MS);
  assertEquals(calls.pings, 1);
  await clock.advance(PING_TIMEOUT_MS);
  assertEquals(calls.ends, 1);
  await subscriber.close();
});
