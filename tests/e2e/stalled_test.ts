import { assert, assertEquals } from "@std/assert";
import { describeDelays } from "../support/delays.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { startLoadClient } from "../support/load_client.ts";
import { print } from "../support/print.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { publishWave } from "../support/wave.ts";

/** How much is sent past how many readers. */
interface Flood {
  readonly live: number;
  readonly stalled: number;
  readonly warmUpEvents: number;
  readonly events: number;
  readonly eventBytes: number;
}

/** Two times what a kernel buffers of a stream (4 MiB): buffered in the server, the rest would exceed the limit of growth. */
const SMALL: Flood = { live: 50, stalled: 40, warmUpEvents: 500, events: 2000, eventBytes: 4096 };

/** Four times what a kernel buffers, to a thousand readers. Too long for the suite: `.ci/run` asks for it. */
const FULL: Flood = {
  live: 1000,
  stalled: 100,
  warmUpEvents: 1000,
  events: 16_000,
  eventBytes: 1024,
};

const { live: LIVE, stalled: STALLED, warmUpEvents, events, eventBytes } =
  Deno.env.get("FULL_FLOOD") === "1" ? FULL : SMALL;
/** The rate of the wave, as a share of what the warm-up has shown this machine to carry. */
const LOAD = 0.6;
const MAX_GROWTH_KB = 120 * 1024;
const MAX_LAST_DELAY_MS = 5000;

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

Deno.test("stalled readers take no memory and delay no other client", async () => {
  await using server = await startServer({ ...PUBLISHER_SETTINGS, CHANNELS });
  const { origin, port } = server;
  const startedKb = server.rssKb();
  await using client = await startLoadClient({ port, path: ALERTS, live: LIVE });
  const openKb = server.rssKb();

  const wave = { origin, channel: "alerts", client, eventBytes };
  const warmUp = await publishWave({ ...wave, events: warmUpEvents });
  await using _stalled = await startLoadClient({
    port,
    path: ALERTS,
    live: 0,
    stalled: STALLED,
    stalledPaths: STALLED_PATHS,
  });
  await untilOpen(origin, LIVE + STALLED);
  const warmKb = server.rssKb();
  const cpuBefore = server.cpuSeconds();
  await client.startWave();

  const main = await publishWave({ ...wave, events, rate: LOAD * warmUp.rate });
  const afterKb = server.rssKb();
  const cpu = server.cpuSeconds() - cpuBefore;
  const report = await client.report();

  const delivered = events * LIVE;
  const lines = [
    `${LIVE} live, ${STALLED} stalled, ${events} events of ${eventBytes} bytes`,
    `full speed ${Math.round(warmUp.rate)}/s, then ${Math.round(main.rate)}/s in ` +
    `${Math.round(events / main.rate)} s: ${Math.round(delivered / cpu)} deliveries a CPU second`,
    `RSS started ${megabytes(startedKb)}, open ${megabytes(openKb)}, ` +
    `warm ${megabytes(warmKb)}, after ${megabytes(afterKb)}`,
    `delay of all: ${describeDelays(report.delays)}`,
    `delay of the last event: ${describeDelays(report.lastDelays)}`,
  ];
  for (const line of lines) print(`stalled: ${line}`);

  assertEquals(report.open, LIVE);
  assertEquals(report.lastIds, { [main.lastId]: LIVE });
  assertEquals(report.leastBytes, report.mostBytes, "not all live streams got the same bytes");
  assert(report.leastBytes > (warmUpEvents + events) * (eventBytes - 100));
  assert(report.lastDelays.max <= MAX_LAST_DELAY_MS, describeDelays(report.lastDelays));
  assert(afterKb - warmKb <= MAX_GROWTH_KB, `RSS grew by ${megabytes(afterKb - warmKb)}`);
  assertEquals(await openStreamCount(origin), LIVE + STALLED, "a stalled stream lost its slot");
});
