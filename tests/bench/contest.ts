/**
 * Servers against each other: the same load on each in turn, several rounds, so that other work of the machine affects all.
 *
 * @module
 */
import type { Contender } from "./contender.ts";
import type { Outcome, Wave } from "../support/load/protocol.ts";
import { median, percent, printHead, printRow, show } from "./table.ts";

/** Rounds of a contest. */
export const ROUNDS = 5;

/** Warms up the JIT and the caches of a server. */
const WARM_UP_MS = 2000;

/** The load client must not be the bottleneck: a round in which it takes more of its core is void, and repeated. */
const MAX_LOAD_CPU = 0.8;
const TRIES = 3;

/** The results of a contender. */
export interface Performance {
  /** Events delivered per CPU second of the server, one per round: NaN if the round does not count. */
  readonly perCpuSecond: readonly number[];
  /** In ms, as above. */
  readonly p99: readonly number[];
  /** Events that were lost or came twice, in all rounds; those still missing when it was over count as one. */
  readonly faults: number;
}

const COLUMNS = [
  "server",
  "published/s",
  "delivered/s",
  "per CPU s",
  "without publishing",
  "server's CPU",
  "p50 / p99 ms",
  "lost",
  "repeated",
  "load's CPU",
];

/** The share of its core that the load client took. */
function loadCpuOf({ loadCpu, seconds }: Outcome): number {
  return loadCpu / seconds;
}

function isVoid(outcome: Outcome): boolean {
  return loadCpuOf(outcome) > MAX_LOAD_CPU;
}

function performanceOf(rounds: readonly Outcome[]): Performance {
  return {
    perCpuSecond: rounds.map((each) => isVoid(each) ? NaN : each.delivered / each.serverCpu),
    p99: rounds.map((each) => isVoid(each) ? NaN : each.delays.p99),
    faults: rounds.reduce(
      (sum, { lost, repeated, isWhole }) => sum + lost + repeated + (isWhole ? 0 : 1),
      0,
    ),
  };
}

/** Plays rounds until one counts, at most `tries`, and returns the last. Faults of void rounds are added to it. */
async function playRound(contender: Contender, wave: Wave, tries = TRIES): Promise<Outcome> {
  const outcome = await contender.load.wave(wave);
  if (!isVoid(outcome) || tries === 1) return outcome;
  const next = await playRound(contender, wave, tries - 1);
  return {
    ...next,
    lost: next.lost + outcome.lost,
    repeated: next.repeated + outcome.repeated,
    disagreements: next.disagreements + outcome.disagreements,
    isWhole: next.isWhole && outcome.isWhole,
  };
}

/** Prints a row of figures, each the median of the rounds that count. */
function printOutcomes(name: string, rounds: readonly Outcome[], cost: number): void {
  const counted = rounds.filter((each) => !isVoid(each));
  const medianOf = (figure: (outcome: Outcome) => number) => median(counted.map(figure));
  const totalOf = (count: (outcome: Outcome) => number) =>
    rounds.reduce((sum, outcome) => sum + count(outcome), 0);
  const loadCpu = Math.max(...rounds.map(loadCpuOf));
  const isWhole = rounds.every((each) => each.isWhole && each.disagreements === 0);
  printRow([
    name,
    show(medianOf((each) => each.published / each.seconds)),
    show(medianOf((each) => each.delivered / each.seconds)),
    show(medianOf((each) => each.delivered / each.serverCpu)),
    show(medianOf((each) => each.delivered / (each.serverCpu - cost * each.published))),
    percent(medianOf((each) => each.serverCpu / each.seconds)),
    `${show(medianOf((each) => each.delays.p50))} / ${show(medianOf((each) => each.delays.p99))}`,
    totalOf((each) => each.lost) + (isWhole ? "" : ", the end is missing"),
    String(totalOf((each) => each.repeated)),
    percent(loadCpu) +
    (counted.length < rounds.length
      ? `: too much, ${counted.length} of ${rounds.length} rounds count`
      : ""),
  ]);
}

/**
 * Runs a contest and prints it.
 *
 * @param costs CPU seconds per publication, by contender.
 */
export async function contest<Name extends string>(
  title: string,
  contenders: Readonly<Record<Name, Contender | undefined>>,
  wave: Wave,
  costs: ReadonlyMap<Contender, number>,
): Promise<Partial<Record<Name, Performance>>> {
  printHead(title, COLUMNS);
  const outcomes = new Map<Contender, Outcome[]>();
  const installed = Object.values<Contender | undefined>(contenders).filter((each) =>
    each !== undefined
  );
  for (const { load } of installed) await load.wave({ ...wave, warmUpMs: 0, ms: WARM_UP_MS });
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of installed) {
      const rounds = outcomes.get(contender) ?? [];
      rounds.push(await playRound(contender, wave));
      outcomes.set(contender, rounds);
    }
  }
  const performances: Partial<Record<Name, Performance>> = {};
  for (const name in contenders) {
    const contender = contenders[name];
    const rounds = contender && outcomes.get(contender);
    if (!rounds) continue;
    printOutcomes(contender.server.name, rounds, costs.get(contender) ?? 0);
    performances[name] = performanceOf(rounds);
  }
  return performances;
}
