/**
 * Output of tests for people.
 *
 * @module
 */

const utf8 = new TextEncoder();

/** Writes a line into the test run's output: figures that were measured, the seed of a random run. */
export function print(line: string): void {
  Deno.stdout.writeSync(utf8.encode(`${line}\n`));
}
