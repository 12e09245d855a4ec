/** A seat is given back once, however its stream ends, and not before the system has let go of the socket. */
import { assertEquals } from "@std/assert";
import { alerts } from "../hub/support.ts";
import { connectFrom, createDoorUnderTest, type DoorUnderTest, hangUp } from "./stream_opener.ts";

/** Opens another's stream, whose seat must stay: a seat given back twice would take it along. */
async function visitOther(door: DoorUnderTest): Promise<Response> {
  const { promise } = Promise.withResolvers<void>();
  return await door.visit({ connection: connectFrom("192.0.2.99", promise) });
}

Deno.test("streamResponse() takes a seat, and gives it back when the reader hangs up", async () => {
  await using door = createDoorUnderTest();
  await visitOther(door);
  const { promise, reject } = Promise.withResolvers<void>();
  const response = await door.visit({ connection: connectFrom("192.0.2.1", promise) });
  assertEquals([response.status, door.budget.inUse], [200, 2]);
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  await hangUp(response);
  assertEquals(door.budget.inUse, 1);
  reject(new Error("connection closed"));
  await door.clock.advance(0);
  assertEquals(door.budget.inUse, 1);
});

for (const how of ["resolve", "reject"] as const) {
  Deno.test(`streamResponse() gives a seat back when the system lets go: ${how}`, async () => {
    await using door = createDoorUnderTest();
    await visitOther(door);
    const completed = Promise.withResolvers<void>();
    const connection = connectFrom("192.0.2.1", completed.promise);
    const response = await door.visit({ connection });
    completed[how]();
    await door.clock.advance(0);
    assertEquals(door.budget.inUse, 1);
    await hangUp(response);
    assertEquals(door.budget.inUse, 1);
  });
}

Deno.test("streamResponse() keeps the seat at our own end until the system lets go", async () => {
  await using door = createDoorUnderTest();
  const { promise, resolve } = Promise.withResolvers<void>();
  await door.visit({ connection: connectFrom("192.0.2.1", promise) });
  door.hub.drain();
  await door.clock.advance(60_000);
  assertEquals(door.budget.inUse, 1);
  resolve();
  await door.clock.advance(0);
  assertEquals(door.budget.inUse, 0);
});

Deno.test("streamResponse() gives the seat back at our own end where nobody tells of the system", async () => {
  await using door = createDoorUnderTest();
  await visitOther(door);
  const response = await door.visit({ connection: connectFrom("192.0.2.1") });
  assertEquals(door.budget.inUse, 2);
  door.hub.drain();
  assertEquals(door.budget.inUse, 1);
  await hangUp(response);
  assertEquals(door.budget.inUse, 1);
});

Deno.test("streamResponse() gives the seat back where the stream cannot be opened", async () => {
  const failure = new Error("hush");
  await using door = createDoorUnderTest({
    wrap: (log) => ({ ...log, latest: () => Promise.reject(failure) }),
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const response = await door.visit({ connection: connectFrom("192.0.2.1", promise) });
  assertEquals([response.status, (await response.json()).code], [500, "internal_error"]);
  assertEquals(door.budget.inUse, 0);
  resolve();
});

Deno.test("streamResponse() gives the seat back where the rate is used up", async () => {
  await using door = createDoorUnderTest({ opensPerMinute: 1 });
  await door.visit();
  await door.visit();
  assertEquals(door.budget.inUse, 1);
});

Deno.test("streamResponse() answers HEAD as GET, and takes nothing", async () => {
  await using door = createDoorUnderTest({ perIsolate: 1, opensPerMinute: 1 });
  for (let n = 0; n < 3; n++) {
    const response = await door.visit({ method: "HEAD" });
    assertEquals([response.status, response.body], [200, null]);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
  }
  assertEquals([door.budget.inUse, door.clock.timers], [0, 0]);
  assertEquals((await door.visit({ accept: "*/*" })).status, 200);
});

for (const method of ["GET", "HEAD"] as const) {
  Deno.test(`streamResponse() answers ${method} of a private topic with 401, and takes nothing`, async () => {
    await using door = createDoorUnderTest({ perIsolate: 1 });
    const response = await door.visit({ method, topic: { ...alerts, isPrivate: true } });
    assertEquals([response.status, door.budget.inUse], [401, 0]);
    assertEquals(response.headers.get("www-authenticate"), "Bearer");
  });
}
