/**
 * The cost of streams: memory, time to the first snapshot, time to drain all.
 *
 * Run: `deno task bench streams`, or with the numbers of streams to open behind it.
 *
 * @module
 */
import { openStream, openStreams } from "../support/stream_client.ts";
import { untilOpen } from "../support/health.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { median, printHead, printRow } from "./table.ts";

const OPENINGS = 50;
const FIRST = 20;

/** From the request to the snapshot, on a server whose market is known. */
async function timeToSnapshot(): Promise<void> {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, DEMO: "1" });
  using warm = await openStream(server.port, "/v1/quotes/stream");
  await warm.nextOf("quote");
  const times: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
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

/** Opens many streams, and drains them by a signal. */
async function weigh(count: number): Promise<void> {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    STREAMS_PER_ISOLATE: String(count + 10),
    STREAMS_PER_CLIENT: String(count + 10),
  });
  const open = (count: number) => openStreams(server.port, count, () => "/v1/events/alerts/stream");
  // The first streams allocate the memory that all share.
  const first = await open(FIRST);
  await untilOpen(server.origin, FIRST);
  const before = server.rssKb();
  first.forEach((stream) => stream.hangUp());
  await untilOpen(server.origin, 0);

  const streams = await open(count);
  await untilOpen(server.origin, count);
  await publish(server.origin, "alerts", "tick", { pad: "x".repeat(150) });
  const kbPerStream = (server.rssKb() - before) / (count - FIRST);

  const begun = performance.now();
  server.signal("SIGINT");
  await server.exited;
  const drained = performance.now() - begun;
  const ends = await Promise.all(streams.map((stream) => stream.rest()));
  streams.forEach((stream) => stream.hangUp());
  const whole = ends.filter((frames) => frames.at(-1)?.event === "bye").length;
  printRow([
    `${count} streams`,
    `${kbPerStream.toFixed(1)} KB each`,
    `all drained in ${drained.toFixed(0)} ms, ${whole} with bye`,
  ]);
}

/** Measures and prints all of it. @param args Numbers of streams to open. */
export async function printStreams(args: readonly string[]): Promise<void> {
  const counts = args.length > 0 ? args.map(Number) : [1000, 5000];
  printHead("Streams", ["what", "figure", ""]);
  await timeToSnapshot();
  for (const count of counts) await weigh(count);
}
