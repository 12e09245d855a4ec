/** A slot is released once, however its stream ends, and not before the system releases the socket. */
import { assertEquals } from "@std/assert";
import { alerts } from "../hub/support.ts";
import {
  connectFrom,
  createOpenerUnderTest,
  disconnect,
  type OpenerUnderTest,
} from "./stream_opener.ts";

/** Opens another client's stream. A second release of a slot would free the slot of this stream. */
async function openOther(streamOpener: OpenerUnderTest): Promise<Response> {
  const { promise } = Promise.withResolvers<void>();
  return await streamOpener.open({ connection: connectFrom("192.0.2.99", promise) });
}

Deno.test("streamResponse() takes a slot, and releases it when the client disconnects", async () => {
  await using streamOpener = createOpenerUnderTest();
  await openOther(streamOpener);
  const { promise, reject } = Promise.withResolvers<void>();
  const response = await streamOpener.open({ connection: connectFrom("192.0.2.1", promise) });
  assertEquals([response.status, streamOpener.budget.inUse], [200, 2]);
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  await disconnect(response);
  assertEquals(streamOpener.budget.inUse, 1);
  reject(new Error("connection closed"));
  await streamOpener.clock.advance(0);
  assertEquals(streamOpener.budget.inUse, 1);
});

for (const settle of ["resolve", "reject"] as const) {
  Deno.test(`streamResponse() releases a slot when the system releases the socket: ${settle}`, async () => {
    await using streamOpener = createOpenerUnderTest();
    await openOther(streamOpener);
    const completed = Promise.withResolvers<void>();
    const connection = connectFrom("192.0.2.1", completed.promise);
    const response = await streamOpener.open({ connection });
    completed[settle]();
    await streamOpener.clock.advance(0);
    assertEquals(streamOpener.budget.inUse, 1);
    await disconnect(response);
    assertEquals(streamOpener.budget.inUse, 1);
  });
}

Deno.test("streamResponse() keeps the slot of an ended stream until the system releases the socket", async () => {
  await using streamOpener = createOpenerUnderTest();
  const { promise, resolve } = Promise.withResolvers<void>();
  await streamOpener.open({ connection: connectFrom("192.0.2.1", promise) });
  streamOpener.hub.drain();
  await streamOpener.clock.advance(60_000);
  assertEquals(streamOpener.budget.inUse, 1);
  resolve();
  await streamOpener.clock.advance(0);
  assertEquals(streamOpener.budget.inUse, 0);
});

Deno.test("streamResponse() releases the slot of an ended stream if the socket is not reported", async () => {
  await using streamOpener = createOpenerUnderTest();
  await openOther(streamOpener);
  const response = await streamOpener.open({ connection: connectFrom("192.0.2.1") });
  assertEquals(streamOpener.budget.inUse, 2);
  streamOpener.hub.drain();
  assertEquals(streamOpener.budget.inUse, 1);
  await disconnect(response);
  assertEquals(streamOpener.budget.inUse, 1);
});

Deno.test("streamResponse() releases the slot if the stream cannot be opened", async () => {
  const failure = new Error("hush");
  await using streamOpener = createOpenerUnderTest({
    wrap: (log) => ({ ...log, latest: () => Promise.reject(failure) }),
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const response = await streamOpener.open({ connection: connectFrom("192.0.2.1", promise) });
  assertEquals([response.status, (await response.json()).code], [500, "internal_error"]);
  assertEquals(streamOpener.budget.inUse, 0);
  resolve();
});

Deno.test("streamResponse() releases the slot if the rate limit is exhausted", async () => {
  await using streamOpener = createOpenerUnderTest({ opensPerMinute: 1 });
  await streamOpener.open();
  await streamOpener.open();
  assertEquals(streamOpener.budget.inUse, 1);
});

Deno.test("streamResponse() responds to HEAD with the headers of a stream, and takes no slot", async () => {
  await using streamOpener = createOpenerUnderTest({ perIsolate: 1, opensPerMinute: 1 });
  for (let n = 0; n < 3; n++) {
    const response = await streamOpener.open({ method: "HEAD" });
    assertEquals([response.status, response.body], [200, null]);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
  }
  assertEquals([streamOpener.budget.inUse, streamOpener.clock.timers], [0, 0]);
  assertEquals((await streamOpener.open({ accept: "*/*" })).status, 200);
});

for (const method of ["GET", "HEAD"] as const) {
  Deno.test(`streamResponse() responds to ${method} of a private topic with 401, and takes no slot`, async () => {
    await using streamOpener = createOpenerUnderTest({ perIsolate: 1 });
    const response = await streamOpener.open({ method, topic: { ...alerts, access: "private" } });
    assertEquals([response.status, streamOpener.budget.inUse], [401, 0]);
    assertEquals(response.headers.get("www-authenticate"), "Bearer");
  });
}
