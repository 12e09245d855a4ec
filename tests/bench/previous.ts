/**
 * This tree beside an earlier one: no figure may get worse by more than 3 %.
 *
 * Run: `deno task bench previous DIR`, where `DIR` is a checkout of the earlier tree. Both servers run at the same time on
 * the same core and are loaded in turn, so a ratio is of two measurements that were taken right after each other.
 *
 * @module
 */
import { type Contender, publishingCost, startContender } from "./contender.ts";
import { contest, ROUNDS } from "./contest.ts";
import { openingCpu, weigh, type Weight } from "./streams_cost.ts";
import { startCollectingEdgetape, startEdgetape, startGroups } from "./servers/edgetape.ts";
import { printHead, printVerdicts, ratiosOf, verdict } from "./table.ts";

const STREAMS = 1000;
const ONE_EACH = { rate: 20, bytes: 200, warmUpMs: 300, ms: 2600 };
const MANY = { rate: 1000, bytes: 200, warmUpMs: 500, ms: 2000 };

/** The most by which a figure may get worse. */
const MAX_WORSE = 1.03;

/** Rows of costs, this tree's by the earlier one's. */
function atMost(what: string, ours: readonly number[], earlier: readonly number[]): string[] {
  return verdict(
    { what: `${what}, times the earlier tree's`, bound: MAX_WORSE, isLeast: false },
    ratiosOf(ours, earlier),
  );
}

async function inTurn(
  measure: (each: Contender) => Promise<number>,
  ours: Contender,
  earlier: Contender,
): Promise<[number[], number[]]> {
  const figures: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    figures[0].push(await measure(ours));
    figures[1].push(await measure(earlier));
  }
  figures.forEach((each) => each.shift()); // the first round warms up
  return figures;
}

/** Costs per event delivered: the reciprocal of events per CPU second. */
const costs = (perCpuSecond: readonly number[] = []) => perCpuSecond.map((each) => 1 / each);

async function fanOut(dir: string): Promise<string[][]> {
  const rows: string[][] = [];
  const starts = [
    ["one broadcast group", (root?: string) => startEdgetape({}, undefined, root)],
    ["100 broadcast groups", (root?: string) => startGroups(100, root)],
  ] as const;
  for (const [name, start] of starts) {
    await using ours = await startContender(() => start());
    await using earlier = await startContender(() => start(dir));
    printHead(`Publishing without subscribers: ${name}`, ["server", "CPU µs each", "per CPU s"]);
    const [cost, before] = await inTurn(publishingCost, ours, earlier);
    rows.push(atMost(`CPU of a publication without subscribers, ${name}`, cost, before));
    for (const { load } of [ours, earlier]) await load.open(STREAMS);
    for (const wave of [ONE_EACH, MANY]) {
      const title = `${name}, ${STREAMS} streams, ${wave.rate} events a second`;
      const result = await contest(title, { ours, earlier }, wave, new Map());
      rows.push(
        atMost(
          `CPU of a delivery: ${title}`,
          costs(result.ours?.perCpuSecond),
          costs(result.earlier?.perCpuSecond),
        ),
        atMost(`p99: ${title}`, result.ours?.p99 ?? [], result.earlier?.p99 ?? []),
      );
    }
  }
  return rows;
}

async function openings(dir: string): Promise<string[][]> {
  await using ours = await startContender(() => startEdgetape());
  await using earlier = await startContender(() => startEdgetape({}, undefined, dir));
  return [atMost("CPU of opening a stream", ...await inTurn(openingCpu, ours, earlier))];
}

async function weights(dir: string): Promise<string[][]> {
  const pairs: [Weight, Weight][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    pairs.push(
      await Promise.all([
        weigh(() => startCollectingEdgetape(), true),
        weigh(() => startCollectingEdgetape(dir), true),
      ]),
    );
  }
  return (["idle", "further", "more"] as const).map((of) =>
    atMost(`KB of a stream: ${of}`, pairs.map(([own]) => own[of]), pairs.map(([, old]) => old[of]))
  );
}

/** Measures and prints all of it. @param args The path of the earlier checkout. */
export async function printPrevious([dir]: readonly string[]): Promise<void> {
  if (dir === undefined) throw new Error("Name the checkout to compare with");
  printVerdicts([...await fanOut(dir), ...await openings(dir), ...await weights(dir)]);
}
