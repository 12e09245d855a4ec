/**
 * The guide's worker, as a process of its own, as it is printed.
 *
 * @module
 */
import { blocksOf, GUIDE_SETTINGS } from "./guides.ts";

/** A running worker. Whoever starts it must dispose of it. */
export interface WorkerProcess extends AsyncDisposable {
  /** SIGKILL: it says nothing any more. Resolves once it is gone. */
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
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", file],
    env: { ...GUIDE_SETTINGS, EDGETAPE: origin },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;

  /** The net below everything: a test run that breaks leaves no process behind. */
  function end(): void {
    if (!isOver) child.kill("SIGKILL");
    isOver = true;
  }

  async function kill(): Promise<void> {
    globalThis.removeEventListener("unload", end);
    end();
    await child.status;
  }

  globalThis.addEventListener("unload", end);
  return {
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      await Deno.remove(file);
    },
  };
}
