/** A seat is given back once, however its stream ends, and not before the system has let go of the socket. */
import { assertEquals } from "@std/assert";
import { alerts } from "../hub/support.ts";
import { connectFrom, createDoorUnderTest, type DoorUnderTest, hangUp } from "./stream_opener.ts";

/** Opens another's stream, whose seat must stay: a seat given back twice would take it along. */
async function visitOther(streamOpener: DoorUnderTest): Promise<Response> {
  const { promise } = Promise.withResolvers<void>();
  return await streamOpener.visit({ connection: connectFrom("192.0.2.99", promise) });
}

Deno.test("streamResponse() takes a seat, and gives it back when the reader hangs up", async () => {
  await using streamOpener = createDoorUnderTest();
  await visitOther(streamOpener);
  const { promise, reject } = Promise.withResolvers<void>();
  const response = await streamOpener.visit({ connection: connectFrom("192.0.2.1", promise) });
  assertEquals([response.status, streamOpener.budget.inUse], [200, 2]);
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  await hangUp(response);
  assertEquals(streamOpener.budget.inUse, 1);
  reject(new Error("connection closed"));
  await streamOpener.clock.advance(0);
  assertEquals(streamOpener.budget.inUse, 1);
});

for (const how of ["resolve", "reject"] as const) {
  Deno.test(`streamResponse() gives a seat back when the system lets go: ${how}`, async () => {
    await using streamOpener = createDoorUnderTest();
    await visitOther(streamOpener);
    const completed = Promise.withResolvers<void>();
    const connection = connectFrom("192.0.2.1", completed.promise);
    const response = await streamOpener.visit({ connection });
    completed[how]();
    await streamOpener.clock.advance(0);
    assertEquals(streamOpener.budget.inUse, 1);
    await hangUp(response);
    assertEquals(streamOpener.budget.inUse, 1);
  });
}

Deno.test("streamResponse() keeps the seat at our own end until the system lets go", async () => {
  await using streamOpener = createDoorUnderTest();
  const { promise, resolve } = Promise.withResolvers<void>();
  await streamOpener.visit({ connection: connectFrom("192.0.2.1", promise) });
  streamOpener.hub.drain();
  await streamOpener.clock.advance(60_000);
  assertEquals(streamOpener.budget.inUse, 1);
  resolve();
  await streamOpener.clock.advance(0);
  assertEquals(streamOpener.budget.inUse, 0);
});

Deno.test("streamResponse() gives the seat back at our own end where nobody tells of the system", async () => {
  await using streamOpener = createDoorUnderTest();
  await visitOther(streamOpener);
  const response = await streamOpener.visit({ connection: connectFrom("192.0.2.1") });
  assertEquals(streamOpener.budget.inUse, 2);
  streamOpener.hub.drain();
  assertEquals(streamOpener.budget.inUse, 1);
  await hangUp(response);
  assertEquals(streamOpener.budget.inUse, 1);
});

Deno.test("streamResponse() gives the seat back where the stream cannot be opened", async () => {
  const failure = new Error("hush");
  await using streamOpener = createDoorUnderTest({
    wrap: (log) => ({ ...log, latest: () => Promise.reject(failure) }),
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const response = await streamOpener.visit({ connection: connectFrom("192.0.2.1", promise) });
  assertEquals([response.status, (await response.json()).code], [500, "internal_error"]);
  assertEquals(streamOpener.budget.inUse, 0);
  resolve();
});

Deno.test("streamResponse() gives the seat back where the rate is used up", async () => {
  await using streamOpener = createDoorUnderTest({ opensPerMinute: 1 });
  await streamOpener.visit();
  await streamOpener.visit();
  assertEquals(streamOpener.budget.inUse, 1);
});

Deno.test("streamResponse() answers HEAD as GET, and takes nothing", async () => {
  await using streamOpener = createDoorUnderTest({ perIsolate: 1, opensPerMinute: 1 });
  for (let n = 0; n < 3; n++) {
    const response = await streamOpener.visit({ method: "HEAD" });
    assertEquals([response.status, response.body], [200, null]);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
  }
  assertEquals([streamOpener.budget.inUse, streamOpener.clock.timers], [0, 0]);
  assertEquals((await streamOpener.visit({ accept: "*/*" })).status, 200);
});

for (const method of ["GET", "HEAD"] as const) {
  Deno.test(`streamResponse() answers ${method} of a private topic with 401, and takes nothing`, async () => {
    await using streamOpener = createDoorUnderTest({ perIsolate: 1 });
    const response = await streamOpener.visit({ method, topic: { ...alerts, access: "private" } });
    assertEquals([response.status, streamOpener.budget.inUse], [401, 0]);
    assertEquals(response.headers.get("www-authenticate"), "Bearer");
  });
}
