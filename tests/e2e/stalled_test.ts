import { assert, assertEquals } from "@std/assert";
import { describeDelays } from "../support/delays.ts";
import { openStreams, untilOpen } from "../support/health.ts";
import { startHerd } from "../support/herd.ts";
import { print } from "../support/print.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { publishWave } from "../support/wave.ts";

const LIVE = Number(Deno.env.get("E2E_LIVE") ?? 1000);
const STALLED = 100;
const EVENTS = Number(Deno.env.get("E2E_STALLED_EVENTS") ?? 20_000);
const WARM_UP_EVENTS = 1000;
const EVENT_BYTES = 4096;
/** The rate of the wave, as a share of what the warm-up has shown this machine to carry. */
const LOAD = 0.6;
const MOST_GROWTH_KB = 150 * 1024;
const MOST_LAST_DELAY_MS = 5000;

function megabytes(kb: number): string {
  return `${(kb / 1024).toFixed(0)} MB`;
}

Deno.test("a hundred stalled readers cost no memory and delay nobody", async () => {
  await using server = await startServer(PUBLISHER_SETTINGS);
  const { origin, port } = server;
  const path = "/v1/events/alerts/stream";
  const bareKb = await server.rssKb();
  await using herd = await startHerd({ port, path, live: LIVE });
  const openKb = await server.rssKb();

  const wave = { origin, channel: "alerts", herd, eventBytes: EVENT_BYTES };
  const warmUp = await publishWave({ ...wave, events: WARM_UP_EVENTS });
  await using _stalled = await startHerd({ port, path, live: 0, stalled: STALLED });
  await untilOpen(origin, LIVE + STALLED);
  const beforeKb = await server.rssKb();
  await herd.startWave();

  const begun = performance.now();
  const rate = LOAD * warmUp.rate;
  const main = await publishWave({ ...wave, events: EVENTS, rate });
  const seconds = (performance.now() - begun) / 1000;
  const afterKb = await server.rssKb();
  const report = await herd.report();

  print(
    [
      `${LIVE} live, ${STALLED} stalled, ${EVENTS} events of ${EVENT_BYTES} bytes in ${
        seconds.toFixed(0)
      } s`,
      `at full speed ${warmUp.rate.toFixed(0)}/s, then ${main.rate.toFixed(0)}/s: ${
        (main.rate * LIVE * EVENT_BYTES / 1e6).toFixed(0)
      } MB/s`,
      `RSS: started ${megabytes(bareKb)}, open ${megabytes(openKb)}, warm ${
        megabytes(beforeKb)
      }, after ${megabytes(afterKb)}`,
      `delay of all: ${describeDelays(report.delays)}`,
      `delay of the last event: ${describeDelays(report.lastDelays)}`,
    ].map((line) => `stalled: ${line}`).join("\n"),
  );
  assertEquals(report.open, LIVE);
  assertEquals(report.lastIds, { [main.lastId]: LIVE });
  assertEquals(report.leastBytes, report.mostBytes, "not all live streams got the same bytes");
  assert(report.leastBytes > (WARM_UP_EVENTS + EVENTS) * (EVENT_BYTES - 100));
  assert(report.lastDelays.max <= MOST_LAST_DELAY_MS, describeDelays(report.lastDelays));
  assert(afterKb - beforeKb <= MOST_GROWTH_KB, `RSS grew by ${megabytes(afterKb - beforeKb)}`);
  assertEquals(await openStreams(origin), LIVE + STALLED, "a stalled stream gave up its seat");
});
