/**
 * The benches. They print tables in Markdown.
 *
 * Run: `deno task bench` for the figures beside the peers, and with `chat`, `growth`, `market`, `previous`, `profile`,
 * `redis` or `streams` behind it for the others.
 *
 * @module
 */
import { print } from "../support/print.ts";
import { printChats } from "./chat.ts";
import { printFanOut } from "./fan_out.ts";
import { printGrowth } from "./growth.ts";
import { printMarkets } from "./market.ts";
import { describePinning } from "./pin.ts";
import { printPrevious } from "./previous.ts";
import { printProfiles } from "./profile.ts";
import { printRedis } from "./redis.ts";
import { printStreams } from "./streams.ts";

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  chat: printChats,
  figures: printFanOut,
  growth: printGrowth,
  market: printMarkets,
  previous: printPrevious,
  profile: printProfiles,
  redis: printRedis,
  streams: printStreams,
};

/** A process of 9,500 streams needs as many files. Deno uses the limit that the shell sets. */
const MIN_FILES = 10_000;

function openFiles(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Infinity);
}

function cpuName(): string {
  return /^model name\s*: (.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown";
}

async function main([name = "figures", ...args]: readonly string[]): Promise<void> {
  const bench = BENCHES[name];
  if (!bench) throw new Error(`There are ${Object.keys(BENCHES).join(", ")}`);
  if (Deno.build.os !== "linux") throw new Error("The bench reads /proc: it needs Linux");
  const cores = `${navigator.hardwareConcurrency} cores of ${cpuName()}`;
  print(`${cores}, load ${Deno.loadavg()[0]?.toFixed(2)} at the start; ${describePinning()}`);
  const files = openFiles();
  if (files < MIN_FILES) print(`Only ${files} open files are allowed: ulimit -n ${MIN_FILES}`);
  const begun = performance.now();
  await bench(args);
  print(`\n${((performance.now() - begun) / 1000).toFixed(0)} seconds`);
}

if (import.meta.main) await main(Deno.args);
