import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openStream } from "../support/stream_client.ts";
import { untilOpen } from "../support/health.ts";
import { namesOf, openingAt, openingOf } from "../support/opening.ts";
import { compareIds, createOrderWatch } from "../support/order.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BYE, ID, parse, QUOTE, QUOTES } from "../support/shapes.ts";

const HEARTBEAT_MS = 200;
const ALERTS = "/v1/events/alerts/stream";
const BOTH = "/v1/stream?topics=quotes,events/alerts";

Deno.test("a stream shows the frames the contract names", async (t) => {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    DEMO: "1",
    QUOTE_POLL_MS: "100",
    HEARTBEAT_MS: String(HEARTBEAT_MS),
    RETRY_MS: "1234",
  });
  const { origin, port } = server;

  await t.step("quotes open with sync and a snapshot, which carries the id", async () => {
    const before = Date.now();
    const { frames, sync, names, cursor } = await openingAt(port, "/v1/quotes/stream");
    assertEquals(names, ["sync", "snapshot"]);
    assertEquals(frames.map(({ retry }) => retry), [1234, null]);
    assertEquals(sync.topics, ["quotes"]);
    assertEquals([sync.resumed, sync.gap, sync.heartbeat_ms], [false, false, HEARTBEAT_MS]);
    assert(sync.server_time >= before && sync.server_time <= Date.now());
    parse(QUOTES, frames[1]?.data ?? "");
    ID.parse(cursor);
  });

  await t.step("quotes then come one by one, with ids that never fall", async () => {
    using stream = await openStream(port, "/v1/quotes/stream");
    const watch = createOrderWatch();
    for (const frame of await openingOf(stream)) watch(frame.id);
    for (let count = 0; count < 30; count++) {
      const frame = await stream.nextOf("quote");
      watch(ID.parse(frame.id));
      parse(QUOTE, frame.data);
    }
  });

  await t.step("a symbol filter passes its symbols only", async () => {
    using stream = await openStream(port, "/v1/quotes/stream?symbols=btc-usd,BTC-USD");
    const [, snapshot] = await openingOf(stream);
    const { quotes } = parse(QUOTES, snapshot?.data ?? "");
    assert(quotes.every(({ symbol }) => symbol === "BTC-USD"));
    for (let count = 0; count < 3; count++) {
      assertEquals(parse(QUOTE, (await stream.nextOf("quote")).data).symbol, "BTC-USD");
    }
  });

  await t.step("a log topic opens with sync alone, which carries the id", async () => {
    const { frames, sync, names } = await openingAt(port, ALERTS);
    assertEquals(names, ["sync"]);
    assertEquals(frames[0]?.retry, 1234);
    assertEquals(sync.topics, ["events/alerts"]);
    assertEquals([sync.resumed, sync.gap], [false, false]);
  });

  await t.step("two topics on one connection open with one sync and one id", async () => {
    const { sync, names } = await openingAt(port, BOTH);
    assertEquals(names, ["sync", "snapshot"]);
    assertEquals(sync.topics.toSorted(), ["events/alerts", "quotes"]);
  });

  await t.step("an event has its id, its type and its channel", async () => {
    using stream = await openStream(port, ALERTS);
    await openingOf(stream);
    const data = { text: "a\r\nb\u2028c", price: "1.50" };
    const id = await publish(origin, "alerts", "price_alert", data);
    const frame = await stream.nextOf("price_alert");
    assertEquals([frame.id, frame.lastEventId, frame.retry], [id, id, null]);
    assertEquals(JSON.parse(frame.data), { channel: "alerts", data });
  });

  await t.step("heartbeats carry the time and move the cursor of a quiet stream on", async () => {
    using quotes = await openStream(port, "/v1/quotes/stream");
    using quiet = await openStream(port, ALERTS);
    const [sync] = await openingOf(quiet);
    const quote = await quotes.nextOf("quote");
    const watch = createOrderWatch();
    let position = ID.parse(sync?.id);
    for (let count = 0; count < 50 && compareIds(position, ID.parse(quote.id)) < 0; count++) {
      const beat = await quiet.nextOf("heartbeat");
      position = ID.parse(beat.id);
      watch(position);
      assert(Math.abs(Number(beat.data) - Date.now()) < 60_000, `it says ${beat.data}`);
    }
    assert(compareIds(position, ID.parse(quote.id)) >= 0, `${position} stays behind ${quote.id}`);
  });

  await t.step(
    "max_rate holds events back, and heartbeats stay before pending events",
    async () => {
      using slow = await openStream(port, `${ALERTS}?max_rate=0.5`);
      await openingOf(slow);
      const first = await publish(origin, "alerts", "tick", { number: 1 });
      assertEquals((await slow.nextOf("tick", 1000)).id, first, "the first after silence waited");
      const second = await publish(origin, "alerts", "tick", { number: 2 });
      const beat = await slow.next();
      assertEquals(beat?.event, "heartbeat", "the second did not wait");
      assert(compareIds(ID.parse(beat?.id), second) < 0, `${beat?.id} is not before ${second}`);
      assertEquals((await slow.nextOf("tick")).id, second);
    },
  );
});

Deno.test("a stream that reached its age says bye, when to come back, and ends", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, STREAM_MAX_AGE_MS: "1000" });
  const retries = await Promise.all(Array.from({ length: 8 }, async () => {
    const begun = performance.now();
    using stream = await openStream(server.port, ALERTS);
    const [sync] = await openingOf(stream);
    const frames = await stream.rest();
    const age = performance.now() - begun;
    assertEquals(namesOf(frames), ["bye"]);
    assert(age > 850, `it ended after ${age} ms`);
    const [bye] = frames;
    const { reason, retry_ms } = parse(BYE, bye?.data ?? "");
    assertEquals([reason, bye?.id, bye?.retry], ["max_age", null, retry_ms]);
    assertEquals(stream.lastEventId, sync?.id);
    assert(stream.isWhole, "the body was cut off");
    return retry_ms;
  }));
  assertNotEquals(new Set(retries).size, 1, "all reconnect at the same moment");
  await untilOpen(server.origin, 0);
});
