/**
 * Many clients at once, in a process of their own.
 *
 * @module
 */
import { type HerdOptions, type HerdReport, REPORT } from "./load_client_shapes.ts";
import { compareIds } from "./order.ts";
import { parse } from "./shapes.ts";
import { PATIENCE_MS, within } from "./within.ts";

/** Many clients. Whoever starts them must dispose of them. */
export interface Herd extends AsyncDisposable {
  /** What the live streams have seen up to now. */
  report(): Promise<HerdReport>;
  /** Counts delays anew. */
  startWave(): Promise<void>;
}

const PROCESS = new URL("./load_client_process.ts", import.meta.url);
const OPEN_MS = 120_000;

/** Starts a herd, and waits until all of it is open. */
export async function startHerd(
  { port, path, live, stalled = 0, stalledPaths = [path] }:
    & Pick<HerdOptions, "port" | "path" | "live">
    & Partial<HerdOptions>,
): Promise<Herd> {
  const options: HerdOptions = { port, path, live, stalled, stalledPaths };
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", PROCESS.href, JSON.stringify(options)],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const utf8 = new TextEncoder();
  let kept = "";
  let isOver = false;

  /** The net below everything: a test run that breaks leaves no process behind. */
  function kill(): void {
    if (!isOver) child.kill("SIGKILL");
  }
  globalThis.addEventListener("unload", kill);

  async function line(): Promise<string> {
    const parts = [kept];
    for (;;) {
      const text = parts.at(-1) ?? "";
      const end = text.indexOf("\n");
      if (end >= 0) {
        parts.pop();
        kept = text.slice(end + 1);
        return parts.join("") + text.slice(0, end);
      }
      const { value, done } = await output.read();
      if (done) throw new Error("The herd's process ended");
      parts.push(value);
    }
  }

  async function report(ms = PATIENCE_MS): Promise<HerdReport> {
    return parse(REPORT, await within(ms, "the herd's report", line()));
  }

  async function send(command: string): Promise<HerdReport> {
    await input.write(utf8.encode(`${command}\n`));
    return await report();
  }

  async function stop(): Promise<void> {
    kill();
    await child.status;
    isOver = true;
    globalThis.removeEventListener("unload", kill);
    await output.cancel();
    await input.abort().catch(() => {}); // The pipe may have broken with the process.
  }

  try {
    await report(OPEN_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    report: () => send("report"),
    async startWave() {
      await send("wave");
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The last id of the live stream that is furthest behind, "" where one has none. */
export function slowestOf({ lastIds }: HerdReport): string {
  return Object.keys(lastIds).reduce((a, b) =>
    a === "" || (b !== "" && compareIds(a, b) <= 0) ? a : b
  );
}
