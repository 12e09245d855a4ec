import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createLive, createWire } from "./wire.ts";

const MINUTE = 60_000;

function quote(price: number) {
  return { symbol: "WTI", price, received_at: "2026-01-01T00:00:00.000Z", source: "fred" };
}

const snapshotOf = (price: number) => ({ quotes: [quote(price)], status: [] });

Deno.test("createConnection() is live from the first sync", async () => {
  const { wire, feed, states } = await createLive();
  assertEquals(states.map(({ kind, transport }) => [kind, transport]), [["live", "eventsource"]]);
  wire.last().send("snapshot", snapshotOf(1));
  wire.last().send("quote", quote(2), "6-0");
  assertEquals([feed.cursor(), feed.state(), wire.requests.length], ["6-0", states[0], 1]);
  feed.close();
});

Deno.test("createConnection() requests the topics and filters below the path of a relative URL", async () => {
  const options = { symbols: ["WTI", "SPX"], sources: ["a"], maxRate: 0.5, cursor: "4-0" };
  for (const [url, path] of [["/edge/", "/edge"], ["edge", "/sub/edge"], ["", ""]] as const) {
    const wire = createWire();
    const { feed } = await wire.connect({ url, topics: ["quotes", "news"], ...options });
    assertEquals(
      decodeURIComponent(wire.last().url.href),
      `https://page.test${path}/v1/stream?topics=quotes,news&symbols=WTI,SPX&source=a&max_rate=0.5&last_event_id=4-0`,
    );
    feed.close();
  }
});

Deno.test("createConnection() reconnects with its cursor after a delay that its state names", async () => {
  const { wire, feed, states } = await createLive();
  wire.last().cut();
  assertEquals(feed.state(), {
    kind: "reconnecting",
    transport: null,
    reason: "The connection was lost. Next try in 1 s.",
    nextTryAt: wire.clock.elapsed() + 750,
    failures: 1,
    lagMs: 0,
    isShared: false,
  });
  await wire.clock.advance(749);
  assertEquals(wire.requests.length, 1);
  await wire.clock.advance(1);
  assertEquals([wire.requests.length, wire.last().cursor], [2, "5-0"]);
  assertEquals([feed.state().kind, feed.state().nextTryAt], ["reconnecting", null]);
  wire.last().sync("5-0");
  assertEquals(states.at(-1)?.kind, "live");
  feed.close();
});

Deno.test("createConnection() waits longer after each failure, until a connection is healthy for 10 s", async () => {
  const { wire, feed } = await createLive();
  wire.page.random = () => 1;
  const delays: number[] = [];
  async function cutAndReconnect() {
    wire.last().cut();
    const delay = (feed.state().nextTryAt ?? 0) - wire.clock.elapsed();
    delays.push(delay);
    await wire.clock.advance(delay);
  }
  for (let count = 0; count < 3; count++) await cutAndReconnect();
  wire.last().sync();
  await wire.clock.advance(9000);
  wire.last().send("snapshot", snapshotOf(1), "6-0");
  await cutAndReconnect();
  wire.last().sync();
  await wire.clock.advance(12_000);
  wire.last().send("snapshot", snapshotOf(2), "7-0");
  assertEquals(feed.state().failures, 4);
  await wire.clock.advance(1000);
  assertEquals(feed.state().failures, 0); // The check of heartbeats resets and publishes it, without a frame.
  await cutAndReconnect();
  assertEquals(delays, [1500, 3000, 6000, 12_000, 1500]);
  feed.close();
});

Deno.test("createConnection() gives up after 20 failures, until reconnect() is called, the page is shown or the network is back", async () => {
  const wire = createWire();
  const { feed } = await wire.connect();
  wire.serve((request) => request.cut());
  wire.last().cut();
  let rounds = 1;
  for (const restart of [null, feed.reconnect, wire.show, () => wire.setOnline(true)]) {
    restart?.();
    await wire.clock.advance(20 * MINUTE);
    assertEquals([feed.state().kind, feed.state().nextTryAt], ["stopped", null]);
    assertStringIncludes(feed.state().reason, "Gave up after 20 tries");
    assertEquals(wire.requests.length, 20 * rounds++);
    assertEquals(wire.clock.timers, 0);
  }
  feed.close();
});

Deno.test("createConnection() immediately opens one connection for several requests of reconnect()", async () => {
  const { wire, feed, states } = await createLive();
  feed.reconnect();
  feed.reconnect();
  await wire.clock.advance(0);
  assertEquals([wire.open().length, wire.last().cursor], [1, "5-0"]);
  wire.last().sync();
  assertEquals(states.map(({ kind }) => kind), ["live", "connecting", "live"]);
  feed.close();
});

Deno.test("createConnection() moves to another server with its cursor, and stays if the URL is invalid", async () => {
  const { wire, feed } = await createLive();
  assertThrows(() => feed.setUrl("https://["), TypeError);
  assertEquals([wire.open().length, feed.state().kind], [1, "live"]);
  const { setUrl } = feed; // It may be called without its object.
  setUrl("https://other.test/edge");
  await wire.clock.advance(0);
  assertEquals(wire.last().url.href.split("?")[0], "https://other.test/edge/v1/stream");
  assertEquals([wire.open().length, wire.last().cursor], [1, "5-0"]);
  await assertRejects(() => createWire().connect({ url: "https://[" }), TypeError);
  feed.close();
});

Deno.test("createConnection() leaves no connection, timer or listener when it is closed in any state", async () => {
  for (
    const step of ["connecting", "live", "waiting", "replacing", "polling", "obtaining a ticket"]
  ) {
    const wire = createWire();
    const { promise, resolve } = Promise.withResolvers<string>();
    const ticket = () => step === "obtaining a ticket" ? promise : Promise.resolve("t");
    const { feed, states, events } = await wire.connect({ ticket });
    if (step !== "connecting") wire.requests.at(-1)?.sync("5-0");
    if (step === "waiting") wire.last().cut();
    if (step === "replacing") wire.last().send("bye", { reason: "drain", retry_ms: 0 });
    if (step === "polling") {
      feed.reconnect();
      await wire.clock.advance(40_000);
      assertEquals(wire.last().transport, "poll");
    }
    await wire.clock.advance(0);
    feed.close();
    feed.close();
    resolve("t");
    const stateCount = states.length;
    for (const request of wire.requests) {
      request.sync("9-0");
      request.send("quote", quote(1), "9-1");
      request.cut();
    }
    await wire.clock.advance(MINUTE);
    assertEquals([wire.open().length, wire.clock.timers, wire.listeners], [0, 0, 0], step);
    assertEquals([events, states.length, feed.state().kind], [[], stateCount, "stopped"], step);
    feed.reconnect();
    feed.setUrl("https://other.test");
    assertEquals([wire.open().length, wire.clock.timers], [0, 0], step);
  }
});

Deno.test("createConnection() may be closed or reconnected by a listener", async () => {
  const faults: Readonly<Record<string, (wire: ReturnType<typeof createWire>) => unknown>> = {
    lost: ({ last }) => last().cut(),
    "lost twice": async ({ last, clock }) => {
      last().cut();
      await clock.advance(MINUTE);
    },
    busy: ({ last }) => last().send("busy", { retry_after_ms: 5000 }),
    silent: ({ clock }) => clock.advance(MINUTE),
    hidden: async ({ hide, show, clock }) => {
      hide();
      await clock.advance(5 * MINUTE);
      show();
    },
  };
  for (const [name, causeFault] of Object.entries(faults)) {
    for (const act of ["close", "reconnect"] as const) {
      for (const kind of ["reconnecting", "busy", "stale", "connecting", "paused"]) {
        const { wire, feed } = await createLive();
        let remainingActs = 3;
        feed.onState((state) => state.kind === kind && remainingActs-- > 0 && feed[act]());
        await causeFault(wire);
        await wire.clock.advance(0);
        assert(wire.open().length <= 1, `${name}, ${act} when ${kind}`);
        feed.close();
        assertEquals(
          [wire.open().length, wire.clock.timers],
          [0, 0],
          `${name}, ${act} when ${kind}`,
        );
      }
    }
  }
});

Deno.test("createConnection() reports an error of a listener, and continues", async () => {
  const { wire, feed, events } = await createLive();
  feed.subscribe(() => {
    throw new Error("of the page");
  });
  feed.subscribe((event) => void events.push(event));
  wire.last().send("snapshot", snapshotOf(1), "6-0");
  assertEquals([events.length, wire.reported.length, feed.cursor()], [2, 1, "6-0"]);
  feed.close();
});

Deno.test("createConnection() delivers event types that are property names of every object", async () => {
  const { wire, feed, events } = await createLive({}, { hasEventSource: false });
  wire.last().send("constructor", {}, "6-0");
  await wire.clock.advance(0);
  assertEquals(events.map(({ type }) => type), ["constructor"]);
  feed.close();
});

for (const hasEventSource of [true, false]) {
  const transport = hasEventSource ? "EventSource" : "fetch";

  Deno.test(`createConnection() reports a malformed frame and continues with the next, over ${transport}`, async () => {
    const { wire, feed, events } = await createLive({}, { hasEventSource });
    wire.last().send("snapshot", { quotes: null }, "6-0");
    wire.last().send("snapshot", snapshotOf(1), "7-0");
    await wire.clock.advance(0);
    assertEquals([wire.reported.length, wire.requests.length], [1, 1]);
    assertEquals([events.map(({ type }) => type), feed.cursor()], [["snapshot"], "7-0"]);
    feed.close();
  });

  Deno.test(`createConnection() delivers a gap among the initial frames and keeps its cursor, over ${transport}`, async () => {
    const wire = createWire({ hasEventSource });
    const { feed, events } = await wire.connect({ cursor: "4-0", topics: ["news"] });
    wire.last().sync(undefined, { gap: true });
    wire.last().send("gap", { topic: "news", after: "4-0", before: "7-0" }, "4-0");
    wire.last().send("article", { id: "a" }, "7-0");
    await wire.clock.advance(0);
    assertEquals(events.map(({ type, id }) => [type, id]), [["gap", "4-0"], ["article", "7-0"]]);
    feed.close();
  });

  Deno.test(`createConnection() resets its cursor at a mid-stream gap, over ${transport}`, async () => {
    const { wire, feed, events } = await createLive({}, { hasEventSource });
    wire.last().send("snapshot", snapshotOf(1), "6-0");
    wire.last().send("gap", { topic: "news", after: "6-0", before: null }, "1-0");
    wire.last().send("snapshot", snapshotOf(0));
    wire.last().send("quote", quote(2), "2-0");
    await wire.clock.advance(0);
    assertEquals(events.map(({ id }) => id), ["6-0", "1-0", "", "2-0"]);
    assertEquals(feed.cursor(), "2-0");
    feed.close();
  });
}

Deno.test("createConnection() accepts all events of a server that has not honoured the client's cursor", async () => {
  const { wire, feed, events } = await createLive();
  wire.last().send("snapshot", snapshotOf(1), "6-0");
  wire.last().cut();
  await wire.clock.advance(1000);
  wire.last().sync(undefined, { resumed: false, gap: true });
  wire.last().send("gap", { topic: "news", after: null, before: null });
  wire.last().send("snapshot", snapshotOf(0), "2-0");
  assertEquals(events.map(({ id }) => id), ["6-0", "", "2-0"]);
  assertEquals(feed.cursor(), "2-0");
  feed.close();
});

Deno.test("createConnection() delivers `gone` with the deleted topics", async () => {
  const wire = createWire();
  const { feed, events } = await wire.connect({ cursor: "4-0" });
  wire.last().sync("4-0", { gone: ["operations/o"] });
  assertEquals(events, [{ type: "gone", data: ["operations/o"], id: "" }]);
  feed.close();
});

Deno.test("createConnection() is stale while events arrive late", async () => {
  const { wire, feed } = await createLive();
  for (const [lateMs, kind] of [[0, "live"], [38_000, "stale"], [30_000, "live"]] as const) {
    await wire.clock.advance(15_000);
    wire.last().send("heartbeat", wire.clock.now() - lateMs, "6-0");
    assertEquals([feed.state().kind, feed.state().transport], [kind, "eventsource"]);
    if (kind === "stale") assertEquals(feed.state().reason, "Events arrive 38 s late.");
  }
  feed.close();
});

Deno.test("createConnection() delivers ticks and days as whole quotes", async () => {
  const { wire, feed, events } = await createLive();
  const whole = {
    ...quote(1),
    name: "WTI crude",
    change: "0.50",
    is_stale: true,
    session: "closed",
    high: null,
  };
  wire.last().send("snapshot", { quotes: [whole], status: [] });
  wire.last().send("quote", quote(2), "6-0");
  wire.last().send("day", { symbol: "WTI", high: "2.00" }, "6-1");
  const latest = { ...whole, price: 2, change: null, is_stale: false, session: "open" };
  const received = events.slice(1).map((
    { type, id, data: { price, change, is_stale, session, high, name } },
  ) => ({
    type,
    id,
    price,
    change,
    is_stale,
    session,
    high,
    name,
  }));
  const { price, change, is_stale, session, name } = latest;
  const expected = { type: "quote", price, change, is_stale, session, name };
  assertEquals(received, [
    { ...expected, id: "6-0", high: null },
    { ...expected, id: "6-1", high: "2.00" },
  ]);
  feed.close();
});

Deno.test("createConnection() requests the quotes of ticks without one, once for all ticks of a second", async () => {
  const { wire, feed, events } = await createLive({ topics: ["quotes"], symbols: ["SPX", "WTI"] });
  const stream = wire.last();
  stream.send("snapshot", { quotes: [], status: [] });
  stream.send("quote", quote(1), "6-0");
  stream.send("quote", { ...quote(2), symbol: "SPX" }, "6-1");
  await wire.clock.advance(1000);
  assertEquals(wire.requests.length, 2);
  assertEquals(wire.last().url.href, "https://edge.test/v1/quotes?symbols=SPX,WTI");
  wire.last().respond({ quotes: [quote(1), { ...quote(2), symbol: "SPX" }], status: [] });
  await wire.clock.advance(0);
  stream.send("quote", quote(3), "7-0");
  assertEquals(events.slice(1).map(({ type, id }) => [type, id]), [["snapshot", ""], [
    "quote",
    "7-0",
  ]]);
  await wire.clock.advance(5000);
  assertEquals(wire.requests.length, 2);
  feed.close();
});

Deno.test("createConnection() requests the quote of a tick from another source, and repeats a failed request", async () => {
  const { wire, feed, events } = await createLive();
  const stream = wire.last();
  stream.send("snapshot", snapshotOf(1));
  const otherSource = { ...quote(2), source: "yahoo" };
  stream.send("quote", otherSource, "6-0");
  await wire.clock.advance(1000);
  wire.last().refuse(503);
  await wire.clock.advance(1000);
  wire.last().cut();
  await wire.clock.advance(1000);
  wire.last().respond({ quotes: [{ ...otherSource, attribution: "Yahoo" }], status: [] });
  await wire.clock.advance(0);
  assertEquals([wire.requests.length, feed.state().kind], [4, "live"]);
  assertEquals(events.slice(1).map(({ data }) => data.quotes[0].attribution), ["Yahoo"]);
  feed.close();
  await wire.clock.advance(5000);
  assertEquals([wire.requests.length, wire.clock.timers], [4, 0]);
});
