import { assert, assertEquals } from "@std/assert";
import { createRedisSubscriber } from "../../../lib/store/redis/subscriber.ts";
import { createManualClock } from "../../support/manual_clock.ts";

/** A subscription to something that answers as `answer` says, on a clock that stands still. */
function subscribe(answer: () => Promise<Response>) {
  const clock = createManualClock();
  const start = clock.now();
  const told = { opened: [] as number[], messages: [] as string[], failures: 0, lives: 0, ends: 0 };
  const subscriber = createRedisSubscriber({ clock, random: () => 1 }, {
    subscribe(channel) {
      assertEquals(channel, "c");
      told.opened.push(clock.now() - start);
      return answer();
    },
    markFailed: () => told.failures++,
  }, {
    channel: "c",
    onLive: () => told.lives++,
    onMessage: (text) => told.messages.push(text),
    onEnd: () => told.ends++,
  });
  return { clock, subscriber, told };
}

/** A body that a test writes. */
function createBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const utf8 = new TextEncoder();
  return {
    response: () => Promise.resolve(new Response(readable)),
    write: (text: string) => writer.write(utf8.encode(text)),
    writeBytes: (bytes: Uint8Array) => writer.write(bytes),
    end: () => writer.close(),
  };
}

Deno.test("createRedisSubscriber() waits longer and longer, 10 s at most, until it is opened", async () => {
  const { clock, subscriber, told } = subscribe(() => Promise.reject(new Error("away")));
  await clock.advance(45_000);
  const waits = told.opened.map((at, n) => at - (told.opened[n - 1] ?? 0));
  assertEquals(waits, [0, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assertEquals([told.failures, told.lives], [9, 0]);
  await subscriber.close();
  assertEquals(clock.timers, 0);
});

Deno.test("createRedisSubscriber() comes back soon after a good connection", async () => {
  const bodies = Array.from({ length: 3 }, createBody);
  let n = 0;
  const { clock, subscriber, told } = subscribe(() =>
    bodies[n++]?.response() ?? Promise.reject(new Error("no more"))
  );
  for (const [body, ms, wait] of [[0, 1000, 250], [1, 1000, 500], [2, 60_000, 250]] as const) {
    await bodies[body]?.write("data: subscribe,c,1\n\n");
    await clock.advance(ms);
    await bodies[body]?.end();
    await clock.advance(0);
    const before = told.opened.length;
    await clock.advance(wait - 1);
    assertEquals(told.opened.length, before);
    await clock.advance(1);
    assertEquals(told.opened.length, before + 1);
  }
  assertEquals([told.lives, told.ends, told.failures], [3, 4, 1]);
  await subscriber.close();
});

Deno.test("createRedisSubscriber() reads messages however their bytes are cut", async () => {
  const body = createBody();
  const { clock, subscriber, told } = subscribe(body.response);
  const payloads = ['{"a":"Zürich, \u2028😀"}', "b"];
  const lines = payloads.map((payload) => `data: message,c,${payload}\n\n`);
  const text = `data: subscribe,c,1\n\n: comment\n\ndata: message,other,x\n\n${lines.join("")}`;
  for (const byte of new TextEncoder().encode(text)) await body.writeBytes(Uint8Array.of(byte));
  await clock.advance(0);
  assertEquals([told.messages, told.lives], [payloads, 1]);
  await subscriber.close();
  assertEquals([told.ends, clock.timers], [0, 0]);
});

Deno.test("createRedisSubscriber() ends a connection that is not confirmed within 5 s", async () => {
  const { clock, subscriber, told } = subscribe(createBody().response);
  await clock.advance(4999);
  assertEquals([told.failures, told.ends], [0, 0]);
  await clock.advance(1);
  assertEquals([told.failures, told.ends], [1, 1]);
  await subscriber.close();
});

Deno.test("createRedisSubscriber() ends a connection with a line beyond all bounds", async () => {
  const body = createBody();
  const { clock, subscriber, told } = subscribe(body.response);
  await body.write("data: subscribe,c,1\n\n");
  const part = "x".repeat(524_288);
  for (let n = 0; n < 4; n++) await body.write(part);
  await clock.advance(0);
  assertEquals(told.ends, 0);
  await body.write("x");
  await clock.advance(0);
  assertEquals([told.ends, told.lives], [1, 1]);
  await subscriber.close();
  assert(told.messages.length === 0);
});
