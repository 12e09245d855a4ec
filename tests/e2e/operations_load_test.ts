/** Many checks beside many streams: the service stays responsive. */
import { assert } from "@std/assert";
import { untilOpen } from "../support/health.ts";
import { createOperation, readOperation } from "../support/operations.ts";
import { print } from "../support/print.ts";
import { OF_PUBLISHER, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { openStreams } from "../support/stream_client.ts";

const STREAMS = 1000;
const CHECKS = 100;

/** The most CPU time that the server may spend between a request to /health and its answer. */
const MAX_BUSY_MS = 1000;

Deno.test("100 concurrent checks beside 1,000 open streams of operations leave /health quick", async () => {
  await using server = await startServer({
    ...PUBLISHER_SETTINGS,
    STREAMS_PER_ISOLATE: String(STREAMS),
  });
  const { origin, port } = server;
  const paths: string[] = [];
  using stack = new DisposableStack();
  const headers = { ...OF_PUBLISHER, accept: "text/event-stream" };
  const streams = await openStreams(port, STREAMS, async () => {
    const path = await createOperation(origin);
    paths.push(path);
    return `${path}/stream`;
  }, { headers });
  for (const stream of streams) stack.use(stream);
  await untilOpen(origin, STREAMS);

  const checking = Promise.all(paths.slice(0, CHECKS).map((path) => readOperation(origin, path)));
  let isOver = false;
  const over = () => void (isOver = true);
  checking.then(over, over);
  // The wall clock would measure the machine's other work too.
  const busy: number[] = [];
  do {
    const before = server.cpuSeconds();
    const answer = await fetch(`${origin}/health`);
    await answer.body?.cancel();
    busy.push(1000 * (server.cpuSeconds() - before));
  } while (!isOver);
  await checking;
  const most = Math.max(...busy);
  print(
    `${CHECKS} checks beside ${STREAMS} streams: /health ${busy.length} times, ` +
      `at most ${most.toFixed(0)} ms of CPU time to an answer`,
  );
  assert(most < MAX_BUSY_MS, `/health took ${most} ms of CPU time`);
});
