/** Streams and publications in the metrics and in the operator's log. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { defineTopic } from "../../lib/core/topic.ts";
import { StoreUnavailable } from "../../lib/store/errors.ts";
import { alerts, createClient, numbered, onAlerts, price, prices } from "../hub/support.ts";
import { createMeasuredHub, type MeasuredHub } from "./support.ts";

const quotes = defineTopic({ ...prices, name: "quotes", metricKind: "quotes" });
const channel = defineTopic({ ...alerts, name: "events/alerts", metricKind: "events" });
const onQuotes = [{ topic: quotes, tags: null }];
const onChannel = [{ topic: channel, tags: null }];

Deno.test("a stream counts while it is open, by the kind of its topics", async () => {
  await using test = createMeasuredHub();
  const clients = await Promise.all(
    [onQuotes, onChannel, [...onQuotes, ...onChannel], onAlerts, onChannel].map(
      async (filters) => createClient(await test.hub.subscribe({ filters })).live(),
    ),
  );
  const kinds = ["quotes", "events", "several", "other"];
  const read = (name: string) => Promise.all(kinds.map((topic) => test.figure(name, { topic })));
  assertEquals(await read("streams"), [1, 2, 1, 1]);
  await clients[0]?.hangUp();
  await clients[1]?.hangUp();
  assertEquals(await read("streams"), [0, 1, 1, 1]);
  assertEquals(await read("streams_opened_total"), [1, 2, 1, 1]);
  assertEquals(await read("streams_closed_total"), [1, 1, 0, 0]);
});

Deno.test("delivered events count once per client, on every path, and stay counted", async () => {
  await using test = createMeasuredHub();
  await using _wide = createClient(await test.hub.subscribe({ filters: onChannel })).live();
  const stalled = createClient(await test.hub.subscribe({ filters: onChannel }));
  await test.clock.advance(0);
  const ids = await test.hub.publish(channel, [1, 2, 3].map((n) => numbered("alert", n)));
  await test.clock.advance(20);
  assertEquals(await test.figure("events_delivered_total"), 3); // initial frames do not count

  stalled.live(); // catches up with a separate read
  await test.clock.advance(20);
  assertEquals(await test.figure("events_delivered_total", { topic: "events" }), 6);

  await using back = createClient(
    await test.hub.subscribe({ filters: onChannel, cursor: ids[1] }),
  ).live();
  await test.clock.advance(20);
  assertEquals([back.dataOf("alert").length, await test.figure("events_delivered_total")], [1, 7]);
  await stalled.hangUp();
  await test.hub.publish(channel, [numbered("alert", 4)]);
  await test.clock.advance(20);
  assertEquals(await test.figure("events_delivered_total"), 9);
});

Deno.test("replayed events and overlay values count as delivered", async () => {
  await using test = createMeasuredHub();
  const cursor = await test.log.head();
  const text = "x".repeat(20_000);
  for (let n = 1; n <= 100; n++) await test.hub.publish(channel, [numbered("alert", n, text)]);
  await using far = createClient(await test.hub.subscribe({ filters: onChannel, cursor })).live();
  await test.clock.advance(0);
  assertEquals([far.dataOf("alert").length, await test.figure("events_delivered_total")], [
    100,
    100,
  ]);

  await using _now = createClient(await test.hub.subscribe({ filters: onQuotes })).live();
  const late = createClient(await test.hub.subscribe({ filters: onQuotes }));
  await test.clock.advance(0);
  test.hub.overlay(quotes, [price("A", 1), price("B", 1)]);
  assertEquals(await test.figure("events_delivered_total", { topic: "quotes" }), 2);
  late.live();
  await test.clock.advance(0);
  assertEquals(await test.figure("events_delivered_total", { topic: "quotes" }), 4);
});

Deno.test("a blocked client lags once it has pending events, hangs after 10 s, and does neither once it reads", async () => {
  await using test = createMeasuredHub();
  await using _quick = createClient(await test.hub.subscribe({ filters: onChannel })).live();
  await using client = createClient(await test.hub.subscribe({ filters: onChannel }));
  const read =
    async () => [await test.figure("streams_lagging"), await test.figure("streams_hung")];
  await test.clock.advance(5000);
  assertEquals(await read(), [0, 0]);
  await test.hub.publish(channel, [numbered("alert", 1)]);
  await test.clock.advance(20);
  assertEquals(await read(), [1, 0]);
  await test.clock.advance(7000);
  assertEquals(await read(), [1, 1]);
  client.live();
  await test.clock.advance(0);
  assertEquals(await read(), [0, 0]);
});

Deno.test("a client that opened ahead of its broadcast group does not lag", async () => {
  await using test = createMeasuredHub();
  const subscription = { filters: onChannel, maxRate: 0.1 };
  await using _early = createClient(await test.hub.subscribe(subscription)).live();
  for (const n of [1, 2]) {
    await test.hub.publish(channel, [numbered("alert", n)]);
    await test.clock.advance(0);
  }
  await using _ahead = createClient(await test.hub.subscribe(subscription)).live();
  await test.clock.advance(0);
  assertEquals(await test.figure("streams_lagging"), 0);
});

/** Functions that end a stream of quotes, by the reason. */
const ENDS: Readonly<Record<string, (test: MeasuredHub) => Promise<void>>> = {
  async gone({ hub }) {
    await createClient(await hub.subscribe({ filters: onQuotes })).hangUp();
  },
  async drain({ hub }) {
    await hub.subscribe({ filters: onQuotes });
    hub.drain();
  },
  async max_age({ hub, clock }) {
    createClient(await hub.subscribe({ filters: onQuotes })).live();
    await clock.advance(3_600_000);
  },
  async slow({ hub, clock }) {
    await hub.subscribe({ filters: onQuotes });
    await clock.advance(62_000);
  },
};

for (const [reason, end] of Object.entries(ENDS)) {
  Deno.test(`a stream that ends by ${reason} is counted and logged by its reason`, async () => {
    await using test = createMeasuredHub();
    await end(test);
    assertEquals(await test.figure("streams_closed_total", { topic: "quotes", reason }), 1);
    assertEquals(await test.figure("streams_closed_total"), 1);
    assertEquals(await test.figure("streams"), 0);
    assertEquals(test.logged("stream ended").map((line) => Object(line).reason), [reason]);
  });
}

Deno.test("a stream that ends by a fault is counted and logged by its reason", async () => {
  let isBroken = false;
  await using test = createMeasuredHub({}, (log) => ({
    ...log,
    after: (...args) => isBroken ? Promise.reject(new Error("broken")) : log.after(...args),
  }));
  const cursor = await test.log.head();
  const text = "x".repeat(20_000);
  for (let n = 1; n <= 100; n++) await test.hub.publish(channel, [numbered("alert", n, text)]);
  const stream = await test.hub.subscribe({ filters: onChannel, cursor });
  isBroken = true;
  createClient(stream).live();
  await test.clock.advance(2000);
  const labels = { topic: "events", reason: "fault" };
  assertEquals(await test.figure("streams_closed_total", labels), 1);
});

Deno.test("a stream's start and end are logged with kinds, reason, duration and events, and nothing of the client", async () => {
  await using test = createMeasuredHub();
  const filters = [...onQuotes, ...onChannel];
  const [cursor = ""] = await test.hub.publish(channel, [numbered("alert", 1)]);
  await using client = createClient(await test.hub.subscribe({ filters, cursor })).live();
  await test.clock.advance(500);
  await test.hub.publish(channel, [numbered("alert", 2), numbered("alert", 3)]);
  await test.clock.advance(1000);
  await client.hangUp();
  const about = { stream: 1, topics: ["quotes", "events"] };
  const opened = new Date(1_700_000_000_000).toISOString();
  const ended = new Date(1_700_000_001_500).toISOString();
  const end = { reason: "gone", duration_ms: 1500, events: 2 };
  assertEquals(test.lines.map((line) => JSON.parse(line)), [
    { time: opened, level: "debug", message: "stream opened", ...about, resumed: true },
    { time: ended, level: "info", message: "stream ended", ...about, ...end },
  ]);
});

Deno.test("publications count by outcome, event by event", async () => {
  let outage: "none" | "away" | "broken" = "none";
  await using test = createMeasuredHub({}, (log) => ({
    ...log,
    append(...args) {
      if (outage === "none") return log.append(...args);
      return Promise.reject(outage === "away" ? new StoreUnavailable() : new Error("broken"));
    },
  }));
  const { hub } = test;
  const idempotencyKey = { key: "k", fingerprint: "a" };
  const three = [1, 2, 3].map((n) => numbered("alert", n));
  await hub.publish(channel, three);
  await hub.publish(channel, []);
  await hub.publish(channel, [numbered("alert", 4)], { idempotencyKey });
  await hub.publish(channel, [numbered("alert", 4)], { idempotencyKey });
  const other = { idempotencyKey: { ...idempotencyKey, fingerprint: "b" } };
  await assertRejects(() => hub.publish(channel, [numbered("alert", 5)], other));
  const fence = { lease: "quotes", holder: "nobody" };
  await assertRejects(() => hub.publish(quotes, [price("A", 1)], { fence }));
  await assertRejects(() => hub.publish(channel, [numbered("note", 1), ...three]));
  outage = "away";
  await assertRejects(() => hub.publish(channel, three));
  outage = "broken";
  await assertRejects(() => hub.publish(channel, three));

  const read = (outcome: string) =>
    test.figure("events_published_total", { topic: "events", outcome });
  const outcomes = ["appended", "repeated", "conflict", "refused", "away", "fault"];
  assertEquals(await Promise.all(outcomes.map(read)), [4, 1, 1, 4, 3, 3]);
  const fenced = { topic: "quotes", outcome: "fenced" };
  assertEquals(await test.figure("events_published_total", fenced), 1);
});

Deno.test("successful updates of a value count as publications, and stale ones do not", async () => {
  let isAway = false;
  await using test = createMeasuredHub({}, (log) => ({
    ...log,
    append: (...args) => isAway ? Promise.reject(new StoreUnavailable()) : log.append(...args),
  }));
  const cas = (expected: string | null, next: string) => (
    { key: "a", expected, next, ttlMs: 60_000 }
  );
  await test.hub.updateAndPublish(channel, [numbered("alert", 1)], { cas: cas(null, "1") });
  await test.hub.updateAndPublish(channel, [numbered("alert", 2)], { cas: cas("1", "2") });
  await test.hub.updateAndPublish(channel, [numbered("alert", 2)], { cas: cas("1", "3") });
  await assertRejects(() =>
    test.hub.updateAndPublish(channel, [numbered("note", 1)], { cas: cas("2", "3") })
  );
  isAway = true;
  await assertRejects(() =>
    test.hub.updateAndPublish(channel, [numbered("alert", 3)], { cas: cas("2", "3") })
  );
  const read = (outcome: string) =>
    test.figure("events_published_total", { topic: "events", outcome });
  assertEquals(await Promise.all(["appended", "refused", "away"].map(read)), [2, 1, 1]);
  assertEquals(await test.figure("events_published_total"), 4);
});

Deno.test("topics with hostile names add no label value", async () => {
  await using test = createMeasuredHub();
  for (const name of ['x"} 1\nedgetape_x{a="', "__proto__", "several", "quotes\n"]) {
    const topic = { ...alerts, name };
    await using client = createClient(
      await test.hub.subscribe({ filters: [{ topic, tags: null }] }),
    );
    await test.hub.publish(topic, [numbered("alert", 1)]);
    await client.hangUp();
  }
  assertEquals(await test.figure("streams_opened_total", { topic: "other" }), 4);
  assertEquals(await test.figure("events_published_total", { topic: "other" }), 4);
  assert(test.lines.every((line) => !line.includes("edgetape_x") && !line.includes("proto")));
});
