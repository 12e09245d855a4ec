/**
 * Scripts whose garbage can be collected when the bench wants it.
 *
 * Until V8 collects, garbage of openings blurs the memory of streams. It does so in its own time, for which a
 * bench cannot wait.
 *
 * @module
 */

/** The signal that has such a script collect. */
export const COLLECT: Deno.Signal = "SIGUSR2";

/** The arguments of `deno` to run a script so. @param script Its path. */
export function collecting(script: string): string[] {
  const first = new URL("./collect_on_signal.ts", import.meta.url).pathname;
  return ["run", "--frozen", "-A", "--v8-flags=--expose-gc", `--preload=${first}`, script];
}
