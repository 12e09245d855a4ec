/**
 * A load process, from the side of the bench.
 *
 * @module
 */
import { startScript } from "../process.ts";
import { parse } from "../shapes.ts";
import { pin } from "../../bench/pin.ts";
import { type Command, type LoadOptions, OUTCOME, type Outcome, type Wave } from "./protocol.ts";

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

/** Longer than any wave. */
const ANSWER_MS = 300_000;

/** Starts a load process, without streams as yet. */
export function startLoad(options: LoadOptions): Load {
  const child = startScript(PROCESS, [JSON.stringify(options)]);
  pin(child.pid, "load");

  async function ask(command: Command): Promise<Outcome> {
    return parse(OUTCOME, await child.ask(ANSWER_MS, JSON.stringify(command)));
  }

  return {
    open: async (count) => void await ask({ do: "open", count }),
    wave: (wave) => ask({ do: "wave", ...wave }),
    hangUp: async () => void await ask({ do: "hang up" }),
    [Symbol.asyncDispose]: () => child.kill(),
  };
}
