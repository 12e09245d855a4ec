/**
 * Runs the tests with coverage, and tells which were skipped because a program is missing.
 *
 * Run: `deno task test`, or with arguments of `deno test` behind it: `deno task test tests/hub`.
 *
 * @module
 */
import { print } from "./support/print.ts";
import { installCommand, type Program, PROGRAMS, SKIPPED_FILE } from "./support/programs.ts";

/** The least share of lines, branches and functions that tests must cover, in percent. */
const MIN_COVERAGE = 90;
const COVERAGE = ".coverage";

/** Runs `deno` with the terminal of this process. @returns Its exit code. */
async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], env });
  return (await command.spawn().status).code;
}

/** The line that tells what was skipped. */
function skippedLine(skipped: ReadonlyMap<Program, number>): string {
  const total = skipped.values().reduce((sum, count) => sum + count, 0);
  const reasons = [...skipped].map(([{ name }, count]) => `${count} without ${name}`);
  const missing = installCommand([...skipped.keys()]);
  return `${total} tests were skipped: ${reasons.join(", ")}. To run them: ${missing}`;
}

/** Runs the tests. @returns The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const file = await Deno.makeTempFile();
  try {
    const flags = ["--frozen", "-A", "--parallel", "--clean", `--coverage=${COVERAGE}`];
    const isWhole = args.every((each) => each.startsWith("-"));
    const paths = isWhole ? [...args, "tests"] : args;
    const env = { [SKIPPED_FILE]: file };
    let code = await deno(["test", ...flags, "--coverage-raw-data-only", ...paths], env);

    const names = (await Deno.readTextFile(file)).split("\n");
    const counts = PROGRAMS.map((program): [Program, number] => [
      program,
      names.filter((name) => name === program.name).length,
    ]);
    const skipped = new Map(counts.filter(([, count]) => count > 0));
    if (code === 0 && isWhole) {
      const left = skipped.keys().map(({ covers }) => `--exclude=${covers.source}`);
      code = await deno(["coverage", `--threshold=${MIN_COVERAGE}`, ...left, COVERAGE]);
    }
    if (skipped.size > 0) print(skippedLine(skipped));
    return code;
  } finally {
    await Deno.remove(file);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
