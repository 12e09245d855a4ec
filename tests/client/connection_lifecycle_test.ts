import { assertEquals, assertStringIncludes } from "@std/assert";
import { createLive, createWire } from "./wire.ts";

const MINUTE = 60_000;

type Live = Awaited<ReturnType<typeof createLive>>;

/** Advances the clock, with a heartbeat every 10 s. */
async function advanceWithHeartbeats({ wire }: Live, ms: number): Promise<void> {
  for (let remainingMs = ms; remainingMs > 0; remainingMs -= 10_000) {
    await wire.clock.advance(Math.min(remainingMs, 10_000));
    wire.requests.at(-1)?.send("heartbeat", wire.clock.now());
  }
}

Deno.test("createConnection() pauses when the page is hidden for 5 minutes, and resumes when it is visible", async () => {
  const live = await createLive();
  const { wire, feed } = live;
  wire.hide();
  await advanceWithHeartbeats(live, 5 * MINUTE - 1);
  assertEquals([feed.state().kind, wire.open().length], ["live", 1]);
  await advanceWithHeartbeats(live, 1);
  assertEquals([feed.state().kind, wire.open().length, wire.clock.timers], ["paused", 0, 0]);
  for (const event of ["online", "resume", "pageshow", "offline"] as const) {
    wire.dispatchLifecycle(event);
  }
  await wire.clock.advance(MINUTE);
  assertEquals(wire.requests.length, 1);
  wire.show();
  assertEquals(feed.state().kind, "connecting");
  await wire.clock.advance(0);
  assertEquals([wire.open().length, wire.last().cursor], [1, "5-0"]);
  feed.close();
});

Deno.test("createConnection() counts the 5 minutes from when the page was hidden, whatever happens meanwhile", async () => {
  const live = await createLive();
  const { wire, feed } = live;
  wire.hide();
  await advanceWithHeartbeats(live, 4 * MINUTE);
  wire.setOnline(false);
  wire.setOnline(true);
  wire.dispatchLifecycle("resume");
  wire.last().cut();
  await wire.clock.advance(750);
  wire.last().sync("5-0");
  await advanceWithHeartbeats(live, MINUTE - 750);
  assertEquals([feed.state().kind, wire.clock.timers], ["paused", 0]);
  feed.close();
});

Deno.test("createConnection() keeps its connection if the page is visible within 5 minutes", async () => {
  const live = await createLive();
  const { wire, feed } = live;
  wire.hide();
  await advanceWithHeartbeats(live, 4 * MINUTE);
  wire.show();
  await advanceWithHeartbeats(live, 10 * MINUTE);
  assertEquals([feed.state().kind, wire.requests.length], ["live", 1]);
  feed.close();
});

Deno.test("createConnection() pauses a page that was opened hidden, or reconnected while hidden", async () => {
  const wire = createWire();
  wire.page.isHidden = true;
  const { feed } = await wire.connect();
  wire.serve((request) => request.send("busy", { retry_after_ms: MINUTE }));
  wire.last().cut();
  for (let count = 0; count < 2; count++) {
    await wire.clock.advance(5 * MINUTE);
    assertEquals([feed.state().kind, wire.clock.timers], ["paused", 0]);
    feed.reconnect();
    assertEquals(feed.state().kind, "connecting");
  }
  feed.close();
});

Deno.test("createConnection() stays ended while the page is hidden and shown", async () => {
  const { wire, feed } = await createLive();
  wire.hide();
  wire.last().send("bye", { reason: "finished", retry_ms: 0 });
  await wire.clock.advance(6 * MINUTE);
  assertEquals([feed.state().kind, wire.clock.timers], ["ended", 0]);
  wire.show();
  await wire.clock.advance(0);
  assertEquals(wire.requests.length, 1);
  feed.close();
});

for (const [pausing, resuming] of [["freeze", "resume"], ["pagehide", "pageshow"]] as const) {
  Deno.test(`createConnection() pauses at ${pausing} and resumes at ${resuming}`, async () => {
    const { wire, feed } = await createLive();
    wire.dispatchLifecycle(pausing);
    assertEquals([feed.state().kind, wire.open().length, wire.clock.timers], ["paused", 0, 0]);
    wire.dispatchLifecycle(resuming);
    await wire.clock.advance(0);
    assertEquals([wire.open().length, wire.last().cursor], [1, "5-0"]);
    feed.close();
  });
}

Deno.test("createConnection() waits while the network is down, and reconnects as soon as it is up", async () => {
  const { wire, feed } = await createLive();
  wire.serve((request) => wire.page.isOnline ? request.sync("5-0") : request.cut());
  wire.setOnline(false);
  assertEquals([feed.state().kind, wire.open().length], ["live", 1]); // The browser may be wrong.
  wire.last().cut();
  assertEquals(feed.state().kind, "offline");
  assertStringIncludes(feed.state().reason, "There is no network. Next try in ");
  await wire.clock.advance(30 * MINUTE); // It does not give up.
  assertEquals(feed.state().kind, "offline");
  wire.page.random = () => 1;
  wire.last().cut();
  await wire.clock.advance(1000);
  wire.setOnline(true);
  await wire.clock.advance(0);
  assertEquals([feed.state().kind, feed.state().failures], ["live", 0]);
  feed.close();
});

Deno.test("createConnection() keeps a connection with a recent frame, and opens a replacement for a silent one", async () => {
  const { wire, feed, states } = await createLive();
  const old = wire.last();
  await wire.clock.advance(15_000);
  wire.show();
  assertEquals(wire.requests.length, 1);
  await wire.clock.advance(1);
  for (const event of ["visible", "online", "pageshow"] as const) wire.dispatchLifecycle(event);
  await wire.clock.advance(0);
  assertEquals([wire.requests.length, wire.open().length], [2, 2]); // One for all three events.
  wire.last().sync("5-0");
  assertEquals([old.isOpen, states.length], [false, 1]);
  feed.close();
});

Deno.test("createConnection() keeps its replacement if the old connection proves silent", async () => {
  const { wire, feed } = await createLive();
  await wire.clock.advance(36_900);
  wire.show();
  await wire.clock.advance(2000);
  assertEquals([wire.requests.length, wire.open().length], [2, 1]);
  feed.close();
});

Deno.test("createConnection() reconnects immediately after sleep during which the monotonic clock stopped", async () => {
  const { wire, feed } = await createLive();
  wire.clock.shiftWallClock(60 * MINUTE);
  await wire.clock.advance(1000);
  assertEquals(wire.open().length, 2);
  wire.last().sync("5-0");
  await wire.clock.advance(5000);
  assertEquals([wire.requests.length, wire.open().length], [2, 1]);
  feed.close();
});

Deno.test("createConnection() reconnects immediately after sleep during which the monotonic clock continued", async () => {
  const { wire, feed } = await createLive();
  wire.page.lateMs = 60 * MINUTE;
  await wire.clock.advance(1000);
  wire.page.lateMs = 0;
  await wire.clock.advance(60 * MINUTE);
  assertEquals(wire.requests.length, 1);
  await wire.clock.advance(1000);
  assertEquals(wire.open().length, 2);
  feed.close();
});

Deno.test("createConnection() keeps a connection that delivers if only its timers are late", async () => {
  const live = await createLive();
  live.wire.page.lateMs = MINUTE;
  await advanceWithHeartbeats(live, 10 * MINUTE);
  assertEquals(live.wire.requests.length, 1);
  live.feed.close();
});
