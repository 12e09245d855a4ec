/**
 * The cost of a stream before its first event: memory, and the CPU time of opening it, beside the runtime's own.
 *
 * Promises about memory hold after a collection: before it, much of the memory is garbage of openings.
 *
 * @module
 */
import { pause } from "../support/within.ts";
import { type Contender, startContender } from "./contender.ts";
import { ROUNDS } from "./contest.ts";
import { cpuSeconds, rssKb } from "../support/proc.ts";
import { COLLECT } from "./servers/collecting.ts";
import { startBare, startCollectingBare } from "./servers/deno_peers.ts";
import { startCollectingEdgetape, startEdgetape } from "./servers/edgetape.ts";
import type { Server } from "./servers/server.ts";
import { median, printHead, printRow, ratiosOf, show, verdict } from "./table.ts";

const STREAMS = 2000;
/** Shared memory grows with the first streams too: further streams are measured apart. */
const FURTHER_STREAMS = 3000;
/** The first streams allocate shared memory, such as compiled code. Therefore streams open and close a few times first. */
const [FIRST, TIMES] = [20, 50];
/** The time in which a server finishes its own work after its clients are done. */
const SETTLE_MS = 700;
const LARGE_WAVE = { rate: 1, bytes: 60_000, warmUpMs: 0, ms: 1000 };

/** KB. */
export interface Weight {
  /** Of a stream, right after they came. */
  readonly atFirst: number;
  /** Of a stream, after a collection. */
  readonly idle: number;
  /** Of a stream that opens when others are open. */
  readonly further: number;
  /** The growth by an event of 60 KB; about 0 without events. */
  readonly more: number;
}

export async function weigh(start: () => Promise<Server>, hasEvents: boolean): Promise<Weight> {
  await using contender = await startContender(start);
  const { server: { pid }, load } = contender;

  async function collected(): Promise<number> {
    Deno.kill(pid, COLLECT);
    await pause(SETTLE_MS);
    return rssKb(pid);
  }

  for (let time = 0; time < TIMES; time++) {
    await load.open(FIRST);
    await load.hangUp();
  }
  await pause(SETTLE_MS);
  const before = await collected();
  await load.open(STREAMS);
  await pause(SETTLE_MS);
  const come = rssKb(pid);
  const idle = await collected();
  await load.open(FURTHER_STREAMS);
  await pause(SETTLE_MS);
  const all = await collected();
  if (hasEvents) await load.wave(LARGE_WAVE);
  const after = await collected();
  return {
    atFirst: (come - before) / STREAMS,
    idle: (idle - before) / STREAMS,
    further: (all - idle) / FURTHER_STREAMS,
    more: (after - all) / (STREAMS + FURTHER_STREAMS),
  };
}

/** Memory of streams, each round in processes that are new: memory is never given back. */
export async function printWeights(): Promise<string[][]> {
  const ours: Weight[] = [];
  const bare: Weight[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const weights = [
      weigh(() => startCollectingEdgetape(), true),
      weigh(startCollectingBare, false),
    ];
    const [oursWeight, bareWeight] = await Promise.all(weights); // beside each other: no time is measured
    if (oursWeight) ours.push(oursWeight);
    if (bareWeight) bare.push(bareWeight);
  }
  const kb = (weights: readonly Weight[], of: keyof Weight) => weights.map((weight) => weight[of]);
  printHead(`Memory of idle streams, KB each, medians of ${ROUNDS}`, [
    "server",
    `the first ${show(STREAMS)}, when they came`,
    "the same, after a collection",
    `${show(FURTHER_STREAMS)} further ones, after a collection`,
    "more after an event of 60 KB",
  ]);
  for (const [name, weights] of [["Edgetape", ours], ["bare Deno.serve", bare]] as const) {
    const figures = (["atFirst", "idle", "further", "more"] as const).map((of) =>
      show(median(kb(weights, of)))
    );
    printRow([name, ...figures]);
  }
  const ratios = (of: keyof Weight) => ratiosOf(kb(ours, of), kb(bare, of));
  const what = "memory of an idle stream after a collection, of a bare one's";
  return [
    verdict({ what: `${what}, the first ones`, bound: 1.05, isLeast: false }, ratios("idle")),
    verdict({ what: `${what}, further ones`, bound: 1.05, isLeast: false }, ratios("further")),
    verdict(
      {
        what: "KB more a stream after an event of 60 KB, after a collection",
        bound: 20,
        isLeast: false,
      },
      kb(ours, "more"),
    ),
  ];
}

export async function openingCpu({ server: { pid }, load }: Contender): Promise<number> {
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
