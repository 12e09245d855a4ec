/**
 * The guide's worker, as printed, in another process.
 *
 * @module
 */
import { blocksOf, GUIDE_SETTINGS } from "./guides.ts";
import { ChildProcess } from "./process.ts";

/** A running worker. The caller must dispose of it. */
export interface WorkerProcess extends AsyncDisposable {
  /** Sends SIGKILL: it no longer reports. Resolves once it has ended. */
  kill(): Promise<void>;
}

/** The worker's text. */
export async function workerText(): Promise<string> {
  const [text = ""] = await blocksOf("tasks", "js");
  return text;
}

/** Starts a worker of the server at this origin. */
export async function startWorker(origin: string): Promise<WorkerProcess> {
  const file = await Deno.makeTempFile({ suffix: ".mjs" });
  await Deno.writeTextFile(file, await workerText());
  const env = { ...GUIDE_SETTINGS, EDGETAPE: origin };
  const child = new ChildProcess(Deno.execPath(), ["run", "-A", file], { env });
  return {
    kill: () => child.kill(),
    async [Symbol.asyncDispose]() {
      await child.kill();
      await Deno.remove(file);
    },
  };
}
