import { assertEquals } from "@std/assert";
import { figureIn } from "../metrics/exposition.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { openingAt } from "../support/opening.ts";
import { publish, PUBLISHER_SETTINGS, sendAsPublisher } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BUSY, BYE, parse } from "../support/shapes.ts";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { until } from "../support/within.ts";

const SLOTS = 5;
const MAX_AGE_MS = 5000;
const ALERTS = "/v1/events/alerts/stream";
const ADDRESS = "x-client-address";
/** A kernel buffers some 4 MiB of a stream before it blocks: this is three times as much. */
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

Deno.test("stalled readers keep their slots after the server's bye, until they hang up", async () => {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    LOG_RETAIN_EVENTS: "10000",
    STREAMS_PER_CLIENT: String(SLOTS),
    STREAM_MAX_AGE_MS: String(MAX_AGE_MS),
    CLIENT_IP_HEADER: ADDRESS,
  });
  const { origin, port } = server;
  using stack = new DisposableStack();

  const open = async (path: string, address: string, cursor = "", bufferBytes = 65_536) =>
    stack.use(
      await openStream(port, path, { headers: { [ADDRESS]: address }, cursor, bufferBytes }),
    );
  const openMore = () => open(ALERTS, "203.0.113.1");

  async function assertRefused(): Promise<void> {
    const frame = await (await openMore()).next();
    assertEquals(frame?.event, "busy");
    const { reason, limit, in_use } = parse(BUSY, frame?.data ?? "");
    assertEquals([reason, limit, in_use], ["client", SLOTS, SLOTS]);
  }

  async function figure(name: string, labels?: Readonly<Record<string, string>>): Promise<number> {
    return figureIn((await sendAsPublisher("GET", `${origin}/metrics`)).text, name, labels);
  }

  // The events are in the log before the streams open: a replay blocks them within moments, however busy the machine is.
  const { cursor } = await openingAt(port, ALERTS);
  await publishMuch(origin);
  const stalled: StreamClient[] = [];
  while (stalled.length < SLOTS) stalled.push(await open(ALERTS, "203.0.113.1", cursor, 1));
  const idle = await open("/v1/events/calm/stream", "203.0.113.2");
  let delivered = 0;
  await until("the streams to block", async () => {
    const before = delivered;
    delivered = await figure("events_delivered_total");
    return before > 0 && delivered === before ? true : undefined;
  }, { everyMs: 200 });
  assertEquals(await figure("streams_lagging"), SLOTS);
  assertEquals(await openStreamCount(origin), SLOTS + 1);
  await assertRefused();

  const bye = await idle.nextOf("bye");
  assertEquals(parse(BYE, bye.data).reason, "max_age");
  await until("the end of all streams", async () => {
    const ended = await figure("streams_closed_total", { reason: "max_age" });
    return ended === SLOTS + 1 ? true : undefined;
  });
  await untilOpen(origin, SLOTS);
  await assertRefused();

  stalled[0]?.hangUp();
  await untilOpen(origin, SLOTS - 1);
  const sixth = await openMore();
  assertEquals((await sixth.next())?.event, "sync");
  await assertRefused();

  sixth.hangUp();
  stalled.forEach((stream) => stream.hangUp());
  await untilOpen(origin, 0);
});
