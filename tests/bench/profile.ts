/**
 * A profile of Edgetape's CPU time: kernel, runtime and JavaScript, by function. It needs `perf`, as Debian's package
 * `linux-perf` has it; V8 names its compiled functions for it.
 *
 * @module
 */
import { print } from "../support/print.ts";
import { type Contender, startContender } from "./contender.ts";
import { outputOf } from "./servers/command.ts";
import { startEdgetape } from "./servers/edgetape.ts";
import { printHead, printRow } from "./table.ts";

const STREAMS = 1000;
const SECONDS = 4;
const MAX_ROWS = 30;
const ROOT = new URL("../../", import.meta.url).href;

/** V8 names its compiled functions in a file that perf reads. */
const SETTINGS = {
  DENO_V8_FLAGS: [
    "--perf-basic-prof",
    "--interpreted-frames-native-stack",
    "--no-compact-code-space",
    "--no-logfile-per-isolate",
    "--logfile=/dev/null",
  ].join(),
};

/** Returns the rows of a recording: shares first, greatest first. */
async function reportOf(file: string, fields: string): Promise<string[][]> {
  const args = ["report", "-i", file, "-g", "none", "--stdio", "-F", fields];
  const text = await outputOf(
    "perf",
    fields.includes("children") ? args : [...args, "--no-children"],
  );
  return text.split("\n")
    .map((line) =>
      /^\s+(\d+\.\d+%)\s+(?:\d+\.\d+%\s+)?(.+?)(?:\s+-\s+-)?\s*$/.exec(line)?.slice(1) ?? []
    )
    .filter((row) => row.length > 0)
    .sort(([a = ""], [b = ""]) => parseFloat(b) - parseFloat(a));
}

/** A JavaScript function as V8 names it, without where its file lies; undefined for any other. */
function functionName(symbol: string): string | undefined {
  if (!symbol.includes("JS:")) return undefined;
  return symbol.replace(/^.*JS:[*+^~]*'?/, "").replace(ROOT, "").replace(/\S+\/npm\/[^/]+\//, "");
}

/** The shares of JavaScript functions: a function that V8 compiled several times is one. Greatest first. */
function sharesByFunction(rows: readonly (readonly string[])[]): [name: string, share: number][] {
  const shares = new Map<string, number>();
  for (const [share = "", symbol = ""] of rows) {
    const name = functionName(symbol);
    if (name) shares.set(name, (shares.get(name) ?? 0) + parseFloat(share));
  }
  return [...shares].sort(([_, a], [__, b]) => b - a);
}

/** Records while `work` runs, which must take longer than the recording. */
async function profile(title: string, pid: number, work: () => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile();
  const args = ["record", "-q", "-g", "-o", file, "-p", String(pid)];
  try {
    await Promise.all([outputOf("perf", [...args, "--", "sleep", String(SECONDS)]), work()]);
    printHead(title, ["share", "where"]);
    for (const row of (await reportOf(file, "overhead,dso")).slice(0, 5)) printRow(row);
    printHead("JavaScript, including callees", ["share", "function"]);
    const shares = sharesByFunction(await reportOf(file, "overhead_children,overhead,symbol"));
    for (const [name, share] of shares.slice(0, MAX_ROWS)) {
      printRow([`${share.toFixed(1)} %`, name]);
    }
  } finally {
    await Deno.remove(file);
  }
}

async function publish({ load }: Contender, rate: number): Promise<void> {
  await load.wave({ rate, bytes: 200, warmUpMs: 500, ms: 1000 * SECONDS });
}

async function openAndLeave({ load }: Contender): Promise<void> {
  const end = performance.now() + 1000 * SECONDS;
  while (performance.now() < end) {
    await load.open(STREAMS);
    await load.hangUp();
  }
}

/** Records and prints all profiles. */
export async function printProfiles(): Promise<void> {
  await using contender = await startContender(() => startEdgetape(SETTINGS));
  const { server: { pid }, load } = contender;
  try {
    await profile(
      "Publishing, 1,000 a second, without subscribers",
      pid,
      () => publish(contender, 1000),
    );
    await profile("Opening and leaving", pid, () => openAndLeave(contender));
    await load.open(STREAMS);
    await profile("1,000 streams, 40 events a second", pid, () => publish(contender, 40));
    await profile("1,000 streams, 1,000 events a second", pid, () => publish(contender, 1000));
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    print("perf is missing: apt-get install linux-perf");
  } finally {
    await Deno.remove(`/tmp/perf-${pid}.map`).catch(() => {}); // V8 leaves it behind.
  }
}
