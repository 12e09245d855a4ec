/**
 * The cost of the shared store: commands counted at the redis-server itself, those inside of scripts too, beside three
 * other designs, and Upstash's price for them.
 *
 * @module
 */
import { untilOpen } from "../support/health.ts";
import { print } from "../support/print.ts";
import { publish, PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { type ServerProcess, startServer } from "../support/server_process.ts";
import { openStreams } from "../support/stream_client.ts";
import { pause } from "../support/within.ts";
import type { CommandCounts } from "../upstash/counts.ts";
import { startRedisServer } from "../upstash/redis_server.ts";
import { redisHint } from "../support/programs.ts";
import { type StandIn, startStandIn } from "../upstash/stand_in.ts";

/** Pay as you go, by upstash.com/pricing/redis (2026-08). */
const DOLLARS_PER_COMMAND = 0.2 / 100_000;
const HOURS_PER_MONTH = 730;

/** The poll interval of quotes here: three groups of providers. */
const POLL_MS = 5000;
const PUBLICATIONS = 100;

/** One way to use the server. */
interface Scene {
  readonly name: string;
  readonly isolates: number;
  readonly viewers: number;
  readonly path: string;
}

const QUOTES = "/v1/quotes/stream";
const SCENES: readonly Scene[] = [
  { name: "no viewers", isolates: 2, viewers: 0, path: QUOTES },
  { name: "quotes, one viewer", isolates: 1, viewers: 1, path: QUOTES },
  { name: "quotes, 100 viewers", isolates: 1, viewers: 100, path: QUOTES },
  { name: "quotes, 100 viewers", isolates: 2, viewers: 100, path: QUOTES },
  {
    name: "a silent channel, 100 viewers",
    isolates: 2,
    viewers: 100,
    path: "/v1/events/alerts/stream",
  },
];

function settings({ url, token }: StandIn, prefix: string): Record<string, string> {
  return {
    ...PUBLISHER_SETTINGS,
    DEMO: "1",
    QUOTE_POLL_MS: String(POLL_MS),
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
    REDIS_PREFIX: prefix,
  };
}

/** Counts the commands of a task, in total and by name. */
async function countCommands(standIn: StandIn, task: () => Promise<void>): Promise<CommandCounts> {
  await standIn.resetCommands();
  await task();
  return await standIn.commandsAtRedis();
}

function formatByName({ byName }: CommandCounts): string {
  return Object.entries(byName).sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`).join(", ");
}

async function startAll(
  stack: AsyncDisposableStack,
  standIn: StandIn,
  count: number,
): Promise<ServerProcess[]> {
  const servers: ServerProcess[] = [];
  const env = settings(standIn, `bench-${crypto.randomUUID()}`);
  for (let n = 0; n < count; n++) servers.push(stack.use(await startServer(env)));
  return servers;
}

/** Returns the commands per hour of three alternative designs for `events` publications per hour. */
function alternativeCosts(events: number, isolates: number, viewers: number): string[] {
  const lease = 360; // one renewed every 10 s
  return [
    2 * events + 8 * isolates + lease, // XADD and PUBLISH; four reconnects of two commands
    events + 3600 * isolates + lease, // one poll per second
    3 * events + 96 * viewers + lease, // per viewer: 60 pings, and 36 for its subscriptions and reconnects
  ].map((commands) => commands.toLocaleString("en"));
}

async function measure(standIn: StandIn, scene: Scene, seconds: number): Promise<void> {
  const { name, isolates, viewers, path } = scene;
  await using stack = new AsyncDisposableStack();
  const servers = await startAll(stack, standIn, isolates);
  const viewersPerIsolate = viewers / isolates;
  for (const { port, origin } of viewers === 0 ? [] : servers) {
    for (const stream of await openStreams(port, viewersPerIsolate, () => path)) stack.use(stream);
    await untilOpen(origin, viewersPerIsolate);
  }
  await pause(viewers === 0 ? 1000 : 6000); // the cost of an opening is measured below
  const counts = await countCommands(standIn, () => pause(seconds * 1000));
  const perHour = (count: number) => Math.round(count * 3600 / seconds);
  const hourly = perHour(counts.total);
  const events = perHour(counts.byName["XADD"] ?? 0);
  const cells = [
    `${name}, ${isolates} isolate${isolates === 1 ? "" : "s"}`,
    hourly.toLocaleString("en"),
    viewers === 0 ? "–" : (hourly / viewers).toFixed(1),
    `$${(hourly * HOURS_PER_MONTH * DOLLARS_PER_COMMAND).toFixed(2)}`,
    ...alternativeCosts(events, isolates, viewers),
    formatByName(counts),
  ];
  print(`| ${cells.join(" | ")} |`);
}

/** Prints the commands of single acts: an isolate's first viewer, more viewers, a publication. */
async function measureSingleActs(standIn: StandIn): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const [one, other] = await startAll(stack, standIn, 2);
  if (!one || !other) throw new TypeError("Two servers were expected");
  const path = "/v1/events/alerts/stream";
  async function watch(
    { port, origin }: ServerProcess,
    count: number,
    open: number,
  ): Promise<void> {
    for (const stream of await openStreams(port, count, () => path)) stack.use(stream);
    await untilOpen(origin, open);
  }
  print("");
  print("| once | commands | which |");
  print("| --- | --- | --- |");
  const row = (act: string, { total, ...counts }: CommandCounts, by = 1) =>
    print(`| ${act} | ${(total / by).toFixed(1)} | ${formatByName({ total, ...counts })} |`);
  row("the first viewer of an isolate", await countCommands(standIn, () => watch(one, 1, 1)));
  row(
    "the first viewer of a second isolate",
    await countCommands(standIn, () => watch(other, 1, 1)),
  );
  row("100 more viewers", await countCommands(standIn, () => watch(one, 100, 101)));
  const publications = await countCommands(standIn, async () => {
    for (let n = 0; n < PUBLICATIONS; n++) await publish(one.origin, "alerts", "tick", { n });
  });
  row(`a publication (mean of ${PUBLICATIONS})`, publications, PUBLICATIONS);
}

/** Prints the tables. @param args The seconds to count for each line. */
export async function printRedis([text = "60"]: readonly string[]): Promise<void> {
  const hint = redisHint();
  if (hint !== undefined) return print(hint);
  const seconds = Number(text);
  await using redis = await startRedisServer();
  await using standIn = await startStandIn(redis);
  print(`Counted for ${seconds} s each, quotes polled every ${POLL_MS / 1000} s. Per hour:`);
  print("");
  print(
    "| scene | commands | per viewer | per month | subscription + stream, by hand | one poll per second | one subscription per viewer | which |",
  );
  print("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const scene of SCENES) await measure(standIn, scene, seconds);
  await measureSingleActs(standIn);
}
