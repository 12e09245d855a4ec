import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openFrames } from "../support/frame_stream.ts";
import type { ReceivedFrame } from "../support/frames.ts";
import { openStreams, untilOpen } from "../support/health.ts";
import { numberOf } from "../support/numbers.ts";
import { compareIds, createOrderWatch } from "../support/order.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { openRaw } from "../support/raw_stream.ts";
import { type ServerProcess, startServer } from "../support/server_process.ts";
import {
  BUSY,
  BYE,
  GAP,
  ID,
  parse,
  PROBLEM,
  QUOTE,
  QUOTES,
  QUOTES_ANSWER,
  SYNC,
} from "../support/shapes.ts";
import { within } from "../support/within.ts";

const HEARTBEAT_MS = 200;
const RETAINED = 5;
const ALERTS = "/v1/events/alerts/stream";
const BOTH = "/v1/stream?topics=quotes,events/alerts";

function startDemo(): Promise<ServerProcess> {
  return startServer({
    ...PUBLISHER_SETTINGS,
    DEMO: "1",
    QUOTE_POLL_MS: "100",
    HEARTBEAT_MS: String(HEARTBEAT_MS),
    RETRY_MS: "1234",
    LOG_RETAIN_EVENTS: String(RETAINED),
  });
}

/** The frames of the opening: up to the first with an id, since only its last has one. */
async function openingOf(stream: { next(): Promise<ReceivedFrame | null> }) {
  const frames: ReceivedFrame[] = [];
  for (;;) {
    const frame = await stream.next();
    assert(frame !== null, "the stream ended in its opening");
    frames.push(frame);
    if (frame.id !== null) return frames;
  }
}

function namesOf(frames: readonly ReceivedFrame[]): string[] {
  return frames.map(({ event }) => event);
}

function assertStreamHeaders(headers: Headers): void {
  assertEquals(headers.get("content-type"), "text/event-stream");
  assertEquals(headers.get("cache-control"), "no-store, no-transform");
  assertEquals(headers.get("x-accel-buffering"), "no");
}

Deno.test("a stream shows the frames the contract names", async (t) => {
  await using server = await startDemo();
  const { origin, port } = server;

  /** Opens a path, gives its opening and leaves. */
  async function opening(path: string, cursor = "") {
    using stream = await openFrames(port, path, { cursor });
    assertEquals(stream.status, 200);
    assertStreamHeaders(stream.headers);
    const frames = await openingOf(stream);
    const sync = parse(SYNC, frames[0]?.data ?? "");
    return { frames, sync, cursor: stream.lastEventId, names: namesOf(frames) };
  }

  await t.step("quotes open with sync and a snapshot, which carries the id", async () => {
    const before = Date.now();
    const { frames, sync, names, cursor } = await opening("/v1/quotes/stream");
    assertEquals(names, ["sync", "snapshot"]);
    assertEquals(frames.map(({ retry }) => retry), [1234, null]);
    assertEquals(sync.topics, ["quotes"]);
    assertEquals([sync.resumed, sync.gap, sync.heartbeat_ms], [false, false, HEARTBEAT_MS]);
    assert(sync.server_time >= before && sync.server_time <= Date.now());
    parse(QUOTES, frames[1]?.data ?? "");
    ID.parse(cursor);
  });

  await t.step("quotes then come one by one, with ids that never fall", async () => {
    using stream = await openFrames(port, "/v1/quotes/stream");
    const watch = createOrderWatch();
    for (const frame of await openingOf(stream)) watch(frame.id);
    for (let count = 0; count < 30; count++) {
      const frame = await stream.nextOf("quote");
      watch(ID.parse(frame.id));
      parse(QUOTE, frame.data);
    }
  });

  await t.step("a symbol filter passes its symbols only", async () => {
    using stream = await openFrames(port, "/v1/quotes/stream?symbols=btc-usd,BTC-USD");
    const [, snapshot] = await openingOf(stream);
    const { quotes } = parse(QUOTES, snapshot?.data ?? "");
    assert(quotes.every(({ symbol }) => symbol === "BTC-USD"));
    for (let count = 0; count < 3; count++) {
      assertEquals(parse(QUOTE, (await stream.nextOf("quote")).data).symbol, "BTC-USD");
    }
  });

  await t.step("a log topic opens with sync alone, which carries the id", async () => {
    const { frames, sync, names } = await opening(ALERTS);
    assertEquals(names, ["sync"]);
    assertEquals(frames[0]?.retry, 1234);
    assertEquals(sync.topics, ["events/alerts"]);
    assertEquals([sync.resumed, sync.gap], [false, false]);
  });

  await t.step("two topics on one connection open with one sync and one id", async () => {
    const { sync, names } = await opening(BOTH);
    assertEquals(names, ["sync", "snapshot"]);
    assertEquals(sync.topics.toSorted(), ["events/alerts", "quotes"]);
  });

  await t.step("an event has its id, its type and its channel", async () => {
    using stream = await openFrames(port, ALERTS);
    await openingOf(stream);
    const data = { text: "a\r\nb\u2028c", price: "1.50" };
    const id = await publish(origin, "alerts", "price_alert", data);
    const frame = await stream.nextOf("price_alert");
    assertEquals([frame.id, frame.lastEventId, frame.retry], [id, id, null]);
    assertEquals(JSON.parse(frame.data), { channel: "alerts", data });
  });

  await t.step("heartbeats carry the time and move the cursor of a quiet stream on", async () => {
    using quotes = await openFrames(port, "/v1/quotes/stream");
    using quiet = await openFrames(port, ALERTS);
    const [sync] = await openingOf(quiet);
    const quote = await quotes.nextOf("quote");
    const watch = createOrderWatch();
    let place = ID.parse(sync?.id);
    for (let count = 0; count < 50 && compareIds(place, ID.parse(quote.id)) < 0; count++) {
      const beat = await quiet.nextOf("heartbeat");
      place = ID.parse(beat.id);
      watch(place);
      assert(Math.abs(Number(beat.data) - Date.now()) < 60_000, `it says ${beat.data}`);
    }
    assert(compareIds(place, ID.parse(quote.id)) >= 0, `${place} stays behind ${quote.id}`);
  });

  await t.step("a pace holds events back, and heartbeats stay before what is owed", async () => {
    using slow = await openFrames(port, `${ALERTS}?max_rate=0.5`);
    await openingOf(slow);
    const first = await publish(origin, "alerts", "tick", { number: 1 });
    assertEquals((await slow.nextOf("tick", 1000)).id, first, "the first after silence waited");
    const second = await publish(origin, "alerts", "tick", { number: 2 });
    const beat = await slow.next();
    assertEquals(beat?.event, "heartbeat", "the second did not wait");
    assert(compareIds(ID.parse(beat?.id), second) < 0, `${beat?.id} is not before ${second}`);
    assertEquals((await slow.nextOf("tick")).id, second);
  });

  await t.step("an honoured cursor resumes without a snapshot", async () => {
    const first = await opening(BOTH);
    const second = await opening(BOTH, first.cursor);
    assertEquals(second.names, ["sync"]);
    assertEquals([second.sync.resumed, second.sync.gap], [true, false]);
    assertEquals(second.frames[0]?.id, first.cursor);
  });

  await t.step("the header wins over the query, and an empty header is none", async () => {
    const { cursor } = await opening(ALERTS);
    const both = await opening(`${ALERTS}?last_event_id=nonsense`, cursor);
    assertEquals(both.sync.resumed, true);
    using stream = await openFrames(port, `${ALERTS}?lastEventId=${cursor}`, {
      headers: { "last-event-id": "" },
    });
    const [sync] = await openingOf(stream);
    assertEquals(parse(SYNC, sync?.data ?? "").resumed, true);
  });

  await t.step(
    "a cursor that is none of ours is not honoured, and the log topic tells a gap",
    async () => {
      const id = await publish(origin, "alerts", "tick", { number: 0 });
      for (const cursor of ["nonsense", "1-1", "99999999999999-1"]) {
        const { frames, sync, names } = await opening(BOTH, cursor);
        assertEquals(names, ["sync", "gap", "snapshot"], `cursor ${cursor}`);
        assertEquals([sync.resumed, sync.gap], [false, true]);
        const gap = parse(GAP, frames[1]?.data ?? "");
        assertEquals([gap.topic, gap.after], ["events/alerts", null]);
        assert(gap.before !== null && compareIds(gap.before, id) <= 0);
      }
      const quotes = await opening("/v1/quotes/stream", "nonsense");
      assertEquals(quotes.names, ["sync", "snapshot"]);
      assertEquals([quotes.sync.resumed, quotes.sync.gap], [false, false]);
    },
  );

  await t.step(
    "a gap is exact where the log has forgotten, and what is kept still comes",
    async () => {
      const { cursor } = await opening(ALERTS);
      for (let number = 1; number <= RETAINED + 3; number++) {
        await publish(origin, "alerts", "tick", { number });
      }
      using stream = await openFrames(port, ALERTS, { cursor });
      const [sync, gap] = await openingOf(stream);
      const { resumed, gap: hasGap } = parse(SYNC, sync?.data ?? "");
      assertEquals([resumed, hasGap], [true, true]);
      const { after, before } = parse(GAP, gap?.data ?? "");
      const kept = await stream.nextOf("tick");
      assertEquals([after, before], [cursor, kept.id]);
      assertEquals(numberOf(kept), 4);
      for (let number = 5; number <= RETAINED + 3; number++) {
        assertEquals(numberOf(await stream.nextOf("tick")), number);
      }
    },
  );

  await t.step("HEAD answers at once, with the stream's headers, and takes no seat", async () => {
    await untilOpen(origin, 0);
    for (const path of ["/v1/quotes/stream", ALERTS, BOTH]) {
      const answer = openRaw(port, path, { method: "HEAD" });
      using head = await within(5000, `HEAD ${path}`, answer);
      assertEquals(head.status, 200);
      assertStreamHeaders(head.headers);
      assertEquals(await openStreams(origin), 0);
    }
  });

  await t.step("bad parameters and unknown names are real refusals", async () => {
    const refusals: [string, number, string][] = [
      ["/v1/quotes/stream?symbols=BTC-USD,NOPE-USD", 400, "NOPE-USD"],
      ["/v1/quotes/stream?max_rate=3", 400, "max_rate"],
      ["/v1/quotes/stream?max_rate=x", 400, "max_rate"],
      ["/v1/events/nowhere/stream", 404, "nowhere"],
      ["/v1/stream?topics=quotes,events/nowhere", 404, "nowhere"],
      ["/v1/stream?topics=quotes,weather", 404, "weather"],
    ];
    for (const [path, status, named] of refusals) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await fetch(origin + path, {
          method,
          headers: { accept: "text/event-stream" },
        });
        const text = await answer.text();
        assertEquals(answer.status, status, `${method} ${path}`);
        assertEquals(answer.headers.get("content-type"), "application/problem+json");
        if (method === "HEAD") continue;
        assertEquals(parse(PROBLEM, text).status, status);
        assert(text.includes(named), `${path} does not name ${named}: ${text}`);
      }
    }
    assertEquals(await openStreams(origin), 0);
  });
});

Deno.test("a stream that reached its age says bye, when to come back, and ends", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, STREAM_MAX_AGE_MS: "1000" });
  const retries = await Promise.all(Array.from({ length: 8 }, async () => {
    const begun = performance.now();
    using stream = await openFrames(server.port, ALERTS);
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
  assertNotEquals(new Set(retries).size, 1, "all are told to come back at the same moment");
  await untilOpen(server.origin, 0);
});

Deno.test("a client over its share is told so in the words it understands", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, STREAMS_PER_CLIENT: "1" });
  using first = await openFrames(server.port, ALERTS);
  const [sync] = await openingOf(first);

  using second = await openFrames(server.port, ALERTS, { cursor: sync?.id ?? "" });
  assertEquals(second.status, 200);
  assertStreamHeaders(second.headers);
  const frames = await second.rest();
  assertEquals(namesOf(frames), ["busy"]);
  const [busy] = frames;
  const { reason, limit, in_use, retry_after_ms } = parse(BUSY, busy?.data ?? "");
  assertEquals([reason, limit, in_use], ["client", 1, 1]);
  assertEquals([busy?.retry, busy?.id], [retry_after_ms, null]);
  assert(retry_after_ms >= 5000 && retry_after_ms <= 30_000, `in ${retry_after_ms} ms`);
  assert(second.isWhole, "the body was cut off");
  assertEquals(second.lastEventId, sync?.id);

  using quotes = await openFrames(server.port, "/v1/quotes/stream?symbols=BTC-USD");
  const [refusal] = await quotes.rest();
  const pollUrl = parse(BUSY, refusal?.data ?? "").poll_url ?? "";
  const polled = await fetch(server.origin + pollUrl);
  assertEquals(polled.status, 200, pollUrl);
  parse(QUOTES_ANSWER, await polled.text());

  const answer = await fetch(server.origin + ALERTS, { headers: { accept: "application/json" } });
  assertEquals(answer.status, 429);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assert(Number(answer.headers.get("retry-after")) >= 1);
  assert(answer.headers.has("ratelimit"));
  assertEquals(parse(PROBLEM, await answer.text()).status, 429);

  // HEAD takes no seat, so it finds none missing.
  const head = await fetch(server.origin + ALERTS, { method: "HEAD" });
  assertEquals(head.status, 200);
  assertStreamHeaders(head.headers);

  first.hangUp();
  await untilOpen(server.origin, 0);
  using third = await openFrames(server.port, ALERTS);
  assertEquals(namesOf(await openingOf(third)), ["sync"]);
});
