import { assert, assertEquals } from "@std/assert";
import { openStream } from "../support/stream_client.ts";
import { untilOpen } from "../support/health.ts";
import { numberOf, type Numbers, startNumbers } from "../support/numbers.ts";
import { createOrderWatch } from "../support/order.ts";
import { print } from "../support/print.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { createSeeded, type Seeded } from "../support/seeded.ts";
import { startServer } from "../support/server_process.ts";
import { NUMBERED, parse, SYNC } from "../support/shapes.ts";
import { pause } from "../support/within.ts";

const CLIENTS = 20;
const EVENTS = 3000;
const KNOWN = new Set(["sync", "tick", "heartbeat"]);

/** One client that comes and goes as long as numbers are published. @returns How often it came, and saw an event. */
async function comeAndGo(port: number, random: Seeded, publisher: Numbers) {
  let [visits, seen] = [0, 0];
  let cursor = "";
  let due: number | undefined;
  while (publisher.last < EVENTS) {
    if (random.chance(0.3)) [cursor, due] = ["", undefined];
    const isResumed = cursor !== "";
    const cutAfter = random.chance(0.5) ? random.below(20_000) : Infinity;
    const wanted = 1 + random.below(200);
    using stream = await openStream(port, "/v1/events/alerts/stream", { cursor, cutAfter });
    const watch = createOrderWatch();
    visits++;
    for (let count = 0; count < wanted && publisher.last < EVENTS; count++) {
      const frame = await stream.next();
      if (frame === null) break;
      assert(KNOWN.has(frame.event), `${frame.event} ${frame.data}`);
      watch(frame.id);
      if (frame.event === "sync") {
        const { resumed, gap } = parse(SYNC, frame.data);
        assertEquals([resumed, gap], [isResumed, false]);
      }
      const number = numberOf(frame);
      if (number !== undefined) {
        assertEquals(number, due ?? number, `cursor ${cursor}`);
        assertEquals(parse(NUMBERED, frame.data).channel, "alerts");
        due = number + 1;
        seen++;
      }
      cursor = frame.lastEventId;
    }
    stream.hangUp();
    await pause(random.below(30));
  }
  return { visits, seen };
}

Deno.test("twenty clients that come and go at random each see a run without a gap", async () => {
  const random = createSeeded("churn");
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    LOG_RETAIN_EVENTS: "100000",
    HEARTBEAT_MS: "50",
  });
  const { origin, port } = server;
  const publisher = startNumbers({ origin, channel: "alerts", padding: () => random.below(800) });
  const clients = Array.from({ length: CLIENTS }, () => comeAndGo(port, random, publisher));
  const results = await Promise.allSettled(clients);
  await publisher.stop();
  const done = results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
  const visits = done.reduce((sum, client) => sum + client.visits, 0);
  const seen = done.reduce((sum, client) => sum + client.seen, 0);
  print(`churn: ${visits} visits saw ${seen} events`);
  assert(visits > CLIENTS && seen > EVENTS);
  await untilOpen(origin, 0);
});
