/** Many checks beside many streams: the service stays responsive. */
import { assert, assertEquals } from "@std/assert";
import { untilOpen } from "../support/health.ts";
import { begin, check } from "../support/operations.ts";
import { print } from "../support/print.ts";
import { OF_PUBLISHER, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { openStream, type StreamClient } from "../support/stream_client.ts";
import { startServer } from "../support/server_process.ts";

const STREAMS = 1000;
const CHECKS = 100;
const AT_ONCE = 50;

/** What /health takes, at most. The target is 100 ms; the test's own bound leaves room for a machine that does other things. */
const [TARGET_MS, BOUND_MS] = [100, 1000];

Deno.test("100 checks at once beside 1,000 open streams of operations leave /health quick (S4-15)", async () => {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    STREAMS_PER_ISOLATE: String(STREAMS),
  });
  const { origin, port } = server;
  const paths: string[] = [];
  const streams: StreamClient[] = [];
  const headers = { ...OF_PUBLISHER, accept: "text/event-stream" };
  try {
    while (streams.length < STREAMS) {
      const more = await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        const path = await begin(origin);
        return [path, await openStream(port, `${path}/stream`, { headers })] as const;
      }));
      paths.push(...more.map(([path]) => path));
      streams.push(...more.map(([, stream]) => stream));
    }
    await untilOpen(origin, STREAMS);

    const start = performance.now();
    const checking = Promise.all(
      paths.slice(0, CHECKS).map(async (path) => {
        await check(origin, path);
        return performance.now() - start;
      }),
    );
    const waits: number[] = [];
    let isOver = false;
    void checking.finally(() => isOver = true);
    do {
      const asked = performance.now();
      const answer = await fetch(`${origin}/health`);
      await answer.body?.cancel();
      waits.push(performance.now() - asked);
    } while (!isOver);
    const checks = await checking;
    const slowest = Math.max(...waits);
    print(
      `${CHECKS} checks beside ${STREAMS} streams: all within ${
        Math.max(...checks).toFixed(0)
      } ms; ` +
        `/health ${waits.length} times, at most ${slowest.toFixed(0)} ms (target ${TARGET_MS})`,
    );
    assertEquals(checks.length, CHECKS);
    assert(slowest < BOUND_MS, `/health took ${slowest} ms`);
  } finally {
    for (const stream of streams) stream.hangUp();
  }
});
