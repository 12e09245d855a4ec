/**
 * Golden files record the server's external behaviour. `GOLDEN_UPDATE=1` records it anew.
 *
 * @module
 */
import { assert } from "@std/assert";

/** The number of lines shown around a difference. */
const CONTEXT_LINES = 3;

/** The maximum number of lines of a difference that are shown. */
const MAX_SHOWN_LINES = 200;

type Edit = readonly [sign: " " | "-" | "+", line: string];

/** Returns the edits that turn the recorded lines into the actual ones, by their longest common subsequence. */
function editsOf(recorded: readonly string[], actual: readonly string[]): Edit[] {
  let begin = 0;
  while (begin < recorded.length && recorded[begin] === actual[begin]) begin++;
  let end = 0;
  const shorter = Math.min(recorded.length, actual.length) - begin;
  while (end < shorter && recorded.at(-1 - end) === actual.at(-1 - end)) end++;
  const from = recorded.slice(begin, recorded.length - end);
  const to = actual.slice(begin, actual.length - end);

  const width = to.length + 1;
  const lengths = new Uint32Array((from.length + 1) * width);
  const lengthAt = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      lengths[i * width + j] = from[i] === to[j]
        ? lengthAt(i + 1, j + 1) + 1
        : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }

  const edits: Edit[] = recorded.slice(0, begin).map((line) => [" ", line]);
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const [old, next] = [from[i], to[j]];
    if (old !== undefined && old === next) {
      edits.push([" ", old]);
      i++;
      j++;
    } else if (
      old !== undefined && (next === undefined || lengthAt(i + 1, j) >= lengthAt(i, j + 1))
    ) {
      edits.push(["-", old]);
      i++;
    } else if (next !== undefined) {
      edits.push(["+", next]);
      j++;
    }
  }
  return [...edits, ...recorded.slice(recorded.length - end).map((line): Edit => [" ", line])];
}

/** Returns the differing lines with their context, under their heading (`== …`). */
export function diff(recorded: string, actual: string): string {
  const edits = editsOf(recorded.split("\n"), actual.split("\n"));
  const changed = edits.flatMap(([sign], at) => sign === " " ? [] : [at]);
  const isNear = new Set(
    changed.flatMap((at) =>
      Array.from({ length: 2 * CONTEXT_LINES + 1 }, (_, i) => at + i - CONTEXT_LINES)
    ),
  );
  const shown: string[] = [];
  let heading = "";
  let isSkipping = true;
  for (const [at, [sign, line]] of edits.entries()) {
    if (line.startsWith("== ")) heading = line;
    if (!isNear.has(at)) {
      isSkipping = true;
      continue;
    }
    if (isSkipping) shown.push(`@@ ${heading}`);
    isSkipping = false;
    shown.push(`${sign} ${line}`);
  }
  const hiddenLines = shown.length - MAX_SHOWN_LINES;
  const text = shown.slice(0, MAX_SHOWN_LINES).join("\n");
  return hiddenLines > 0 ? `${text}\n… and ${hiddenLines} more lines` : text;
}

/**
 * Compares a text with the golden file of this name, or records it if `GOLDEN_UPDATE=1` is set.
 *
 * @throws {AssertionError} With the differing lines.
 */
export async function assertGolden(name: string, actual: string): Promise<void> {
  const url = new URL(`./${name}`, import.meta.url);
  if (Deno.env.get("GOLDEN_UPDATE") === "1") return await Deno.writeTextFile(url, actual);
  const recorded = await Deno.readTextFile(url);
  assert(
    recorded === actual,
    `tests/golden/${name} differs (- recorded, + now; GOLDEN_UPDATE=1 records it anew):\n${
      diff(recorded, actual)
    }`,
  );
}
