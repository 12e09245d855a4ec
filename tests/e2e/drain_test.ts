import { assert, assertEquals } from "@std/assert";
import { untilOpen } from "../support/health.ts";
import { print } from "../support/print.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BYE, parse } from "../support/shapes.ts";
import { openStreams, sendRequest, type StreamClient } from "../support/stream_client.ts";
import { within } from "../support/within.ts";

/** More than a kernel buffers of a stream (4 MiB). */
const EVENTS = 120;
const EVENT_BYTES = 60_000;
/** Deploy sends SIGKILL 5 s after its signal. */
const MAX_DRAIN_MS = 4000;
const DEADLINE_MS = 60_000;

async function publishMuch(origin: string): Promise<void> {
  const pad = "x".repeat(EVENT_BYTES);
  for (let count = 0; count < EVENTS; count++) {
    await publish(origin, "alerts", "price_alert", { pad });
  }
}

/** Reads a stream up to its end. @returns The delay after which the client reconnects, by its last frame. */
async function retryOf(stream: StreamClient): Promise<number> {
  const last = (await stream.rest(DEADLINE_MS)).at(-1);
  assertEquals(last?.event, "bye");
  const { reason, retry_ms } = parse(BYE, last?.data ?? "");
  assertEquals([reason, last?.id, last?.retry], ["drain", null, retry_ms]);
  assert(stream.isWhole, "a stream was cut off");
  return retry_ms;
}

/** Starts a server with many streams, sends it a signal, and checks how its streams end. */
async function drain(signal: Deno.Signal, live: number, stalled: number): Promise<void> {
  await using server = await startServer(PUBLISHER_SETTINGS);
  const { origin, port } = server;
  using stack = new DisposableStack();
  for (let index = 0; index < stalled; index++) {
    const request = stack.use(await sendRequest(port, "/v1/events/alerts/stream"));
    if (index % 2 === 0) await request.response();
  }
  const streams = await openStreams(port, live, () => "/v1/events/calm/stream");
  for (const stream of streams) stack.use(stream);
  await untilOpen(origin, live + stalled);
  await publishMuch(origin);

  const ends = Promise.all(streams.map(retryOf));
  server.signal(signal);
  const [status, retries] = await Promise.all([
    within(DEADLINE_MS, `the end after ${signal}`, server.exited),
    ends,
  ]);
  const drainMs = Number(/"drained".*"ms":(\d+)/.exec(server.output())?.[1]);
  const [least, most] = [Math.min(...retries), Math.max(...retries)];
  print(
    `${signal}: ${live} live and ${stalled} stalled streams drained in ${drainMs} ms; ` +
      `reconnects after ${least} to ${most} ms`,
  );
  // By the server's own clock: this process may wait for a core.
  assert(drainMs < MAX_DRAIN_MS, `it took ${drainMs} ms\n${server.output()}`);
  assertEquals([status.code, status.signal], [0, null], server.output());
  assert(new Set(retries).size > live / 4, `all reconnect at once: ${least} to ${most} ms`);
}

Deno.test("SIGINT drains 1,000 streams in time, 100 of them stalled", async () => {
  await drain("SIGINT", 900, 100);
});

Deno.test("SIGTERM drains streams in the same way", async () => {
  await drain("SIGTERM", 45, 5);
});
