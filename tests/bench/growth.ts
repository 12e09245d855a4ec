/**
 * The growth of Edgetape's cost with streams, broadcast groups and events, and the cost of 9,500 idle streams.
 *
 * @module
 */
import { pause } from "../support/within.ts";
import { startContender } from "./contender.ts";
import { cpuSeconds, rssKb } from "../support/proc.ts";
import { startEdgetape, startGroups } from "./servers/edgetape.ts";
import type { Server } from "./servers/server.ts";
import { percent, printHead, printRow, printVerdicts, show, verdict } from "./table.ts";

const STREAMS = [100, 1000, 5000, 9500];
const GROUPS = [1, 10, 100];
const GROUPS_STREAMS = 1000;
const RATES = [1, 10, 100, 1000];
/** Two heartbeats of the default HEARTBEAT_MS. */
const IDLE_MS = 30_000;

const COLUMNS = [
  "streams",
  "broadcast groups",
  "events/s",
  "published/s",
  "delivered/s",
  "per CPU s",
  "server's CPU",
  "p50 / p99 ms",
  "lost",
  "repeated",
  "MB",
  "load's CPU",
];

async function grow(start: () => Promise<Server>, streams: number, groups: number) {
  await using contender = await startContender(start);
  const { load, server: { pid } } = contender;
  await load.open(streams);
  for (const rate of RATES) {
    const wave = { rate, bytes: 200, warmUpMs: 1000, ms: rate === 1 ? 6000 : 3000 };
    const out = await load.wave(wave);
    printRow([
      show(streams),
      String(groups),
      show(rate),
      show(out.published / out.seconds),
      show(out.delivered / out.seconds),
      show(out.delivered / out.serverCpu),
      percent(out.serverCpu / out.seconds),
      `${out.delays.p50} / ${out.delays.p99}`,
      out.lost + (out.isWhole ? "" : ", the end is missing"),
      String(out.repeated),
      show(rssKb(pid) / 1024),
      percent(out.loadCpu / out.seconds),
    ]);
  }
}

async function idle(streams: number): Promise<string[]> {
  await using contender = await startContender(() => startEdgetape());
  const { load, server: { pid } } = contender;
  await load.open(streams);
  await pause(2000);
  const before = cpuSeconds(pid);
  await pause(IDLE_MS);
  const share = 100_000 * (cpuSeconds(pid) - before) / IDLE_MS;
  const what = `heartbeats of ${show(streams)} idle streams, per cent of a core`;
  return verdict({ what, bound: 5, isLeast: false }, [share]);
}

/** Measures and prints all of it: some four minutes. */
export async function printGrowth(): Promise<void> {
  printHead("Growth, events of 200 bytes", COLUMNS);
  for (const streams of STREAMS) await grow(() => startEdgetape(), streams, 1);
  for (const groups of GROUPS) {
    await grow(() => startGroups(groups), GROUPS_STREAMS, groups);
  }
  printVerdicts([await idle(STREAMS.at(-1) ?? 0)]);
}
