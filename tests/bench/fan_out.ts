/**
 * Fan-out beside the peers: the figures that are promised, in under five minutes.
 *
 * Why it is fair:
 * - All servers run at the same time on the same core, and are loaded in turn: a ratio is of two measurements that were
 *   taken right after each other.
 * - Every event comes in by a POST of the same publisher, on 8 connections in turn, with the same 200 bytes of data.
 *   Publishing is part of each figure. A table shows its cost, and a column shows the figure without it.
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
/** A wave in which every event has its own flush: 50 ms lie between events. */
const SPARSE_WAVE = { rate: 20, bytes: 200, warmUpMs: 300, ms: 2600 };
/** A wave in which many events share a flush. */
const DENSE_WAVE = { rate: 1000, bytes: 200, warmUpMs: 500, ms: 2000 };

/** Returns, per round, how many times as many events per CPU second `over` delivered as `under`. Empty without a peer. */
function throughputRatios(over: Performance | undefined, under: Performance | undefined): number[] {
  return over && under ? ratiosOf(over.perCpuSecond, under.perCpuSecond) : [];
}

function atLeast(figure: string, bound: number, rounds: readonly number[]): string[] {
  return verdict({ what: figure, bound, isLeast: true }, rounds);
}

function atMost(figure: string, bound: number, rounds: readonly number[]): string[] {
  return verdict({ what: figure, bound, isLeast: false }, rounds);
}

/** Measures our server beside its peers. @returns Rows of promises. */
async function measurePeers(): Promise<string[][]> {
  printHead("Publishing without subscribers, 500 per second", [
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
  for (const contender of [ours, nchan, streamSse, betterSse, bare]) {
    if (!contender) continue;
    costs.set(contender, await publishingCost(contender));
    await contender.load.open(STREAMS);
  }

  const title = `${STREAMS} streams, events of 200 bytes`;
  const sparse = await contest(
    `${title}, ${SPARSE_WAVE.rate} per second: one event per flush`,
    { ours, nchan, streamSse, bare },
    SPARSE_WAVE,
    costs,
  );
  const dense = await contest(
    `${title}, ${DENSE_WAVE.rate} per second are offered`,
    { ours, nchan, betterSse },
    DENSE_WAVE,
    costs,
  );
  return [
    atLeast("one event per flush, times nchan", 0.95, throughputRatios(sparse.ours, sparse.nchan)),
    atLeast(
      "one event per flush, times streamSSE",
      2,
      throughputRatios(sparse.ours, sparse.streamSse),
    ),
    atLeast("1,000 events per second, times nchan", 10, throughputRatios(dense.ours, dense.nchan)),
    atLeast(
      "1,000 events per second, times better-sse",
      10,
      throughputRatios(dense.ours, dense.betterSse),
    ),
    atMost("1,000 events per second, p99 in ms", 60, dense.ours?.p99 ?? []),
    atMost("events lost or repeated", 0, [(sparse.ours?.faults ?? 0) + (dense.ours?.faults ?? 0)]),
  ];
}

/** Measures 100 broadcast groups beside one. @returns Rows of promises. */
async function measureGroups(): Promise<string[][]> {
  await using one = await startContender(() => startGroups(1));
  await using hundred = await startContender(() => startGroups(100));
  for (const { load } of [one, hundred]) await load.open(STREAMS);
  const rows: string[][] = [];
  for (const wave of [SPARSE_WAVE, DENSE_WAVE]) {
    const title = `/v1/stream, ${STREAMS} streams of two topics, ${wave.rate} events per second`;
    const result = await contest(title, { one, hundred }, wave, new Map());
    const figure =
      `100 broadcast groups, times the CPU time of one, ${wave.rate} events per second`;
    rows.push(atMost(figure, 1.5, throughputRatios(result.one, result.hundred)));
  }
  return rows;
}

/** Measures fan-out, the weight of streams and their opening, and prints the promises. */
export async function printFanOut(): Promise<void> {
  printVerdicts([
    ...await measurePeers(),
    ...await measureGroups(),
    ...await printWeights(),
    ...await printOpenings(),
  ]);
}
