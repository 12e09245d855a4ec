import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLive, createWire } from "./wire.ts";

const MINUTE = 60_000;

for (
  const [status, detail] of [[400, "bad"], [401, "none"], [403, "no"], [404, "unknown"]] as const
) {
  Deno.test(`createConnection() stops with the server's detail at a ${status}, until reconnect() is called`, async () => {
    const wire = createWire();
    const { feed } = await wire.connect();
    wire.last().refuse(status); // EventSource does not expose the status.
    assertEquals(feed.state().kind, "reconnecting");
    await wire.clock.advance(750);
    assertEquals(wire.last().transport, "fetch");
    wire.last().refuse(status, detail);
    await wire.clock.advance(0);
    const { kind, reason, nextTryAt, failures } = feed.state();
    assertEquals([kind, reason, nextTryAt, failures], ["stopped", detail, null, 1]);
    assertEquals(wire.clock.timers, 0);
    wire.hide();
    await wire.clock.advance(6 * MINUTE);
    wire.show();
    wire.setOnline(true);
    await wire.clock.advance(MINUTE);
    assertEquals([wire.requests.length, feed.state().reason], [2, detail]);
    feed.reconnect();
    await wire.clock.advance(0);
    assertEquals([wire.requests.length, wire.last().transport], [3, "eventsource"]);
    feed.close();
  });
}

Deno.test("createConnection() ends after a 204", async () => {
  const wire = createWire();
  const { feed } = await wire.connect();
  wire.last().refuse(204);
  await wire.clock.advance(750);
  wire.last().refuse(204);
  await wire.clock.advance(0);
  assertEquals([feed.state().kind, wire.clock.timers], ["ended", 0]);
  feed.close();
});

Deno.test("createConnection() waits at least as long as `retry` after a cut, over fetch", async () => {
  const wire = createWire({ hasEventSource: false });
  const { feed } = await wire.connect();
  wire.last().send("sync", { resumed: false, heartbeat_ms: 15_000 }, "1-0", 7000);
  wire.last().send("heartbeat", wire.clock.now());
  await wire.clock.advance(0);
  wire.last().cut();
  await wire.clock.advance(0);
  assertEquals(feed.state().nextTryAt, wire.clock.elapsed() + 7000);
  feed.close();
});

Deno.test("createConnection() waits for Retry-After each time, without limit, and counts no failure", async () => {
  const wire = createWire({ hasEventSource: false });
  const { feed } = await wire.connect();
  for (let count = 0; count < 30; count++) {
    const status = count % 2 ? 429 : 503;
    wire.last().refuse(status, "full", { "retry-after": "7" });
    await wire.clock.advance(0);
    const { kind, nextTryAt, reason, failures } = feed.state();
    assertEquals([kind, nextTryAt, failures], ["busy", wire.clock.elapsed() + 7000, 0]);
    assertEquals(reason, "full Next try in 7 s.");
    wire.hide();
    wire.show(); // No reason for an earlier attempt.
    await wire.clock.advance(6999);
    assertEquals(wire.requests.length, count + 1);
    await wire.clock.advance(1);
  }
  feed.close();
});

Deno.test("createConnection() backs off from a server without Retry-After, and waits at most a day for one with it", async () => {
  const wire = createWire({ hasEventSource: false });
  const { feed } = await wire.connect();
  wire.last().refuse(502, "down");
  await wire.clock.advance(0);
  assertEquals([feed.state().kind, feed.state().reason], [
    "reconnecting",
    "down Next try in 1 s.",
  ]);
  await wire.clock.advance(750);
  wire.last().refuse(503, "closed", { "retry-after": "99999999" });
  await wire.clock.advance(0);
  assertEquals(feed.state().nextTryAt, wire.clock.elapsed() + 24 * 60 * MINUTE);
  feed.close();
});

Deno.test("createConnection() waits for retry_after_ms of a busy server", async () => {
  const wire = createWire();
  const { feed } = await wire.connect();
  wire.last().send("busy", { reason: "isolate", limit: 5, in_use: 5, retry_after_ms: 9000 });
  wire.last().cut();
  const { kind, reason, nextTryAt, failures } = feed.state();
  assertEquals([kind, nextTryAt, failures], ["busy", wire.clock.elapsed() + 9000, 0]);
  assertStringIncludes(reason, "Next try in 9 s.");
  await wire.clock.advance(9000);
  assertEquals([wire.requests.length, wire.open().length], [2, 1]);
  feed.close();
});

for (const reason of ["drain", "max_age"]) {
  Deno.test(`createConnection() opens a replacement at bye ${reason} and delivers every event once`, async () => {
    const { wire, feed, events, states } = await createLive({ topics: ["news"] });
    const old = wire.last();
    const sendArticle = (stream: typeof old, number: number) =>
      stream.send("article", { id: `a${number}` }, `${number}-0`);
    old.send("bye", { reason, retry_ms: 3000 });
    sendArticle(old, 6);
    await wire.clock.advance(500);
    const replacement = wire.last();
    assertEquals([wire.open().length, replacement.cursor], [2, "6-0"]);
    sendArticle(old, 7);
    replacement.sync("6-0");
    assertEquals([old.isOpen, feed.cursor()], [false, "7-0"]);
    sendArticle(replacement, 7);
    sendArticle(replacement, 8);
    assertEquals(events.map(({ id }) => id), ["6-0", "7-0", "8-0"]);
    assertEquals(states.map(({ kind }) => kind), ["live"]);
    assertEquals(feed.state().failures, 0);
    feed.close();
  });
}

Deno.test("createConnection() counts no failure if the old connection ends before its replacement is open", async () => {
  const { wire, feed } = await createLive();
  wire.last().send("bye", { reason: "drain", retry_ms: 3000 });
  wire.last().cut();
  assertEquals([feed.state().kind, feed.state().failures], ["reconnecting", 0]);
  await wire.clock.advance(500);
  assertEquals(wire.open().length, 1);
  feed.close();
});

Deno.test("createConnection() keeps its connection if the replacement is refused, and tries again", async () => {
  const { wire, feed } = await createLive();
  const old = wire.last();
  old.send("bye", { reason: "drain", retry_ms: 3000 });
  await wire.clock.advance(500);
  wire.last().send("busy", { retry_after_ms: 5000 });
  assertEquals([wire.open(), feed.state().kind], [[old], "live"]);
  old.cut();
  assertEquals(feed.state().kind, "reconnecting");
  await wire.clock.advance(750);
  assertEquals(wire.open().length, 1);
  feed.close();
});

for (const reason of ["slow", "fault", "revoked"]) {
  Deno.test(`createConnection() reconnects after bye ${reason}, no sooner than retry_ms, with a new ticket`, async () => {
    let tickets = 0;
    const ticket = () => Promise.resolve(`t${++tickets}`);
    const { wire, feed } = await createLive({ ticket });
    wire.last().send("bye", { reason, retry_ms: 3000 });
    wire.last().cut();
    assertEquals([wire.open().length, feed.state().kind], [0, "reconnecting"]);
    assertEquals([feed.state().nextTryAt, feed.state().failures], [wire.clock.elapsed() + 3000, 1]);
    await wire.clock.advance(3000);
    const { searchParams } = wire.last().url;
    assertEquals([searchParams.get("ticket"), wire.last().cursor], ["t2", "5-0"]);
    feed.close();
  });
}

Deno.test("createConnection() ends after bye finished", async () => {
  const { wire, feed } = await createLive();
  wire.last().send("bye", { reason: "finished", retry_ms: 3000 });
  wire.last().cut();
  assertEquals([feed.state().kind, wire.clock.timers], ["ended", 0]);
  feed.close();
});

Deno.test("createConnection() opens a replacement with a new ticket before its authorization expires, and none without tickets", async () => {
  for (const hasTicket of [true, false]) {
    let tickets = 0;
    const ticket = () => Promise.resolve(`t${++tickets}`);
    const { wire, feed, states } = await createLive(hasTicket ? { ticket } : {});
    wire.last().send("auth", { expires_in_ms: 60_000 });
    await wire.clock.advance(30_000);
    assertEquals(wire.open().length, hasTicket ? 2 : 1);
    if (hasTicket) wire.last().sync("5-0");
    assertEquals([wire.open().length, states.length], [1, 1]);
    feed.close();
  }
});

Deno.test("createConnection() explains why the server ended a stream", async () => {
  for (
    const [reason, text] of [
      ["slow", "This page reads events more slowly than they arrive."],
      ["revoked", "Access to these topics has ended."],
      ["another", "The server ended the stream."],
    ] as const
  ) {
    const { wire, feed } = await createLive();
    wire.last().send("bye", { reason, retry_ms: 3000 });
    assertEquals(feed.state().reason, `${text} Next try in 3 s.`);
    feed.close();
  }
});

Deno.test("createConnection() does not wait for the renewal of its authorization after a cut", async () => {
  const { wire, feed } = await createLive({ ticket: () => Promise.resolve("t") });
  wire.last().send("auth", { expires_in_ms: 60_000 });
  wire.last().cut();
  await wire.clock.advance(1500);
  assertEquals(wire.open().length, 1);
  feed.close();
});

Deno.test("createConnection() renews an authorization that is not extended only a few times", async () => {
  const { wire, feed } = await createLive({ ticket: () => Promise.resolve("t") });
  const expiresAt = wire.clock.now() + 60_000;
  wire.page.random = () => 0;
  wire.serve((request) => {
    request.sync("5-0");
    request.send("auth", { expires_in_ms: expiresAt - wire.clock.now() });
  });
  wire.last().send("auth", { expires_in_ms: 60_000 });
  await wire.clock.advance(59_000);
  assert(wire.requests.length <= 5, `${wire.requests.length} connections`);
  feed.close();
});

Deno.test("createConnection() tries again if no ticket can be obtained", async () => {
  let isDown = true;
  const ticket = () => isDown ? Promise.reject(new Error("secret")) : Promise.resolve("t");
  const wire = createWire();
  const { feed } = await wire.connect({ ticket });
  assertEquals(feed.state().reason, "No ticket could be obtained. Next try in 1 s.");
  isDown = false;
  await wire.clock.advance(750);
  assertEquals(wire.open().length, 1);
  feed.close();
});

Deno.test("createConnection() requests another ticket if one never arrives, and gives up after 20 tries", async () => {
  let tickets = 0;
  const ticket = () => {
    tickets++;
    return new Promise<string>(() => {});
  };
  const wire = createWire();
  const { feed } = await wire.connect({ ticket, topics: ["events/alerts"] });
  await wire.clock.advance(5 * MINUTE);
  assertEquals([tickets, feed.state().kind, wire.requests.length], [20, "stopped", 0]);
  feed.close();
});

for (const hasEventSource of [true, false]) {
  Deno.test(`createConnection() sends the cookie only with withCredentials, over ${hasEventSource ? "EventSource" : "fetch"}`, async () => {
    for (const withCredentials of [true, false]) {
      const { wire, feed } = await createLive({ withCredentials }, { hasEventSource });
      assertEquals(wire.last().withCredentials, withCredentials);
      feed.close();
    }
  });
}
