/**
 * What streams cost here: memory, time to the first snapshot, time to let go of all.
 *
 * Run: `deno task bench streams`, or with the numbers of streams to open behind it.
 *
 * @module
 */
import { openStream } from "../support/stream_client.ts";
import { untilOpen } from "../support/health.ts";
import { startLoadClient } from "../support/load_client.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { median, printHead, printRow } from "./table.ts";

const OPENINGS = 50;

/** From the request to the snapshot, on a server whose market is known. */
async function timeToSnapshot(): Promise<void> {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, DEMO: "1" });
  using warm = await openStream(server.port, "/v1/quotes/stream");
  await warm.nextOf("quote");
  const times: number[] = [];
  for (let each = 0; each < OPENINGS; each++) {
    const begun = performance.now();
    using stream = await openStream(server.port, "/v1/quotes/stream");
    await stream.nextOf("snapshot");
    times.push(performance.now() - begun);
  }
  const most = Math.max(...times);
  printRow([
    `first snapshot, ms: median of ${OPENINGS}`,
    median(times).toFixed(1),
    `most ${most.toFixed(1)}`,
  ]);
}

/** Opens many streams, and lets go of them by a signal. */
async function weigh(count: number): Promise<void> {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    STREAMS_PER_ISOLATE: String(count + 10),
    STREAMS_PER_CLIENT: String(count + 10),
  });
  // The first few pay for what is shared by all.
  const before = await (async () => {
    await using _few = await startLoadClient({
      port: server.port,
      path: "/v1/events/alerts/stream",
      live: 20,
    });
    await untilOpen(server.origin, 20);
    return server.rssKb();
  })();
  await untilOpen(server.origin, 0);

  await using client = await startLoadClient({
    port: server.port,
    path: "/v1/events/alerts/stream",
    live: count,
  });
  await untilOpen(server.origin, count);
  await publish(server.origin, "alerts", "tick", { pad: "x".repeat(150) });
  const each = (server.rssKb() - before) / (count - 20);

  const begun = performance.now();
  server.signal("SIGINT");
  await server.exited;
  const drained = performance.now() - begun;
  const ended = await until("the end of all streams", async () => {
    const report = await client.report();
    return report.ended.length === count ? report.ended : undefined;
  });
  const whole = ended.filter(({ isWhole }) => isWhole).length;
  printRow([
    `${count} streams`,
    `${each.toFixed(1)} KB each`,
    `all let go in ${drained.toFixed(0)} ms, ${whole} with bye`,
  ]);
}

/** Measures and prints all of it. @param args Numbers of streams to open. */
export async function printStreams(args: readonly string[]): Promise<void> {
  const counts = args.length > 0 ? args.map(Number) : [1000, 5000];
  printHead("Streams", ["what", "figure", ""]);
  await timeToSnapshot();
  for (const count of counts) await weigh(count);
}
