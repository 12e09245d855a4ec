/**
 * A load process, from the side of the bench.
 *
 * @module
 */
import { parse } from "../../support/shapes.ts";
import { pin } from "../pin.ts";
import { type Command, type LoadOptions, OUTCOME, type Outcome, type Wave } from "./load_shapes.ts";

/** A load process. Whoever starts it must dispose of it. */
export interface Load extends AsyncDisposable {
  /** Opens so many streams more. */
  open(count: number): Promise<void>;
  /** Publishes and counts. */
  wave(wave: Wave): Promise<Outcome>;
  /** Lets go of all streams. */
  hangUp(): Promise<void>;
}

const PROCESS = new URL("./load_process.ts", import.meta.url);

/** Starts a load process, without streams as yet. */
export function startLoad(options: LoadOptions): Load {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", PROCESS.href, JSON.stringify(options)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  pin(child.pid, "load");
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();

  async function ask(command: Command): Promise<Outcome> {
    await input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await output.read();
      if (done) throw new Error("The load process ended");
      line += value;
    }
    return parse(OUTCOME, line);
  }

  return {
    open: async (count) => void await ask({ do: "open", count }),
    wave: (wave) => ask({ do: "wave", ...wave }),
    hangUp: async () => void await ask({ do: "hang up" }),
    async [Symbol.asyncDispose]() {
      await input.close().catch(() => {}); // The pipe may have broken with the process.
      await child.status;
      await output.cancel();
    },
  };
}
