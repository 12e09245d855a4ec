import { assert, assertEquals } from "@std/assert";
import { describeDelays } from "../support/delays.ts";
import { openStreams, untilOpen } from "../support/health.ts";
import { startHerd } from "../support/load_client.ts";
import { print } from "../support/print.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { publishWave } from "../support/wave.ts";

const LIVE = 1000;
const STALLED = 100;
const EVENT_BYTES = 4096;
const WARM_UP_EVENTS = 1000;
/** 16 MB a stream: four times what kernels take before it stalls, and four times what the log keeps. */
const EVENTS = Number(Deno.env.get("E2E_STALLED_EVENTS") ?? 4000);
/** The rate of the wave, as a share of what the warm-up has shown this machine to carry. */
const LOAD = 0.6;
const MOST_GROWTH_KB = 120 * 1024;
const MOST_LAST_DELAY_MS = 5000;

const ALERTS = "/v1/events/alerts/stream";
const QUIET = Array.from({ length: STALLED }, (_, index) => `quiet-${index}`);
/** Half of the stalled follow what the live ones follow; others something of their own, so that they share no bytes. */
const STALLED_PATHS = QUIET.map((quiet, index) =>
  index % 4 < 2 ? ALERTS : `/v1/stream?topics=events/alerts,events/${quiet}`
);
const CHANNELS = JSON.stringify({
  alerts: { types: ["price_alert"] },
  ...Object.fromEntries(QUIET.map((name) => [name, { types: ["tick"] }])),
});

function megabytes(kb: number): string {
  return `${Math.round(kb / 1024)} MB`;
}

Deno.test("a hundred stalled readers cost no memory and delay nobody", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, CHANNELS });
  const { origin, port } = server;
  const startedKb = server.rssKb();
  await using herd = await startHerd({ port, path: ALERTS, live: LIVE });
  const openKb = server.rssKb();

  const wave = { origin, channel: "alerts", herd, eventBytes: EVENT_BYTES };
  const warmUp = await publishWave({ ...wave, events: WARM_UP_EVENTS });
  await using _stalled = await startHerd({
    port,
    path: ALERTS,
    live: 0,
    stalled: STALLED,
    stalledPaths: STALLED_PATHS,
  });
  await untilOpen(origin, LIVE + STALLED);
  const warmKb = server.rssKb();
  const cpuBefore = server.cpuSeconds();
  await herd.startWave();

  const main = await publishWave({ ...wave, events: EVENTS, rate: LOAD * warmUp.rate });
  const afterKb = server.rssKb();
  const cpu = server.cpuSeconds() - cpuBefore;
  const report = await herd.report();

  const delivered = EVENTS * LIVE;
  const lines = [
    `${LIVE} live, ${STALLED} stalled, ${EVENTS} events of ${EVENT_BYTES} bytes`,
    `full speed ${Math.round(warmUp.rate)}/s, then ${Math.round(main.rate)}/s in ` +
    `${Math.round(EVENTS / main.rate)} s: ${Math.round(delivered / cpu)} deliveries a CPU second`,
    `RSS started ${megabytes(startedKb)}, open ${megabytes(openKb)}, ` +
    `warm ${megabytes(warmKb)}, after ${megabytes(afterKb)}`,
    `delay of all: ${describeDelays(report.delays)}`,
    `delay of the last event: ${describeDelays(report.lastDelays)}`,
  ];
  for (const line of lines) print(`stalled: ${line}`);

  assertEquals(report.open, LIVE);
  assertEquals(report.lastIds, { [main.lastId]: LIVE });
  assertEquals(report.leastBytes, report.mostBytes, "not all live streams got the same bytes");
  assert(report.leastBytes > (WARM_UP_EVENTS + EVENTS) * (EVENT_BYTES - 100));
  assert(report.lastDelays.max <= MOST_LAST_DELAY_MS, describeDelays(report.lastDelays));
  assert(afterKb - warmKb <= MOST_GROWTH_KB, `RSS grew by ${megabytes(afterKb - warmKb)}`);
  assertEquals(await openStreams(origin), LIVE + STALLED, "a stalled stream gave up its seat");
});
