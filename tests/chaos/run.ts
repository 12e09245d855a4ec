/**
 * Chaos: two isolates on one Redis, clients that hop between them, and one fault after the other. Every client
 * receives each event once, and its quotes end on the last value.
 *
 * Run: `deno task chaos`. `CHAOS_SEED=<the number>` brings a run's choices back, `CHAOS_RUNS=20` makes that number of runs with
 * seeds that follow each other, `CHAOS_FAULTS=killed,slow` injects only the faults whose names contain one of these words.
 *
 * @module
 */
import { print } from "../support/print.ts";
import { randomSeed, seededBy } from "../support/seeded.ts";
import { redisHint } from "../support/programs.ts";
import { type Client, startClient } from "./client.ts";
import { type Isolates, startIsolates } from "./isolates.ts";
import { leaderDrained, leaderKilled, leaderStopped } from "./isolate_faults.ts";
import { createPublisher } from "./publisher.ts";
import { allPositioned, Loss, runRound } from "./round.ts";
import type { Fault } from "./scene.ts";
import {
  redisKilled,
  redisSlow,
  repliesLost,
  subscriptionsCut,
  subscriptionsMuted,
} from "./store_faults.ts";

const FAULTS: readonly Fault[] = [
  subscriptionsCut,
  subscriptionsMuted,
  repliesLost,
  redisKilled,
  redisSlow,
  leaderKilled,
  leaderStopped,
  leaderDrained,
];

const HOPPERS = 6;
const LANES = 32;
const SHOWN_CHARACTERS = 6000;

/** Injects all faults, one after the other, into one pair of isolates. */
async function run(seed: number, faults: readonly Fault[]): Promise<void> {
  await using fleet = await startIsolates();
  const [a, b] = fleet.isolates;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // Every round awaits it.
  const onFailure = (client: Client, error: unknown) => {
    failed.reject(new Loss(error instanceof Error ? error.message : String(error), client));
  };
  const positions = [[a], [a], [b], [b], ...Array.from({ length: HOPPERS }, () => [a, b])];
  const clients = positions.map((isolates, i) =>
    startClient({
      name: isolates.length > 1 ? `hopper ${i}` : `stayer ${i} on ${isolates[0]?.name}`,
      random: seededBy(seed + i + 2),
      lanes: LANES,
      isolates,
      onFailure,
    })
  );
  const publisher = createPublisher(fleet.isolates, { lanes: LANES, random: seededBy(seed + 1) });
  try {
    const random = seededBy(seed);
    await allPositioned(clients);
    await fleet.someLeader();
    for (const fault of faults) {
      try {
        const round = runRound(fault, { fleet, random, publisher, clients });
        print(await Promise.race([round, failed.promise]));
      } catch (error) {
        printFailure(fault, error, fleet);
        throw error;
      }
    }
  } finally {
    publisher.stop();
    await Promise.all(clients.map((client) => client.stop()));
  }
}

/** Prints a failure with its context. */
function printFailure(fault: Fault, error: unknown, { isolates }: Isolates): void {
  print(`FAILED: ${fault.name}: ${error instanceof Error ? error.stack : error}`);
  const client = error instanceof Loss ? error.client : undefined;
  if (client) print(`--- the last of ${client.name}\n${client.history()}`);
  for (const { name, id, server } of isolates) {
    print(`--- isolate ${name}, ${id}\n${server.output().slice(-SHOWN_CHARACTERS)}`);
  }
}

async function main(): Promise<number> {
  const hint = redisHint();
  if (hint !== undefined) {
    print(hint);
    return 1;
  }
  const firstSeed = Number(Deno.env.get("CHAOS_SEED") ?? randomSeed());
  const runs = Number(Deno.env.get("CHAOS_RUNS") ?? 1);
  const words = (Deno.env.get("CHAOS_FAULTS") ?? "").split(",");
  const faults = FAULTS.filter(({ name }) => words.some((word) => name.includes(word)));
  if (faults.length === 0 || !Number.isInteger(firstSeed) || !(runs >= 1)) {
    print(`Nothing to do. The faults are: ${FAULTS.map(({ name }) => name).join(", ")}.`);
    return 1;
  }
  for (let index = 0; index < runs; index++) {
    const seed = firstSeed + index;
    const from = performance.now();
    print(`run ${index + 1} of ${runs}: CHAOS_SEED=${seed}`);
    try {
      await run(seed, faults);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      print(`run ${index + 1} of ${runs} failed: CHAOS_SEED=${seed}: ${reason}`);
      return 1;
    }
    print(
      `run ${index + 1} of ${runs} held, in ${Math.round((performance.now() - from) / 1000)} s`,
    );
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main());
