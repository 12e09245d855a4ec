import { assert, assertEquals } from "@std/assert";
import { describeDelays } from "../support/delays.ts";
import { openStreamCount, untilOpen } from "../support/health.ts";
import { startLoadClient } from "../support/load/load_client.ts";
import { print } from "../support/print.ts";
import { OF_PUBLISHER, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { startServer } from "../support/server_process.ts";
import { sendRequest } from "../support/stream_client.ts";

/** The size of a flood, and its readers. */
interface Flood {
  readonly live: number;
  readonly stalled: number;
  readonly warmUpEvents: number;
  readonly events: number;
}

/** Two times what a kernel buffers of a stream (4 MiB): buffered in the server, the rest would exceed the limit of growth. */
const SMALL: Flood = { live: 50, stalled: 40, warmUpEvents: 500, events: 2000 };

/** Twenty times what a kernel buffers, to a thousand readers: 82 GB. Too long for the suite: `.ci/run` sends it. */
const FULL: Flood = { live: 1000, stalled: 100, warmUpEvents: 1000, events: 20_000 };

const { live: LIVE, stalled: STALLED, warmUpEvents, events } = Deno.env.get("FULL_FLOOD") === "1"
  ? FULL
  : SMALL;
const EVENT_BYTES = 4096;
/** The number of live streams that are parsed. In the others, events are only counted. */
const PARSED = 10;
/** The publisher is at most half a window (1 MiB) ahead of the slowest live reader. */
const MAX_AHEAD = 512 * 1024 / EVENT_BYTES;
const MAX_GROWTH_KB = 120 * 1024;
const MAX_DELAY_MS = 5000;

const ALERTS = "/v1/events/alerts/stream";
const QUIET = Array.from({ length: STALLED }, (_, index) => `quiet-${index}`);
/** Half of the stalled readers are in the live readers' broadcast group, each of the others is alone in its group. */
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
  const { origin, port, pid } = server;
  const startedKb = server.rssKb();
  await using client = startLoadClient({
    port,
    pid,
    paths: [ALERTS],
    publish: {
      path: "/v1/events/alerts",
      headers: OF_PUBLISHER,
      around: ['{"type":"price_alert","data":', "}"],
    },
  });
  await client.open(LIVE, PARSED);
  const openKb = server.rssKb();

  const flood = { bytes: EVENT_BYTES, maxAhead: MAX_AHEAD };
  const warmUp = await client.flood({ ...flood, events: warmUpEvents });
  using stack = new DisposableStack();
  for (const [index, path] of STALLED_PATHS.entries()) {
    const request = stack.use(await sendRequest(port, path, { bufferBytes: 1 }));
    if (index % 2 === 0) await request.response();
  }
  await untilOpen(origin, LIVE + STALLED);
  const warmKb = server.rssKb();
  const main = await client.flood({ ...flood, events });
  const afterKb = server.rssKb();

  const delivered = events * LIVE;
  const lines = [
    `${LIVE} live, ${STALLED} stalled, ${events} events of ${EVENT_BYTES} bytes`,
    `${Math.round(warmUp.published / warmUp.seconds)}/s without stalled readers, then ` +
    `${Math.round(events / main.seconds)}/s in ${main.seconds.toFixed(0)} s; CPU: server ` +
    `${main.serverCpu.toFixed(0)} s, ${Math.round(delivered / main.serverCpu)} deliveries a ` +
    `second, load client ${main.loadCpu.toFixed(0)} s`,
    `RSS started ${megabytes(startedKb)}, open ${megabytes(openKb)}, ` +
    `warm ${megabytes(warmKb)}, after ${megabytes(afterKb)}`,
    `delay: ${describeDelays(main.delays)}`,
  ];
  for (const line of lines) print(`stalled: ${line}`);

  assert(main.isWhole, "a live stream ended");
  assertEquals([main.published, main.delivered], [events, delivered]);
  assertEquals([main.lost, main.repeated, main.disagreements], [0, 0, 0]);
  assert(main.delays.max <= MAX_DELAY_MS, describeDelays(main.delays));
  assert(afterKb - warmKb <= MAX_GROWTH_KB, `RSS grew by ${megabytes(afterKb - warmKb)}`);
  assertEquals(await openStreamCount(origin), LIVE + STALLED, "a stalled stream lost its slot");
});
