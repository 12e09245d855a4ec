/**
 * What a stream costs before anything is published: memory and the CPU time to open it, beside the least the runtime can.
 *
 * @module
 */
import { pause } from "../support/within.ts";
import { type Contender, startContender } from "./contender.ts";
import { ROUNDS } from "./contest.ts";
import { cpuSeconds, rssKb } from "../support/proc.ts";
import { startBare } from "./servers/deno_peers.ts";
import { startEdgetape } from "./servers/edgetape.ts";
import type { Server } from "./servers/server.ts";
import { median, printHead, printRow, ratiosOf, show, verdict } from "./table.ts";

const STREAMS = 2000;
/** A heap grows in steps, and its first ones weigh on the first streams: these are weighed apart. */
const FURTHER_STREAMS = 3000;
/** Those who are first pay for what all share. */
const FIRST = 20;
/** What a server still has to do when its clients think that all is done. */
const SETTLE_MS = 700;
const LARGE_WAVE = { rate: 1, bytes: 60_000, warmUpMs: 0, ms: 1000 };

interface Weight {
  readonly idleKb: number;
  /** Of the streams that come when so many are there. */
  readonly furtherKb: number;
  /** What came on top by an event of 60 KB; about 0 where there are no events. */
  readonly afterKb: number;
}

async function weigh(start: () => Promise<Server>, hasEvents: boolean): Promise<Weight> {
  await using contender = await startContender(start);
  const { server: { pid }, load } = contender;
  await load.open(FIRST);
  await pause(SETTLE_MS);
  const before = rssKb(pid);
  await load.open(STREAMS);
  await pause(SETTLE_MS);
  const idle = rssKb(pid);
  await load.open(FURTHER_STREAMS);
  await pause(SETTLE_MS);
  const all = rssKb(pid);
  if (hasEvents) await load.wave(LARGE_WAVE);
  return {
    idleKb: (idle - before) / STREAMS,
    furtherKb: (all - idle) / FURTHER_STREAMS,
    afterKb: (rssKb(pid) - all) / (STREAMS + FURTHER_STREAMS),
  };
}

/** Memory of streams, each round in processes that are new: memory is never given back. */
export async function printWeights(): Promise<string[][]> {
  const ours: Weight[] = [];
  const bare: Weight[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await weigh(() => startEdgetape(), true));
    bare.push(await weigh(startBare, false));
  }
  const kb = (weights: readonly Weight[], of: keyof Weight) => weights.map((each) => each[of]);
  printHead(`Memory of idle streams, KB each, medians of ${ROUNDS}`, [
    "server",
    `the first ${show(STREAMS)}`,
    `${show(FURTHER_STREAMS)} further ones`,
    "more after an event of 60 KB",
  ]);
  for (const [name, weights] of [["Edgetape", ours], ["bare Deno.serve", bare]] as const) {
    const figures = (["idleKb", "furtherKb", "afterKb"] as const).map((of) =>
      show(median(kb(weights, of)))
    );
    printRow([name, ...figures]);
  }
  const ratios = (of: keyof Weight) => ratiosOf(kb(ours, of), kb(bare, of));
  const what = "memory of an idle stream, of a bare one's";
  return [
    verdict({ what: `${what}, the first ones`, bound: 1.05, isLeast: false }, ratios("idleKb")),
    verdict({ what: `${what}, further ones`, bound: 1.05, isLeast: false }, ratios("furtherKb")),
    verdict(
      { what: "KB more a stream after an event of 60 KB", bound: 20, isLeast: false },
      kb(ours, "afterKb"),
    ),
  ];
}

async function openingCpu({ server: { pid }, load }: Contender): Promise<number> {
  const before = cpuSeconds(pid);
  await load.open(STREAMS);
  await pause(SETTLE_MS);
  const cpu = cpuSeconds(pid) - before;
  await load.hangUp();
  await pause(SETTLE_MS);
  return 1e6 * cpu / STREAMS;
}

/** CPU time of opening a stream. The first round is to warm up. */
export async function printOpenings(): Promise<string[][]> {
  await using ours = await startContender(() => startEdgetape());
  await using bare = await startContender(startBare);
  const [oursCpu, bareCpu]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    oursCpu.push(await openingCpu(ours));
    bareCpu.push(await openingCpu(bare));
  }
  [oursCpu, bareCpu].forEach((each) => each.shift());
  const title = `CPU time of opening a stream, ${STREAMS} at a time, medians of ${ROUNDS}`;
  printHead(title, ["server", "µs"]);
  printRow(["Edgetape", show(median(oursCpu))]);
  printRow(["bare Deno.serve", show(median(bareCpu))]);
  const what = "CPU time of opening a stream, of a bare one's";
  return [verdict({ what, bound: 1.4, isLeast: false }, ratiosOf(oursCpu, bareCpu))];
}
