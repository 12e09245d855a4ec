import { assert, assertEquals } from "@std/assert";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BUSY, BYE, parse } from "../support/shapes.ts";
import { until } from "../support/within.ts";

const SEATS = 5;
const MAX_AGE_MS = 8000;
const ALERTS = "/v1/events/alerts/stream";
const ADDRESS = "x-client-address";
/** Kernels take some 4 MiB of a stream before it stalls: this is three times as much. */
const EVENTS = 200;
const EVENT_BYTES = 60_000;

async function publishMuch(origin: string): Promise<void> {
  const pad = "x".repeat(EVENT_BYTES);
  for (let count = 0; count < EVENTS; count += 8) {
    await Promise.all(
      Array.from({ length: 8 }, () => publish(origin, "alerts", "price_alert", { pad })),
    );
  }
}

/** Opens a stream that reads its head and nothing more. */
async function openStalled(port: number, address: string): Promise<StreamClient> {
  const headers = { accept: "text/event-stream", [ADDRESS]: address };
  const stream = await openStream(port, ALERTS, { headers, bufferBytes: 1 });
  assertEquals(stream.headers.get("content-type"), "text/event-stream");
  return stream;
}

Deno.test("stalled readers hold their seats after the server said bye, until they hang up", async () => {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    STREAMS_PER_CLIENT: String(SEATS),
    STREAM_MAX_AGE_MS: String(MAX_AGE_MS),
    CLIENT_IP_HEADER: ADDRESS,
  });
  const { origin, port } = server;
  const stalled: StreamClient[] = [];
  using _all = {
    [Symbol.dispose]: () => stalled.forEach((each) => each.hangUp()),
  };

  /** Opens one more of the same client. */
  const openMore = (): Promise<StreamClient> =>
    openStream(port, ALERTS, { headers: { [ADDRESS]: "203.0.113.1" } });

  async function assertRefused(): Promise<void> {
    using more = await openMore();
    const frame = await more.next();
    assertEquals(frame?.event, "busy");
    const { reason, limit, in_use } = parse(BUSY, frame?.data ?? "");
    assertEquals([reason, limit, in_use], ["client", SEATS, SEATS]);
  }

  const begun = performance.now();
  while (stalled.length < SEATS) stalled.push(await openStalled(port, "203.0.113.1"));
  using witness = await openStream(port, "/v1/events/calm/stream", {
    headers: { [ADDRESS]: "203.0.113.2" },
  });
  await publishMuch(origin);
  const publishedMs = performance.now() - begun;
  assert(publishedMs < MAX_AGE_MS * 0.9, `too slow to stall them in time: ${publishedMs} ms`);
  assertEquals(await openStreamCount(origin), SEATS + 1);
  await assertRefused();

  // Ages differ by 10 % either way, so at 1.2 times the age all five have been told, like the witness.
  const bye = await witness.nextOf("bye");
  assertEquals(parse(BYE, bye.data).reason, "max_age");
  await until("the age of all", () => performance.now() - begun > MAX_AGE_MS * 1.2 || undefined);
  await untilOpen(origin, SEATS);
  await assertRefused();

  stalled[0]?.hangUp();
  await untilOpen(origin, SEATS - 1);
  using sixth = await openMore();
  assertEquals((await sixth.next())?.event, "sync");
  await assertRefused();

  sixth.hangUp();
  stalled.forEach((each) => each.hangUp());
  await untilOpen(origin, 0);
});
