/**
 * Fan-out beside the peers: the figures that are promised, in under five minutes.
 *
 * Why it is fair:
 * - All servers run at the same time on the same core, and are loaded in turn: a ratio is of two measurements that were
 *   taken right after each other.
 * - Every event comes in by a POST of the same publisher, on 8 connections in turn, with the same 200 bytes of data. Its cost is part of each
 *   figure, since publishing is never free. A table shows it, and a column shows the figure without it.
 *   Ours authenticates the publisher, checks the event, and logs it; better-sse's and `streamSSE`'s parse JSON and write;
 *   nchan takes bytes and keeps them.
 * - Each server puts its own frame around the data, and each has default settings. Ours coalesces for COALESCE_MS; the
 *   second contest shows that the others have no such thing. The first leaves 50 ms between events, more than that.
 * - The cost of the runtime itself is shown beside it: `bare Deno.serve` writes the same bytes to all, and nothing else.
 * - A server that cannot keep up is not flooded: at most 100 publications wait for their answers. Delays count from when an
 *   event was due, so that holding the publisher back does not hide them.
 * - Each server is warm: it has done the same for two seconds before, uncounted.
 * - CPU time is the operating system's, of the whole server process. The load client looks at its sockets every
 *   millisecond, so that it does not make the server wake it for each write.
 *
 * @module
 */
import { type Contender, publishingCost, startContender, startIfInstalled } from "./contender.ts";
import { contest, type Performance } from "./contest.ts";
import { startBetterSse } from "./servers/better_sse.ts";
import { startBare, startStreamSse } from "./servers/deno_peers.ts";
import { startEdgetape, startGroups } from "./servers/edgetape.ts";
import { startNchan } from "./servers/nchan.ts";
import { printOpenings, printWeights } from "./streams_cost.ts";
import { printHead, printVerdicts, ratiosOf, verdict } from "./table.ts";

const STREAMS = 1000;
const ONE_EACH = { rate: 20, bytes: 200, warmUpMs: 300, ms: 2600 };
const MANY = { rate: 1000, bytes: 200, warmUpMs: 500, ms: 2000 };

/** Rounds of one performance by those of another, of events per CPU second. */
function times(over: Performance | undefined, under: Performance | undefined): number[] {
  return over && under ? ratiosOf(over.perCpuSecond, under.perCpuSecond) : [];
}

function atLeast(what: string, bound: number, rounds: readonly number[]): string[] {
  return verdict({ what, bound, isLeast: true }, rounds);
}

function atMost(what: string, bound: number, rounds: readonly number[]): string[] {
  return verdict({ what, bound, isLeast: false }, rounds);
}

async function besidePeers(): Promise<string[][]> {
  printHead("Publishing without subscribers, 500 a second", [
    "server",
    "CPU µs each",
    "per CPU s",
  ]);
  await using ours = await startContender(() => startEdgetape());
  await using nchan = await startIfInstalled("nchan", startNchan);
  await using streamSse = await startIfInstalled("streamSSE", startStreamSse);
  await using betterSse = await startIfInstalled("better-sse", startBetterSse);
  await using bare = await startContender(startBare);
  const costs = new Map<Contender, number>();
  for (const each of [ours, nchan, streamSse, betterSse, bare]) {
    if (!each) continue;
    costs.set(each, await publishingCost(each));
    await each.load.open(STREAMS);
  }

  const title = `${STREAMS} streams, events of 200 bytes`;
  const one = await contest(
    `${title}, ${ONE_EACH.rate} a second: one event a flush`,
    { ours, nchan, streamSse, bare },
    ONE_EACH,
    costs,
  );
  const many = await contest(
    `${title}, ${MANY.rate} a second are offered`,
    { ours, nchan, betterSse },
    MANY,
    costs,
  );
  return [
    atLeast("one event a flush, times nchan", 0.95, times(one.ours, one.nchan)),
    atLeast("one event a flush, times streamSSE", 2, times(one.ours, one.streamSse)),
    atLeast("1,000 events a second, times nchan", 10, times(many.ours, many.nchan)),
    atLeast("1,000 events a second, times better-sse", 10, times(many.ours, many.betterSse)),
    atMost("1,000 events a second, p99 in ms", 60, many.ours?.p99 ?? []),
    atMost("events lost or repeated", 0, [(one.ours?.faults ?? 0) + (many.ours?.faults ?? 0)]),
  ];
}

async function byGroups(): Promise<string[][]> {
  await using one = await startContender(() => startGroups(1));
  await using hundred = await startContender(() => startGroups(100));
  for (const { load } of [one, hundred]) await load.open(STREAMS);
  const rows: string[][] = [];
  for (const wave of [ONE_EACH, MANY]) {
    const title = `/v1/stream, ${STREAMS} streams of two topics, ${wave.rate} events a second`;
    const result = await contest(title, { one, hundred }, wave, new Map());
    const what = `100 broadcast groups, times the CPU time of one, ${wave.rate} events a second`;
    rows.push(atMost(what, 1.5, times(result.one, result.hundred)));
  }
  return rows;
}

/** Measures and prints all of it. */
export async function printFanOut(): Promise<void> {
  printVerdicts([
    ...await besidePeers(),
    ...await byGroups(),
    ...await printWeights(),
    ...await printOpenings(),
  ]);
}
