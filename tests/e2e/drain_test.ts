import { assert, assertEquals } from "@std/assert";
import { createFrameParser, type ReceivedFrame } from "../support/frames.ts";
import { untilOpen } from "../support/health.ts";
import { startLoadClient } from "../support/load_client.ts";
import { print } from "../support/print.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { BYE, parse } from "../support/shapes.ts";
import { until, within } from "../support/within.ts";

/** More than kernels take of a stream before it stalls, which is some 4 MiB. */
const EVENTS = 120;
const EVENT_BYTES = 60_000;
const EXIT_MS = 4000;

/** The last frame of a stream that ended. */
function lastFrame(tail: string): ReceivedFrame | undefined {
  const last = tail.split("\n\n").at(-2) ?? "";
  return createFrameParser().feed(new TextEncoder().encode(`${last}\n\n`))[0];
}

async function publishMuch(origin: string): Promise<void> {
  const pad = "x".repeat(EVENT_BYTES);
  for (let count = 0; count < EVENTS; count++) {
    await publish(origin, "alerts", "price_alert", { pad });
  }
}

/** Starts a server with many streams, sends it a signal, and looks at what they were told. */
async function drain(signal: Deno.Signal, live: number, stalled: number): Promise<void> {
  await using server = await startServer(PUBLISHER_SETTINGS);
  await using client = await startLoadClient({
    port: server.port,
    path: "/v1/events/calm/stream",
    live,
    stalled,
    stalledPaths: ["/v1/events/alerts/stream"],
  });
  await untilOpen(server.origin, live + stalled);
  await publishMuch(server.origin);

  const begun = performance.now();
  server.signal(signal);
  const status = await within(20_000, `the end after ${signal}`, server.exited);
  const tookMs = performance.now() - begun;

  const { ended } = await until(`the end of ${live} streams`, async () => {
    const report = await client.report();
    return report.ended.length === live ? report : undefined;
  });
  const retries = ended.map(({ tail }) => {
    const frame = lastFrame(tail);
    assertEquals(frame?.event, "bye", `a stream ended with ${tail}`);
    const { reason, retry_ms } = parse(BYE, frame?.data ?? "");
    assertEquals([reason, frame?.id, frame?.retry], ["drain", null, retry_ms]);
    return retry_ms;
  });
  const [least, most] = [Math.min(...retries), Math.max(...retries)];
  print(
    `${signal}: ${live} live and ${stalled} stalled streams, over in ${Math.round(tookMs)} ms; ` +
      `to come back in ${least} to ${most} ms`,
  );
  assert(tookMs < EXIT_MS, `it took ${tookMs} ms\n${server.output()}`);
  assertEquals([status.code, status.signal], [0, null], server.output());
  assertEquals(ended.filter(({ isWhole }) => !isWhole).length, 0, "streams were cut off");
  assert(new Set(retries).size > live / 4, `all come back at once: ${least} to ${most} ms`);
}

Deno.test("SIGINT lets 1,000 streams go in time, 100 of them stalled", async () => {
  await drain("SIGINT", 900, 100);
});

Deno.test("SIGTERM does the same", async () => {
  await drain("SIGTERM", 45, 5);
});
