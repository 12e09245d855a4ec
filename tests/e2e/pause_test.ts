import { assert, assertEquals } from "@std/assert";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { numberOf } from "../support/numbers.ts";
import { createOrderWatch } from "../support/order.ts";
import { print } from "../support/print.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BYE, GAP, parse, SYNC } from "../support/shapes.ts";

const ALERTS = "/v1/events/alerts/stream";
/** Together three times what a kernel buffers of a stream before it blocks, and twelve windows. */
const EVENTS = 400;
const EVENT_BYTES = 30_000;

async function publishNumbers(origin: string): Promise<void> {
  const pad = "x".repeat(EVENT_BYTES);
  for (let number = 1; number <= EVENTS; number++) {
    await publish(origin, "alerts", "tick", { number, pad });
  }
}

/** Reads numbers, one after the other without a gap, up to `last` or `bye`. @returns The last one, and the `bye`. */
async function readNumbers(stream: StreamClient, due: number | undefined, last: number) {
  const watch = createOrderWatch();
  let number = due === undefined ? undefined : due - 1;
  while (number !== last) {
    const frame = await stream.next();
    assert(frame !== null, `it was cut off after number ${number}`);
    watch(frame.id);
    if (frame.event === "bye") return { number, bye: parse(BYE, frame.data) };
    const next = numberOf(frame);
    if (next === undefined) continue;
    assertEquals(next, number === undefined ? next : number + 1);
    number = next;
  }
  return { number, bye: undefined };
}

Deno.test("a reader that pauses loses nothing, on this connection or on the next", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, LOG_RETAIN_EVENTS: "10000" });
  let cursor = "";
  let number = 0;
  while (number < EVENTS) {
    using stream = await openStream(server.port, ALERTS, { cursor });
    assertEquals((await stream.next())?.event, "sync");
    if (cursor === "") await publishNumbers(server.origin);
    const read = await readNumbers(stream, number + 1, EVENTS);
    // Where the log has evicted its position, the stream ends as slow, and the client reconnects.
    if (read.bye) assertEquals(read.bye.reason, "slow");
    number = read.number ?? number;
    cursor = stream.lastEventId;
  }
});

Deno.test("a reader that pauses too long ends as slow, and resumes after an exact gap", async () => {
  const retained = 20;
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    LOG_RETAIN_EVENTS: String(retained),
  });
  using stream = await openStream(server.port, ALERTS);
  assertEquals((await stream.next())?.event, "sync");
  await publishNumbers(server.origin);
  const { number = 0, bye } = await readNumbers(stream, 1, EVENTS);
  assertEquals(bye?.reason, "slow", `it has come to number ${number}`);
  assertEquals(await stream.next(), null);
  print(`pause: ended as slow after number ${number} of ${EVENTS}`);

  const cursor = stream.lastEventId;
  using second = await openStream(server.port, ALERTS, { cursor });
  const sync = await second.next();
  const { resumed, gap } = parse(SYNC, sync?.data ?? "");
  assertEquals([resumed, gap], [true, true]);
  const { after, before } = parse(GAP, (await second.next())?.data ?? "");
  assertEquals(after, cursor);
  const first = await second.nextOf("tick");
  assertEquals([first.id, numberOf(first)], [before, EVENTS - retained + 1]);
  assertEquals((await readNumbers(second, EVENTS - retained + 2, EVENTS)).number, EVENTS);
});
