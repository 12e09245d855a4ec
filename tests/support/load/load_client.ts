/**
 * Many live streams and their publisher, in a process of their own.
 *
 * @module
 */
import { startScript } from "../process.ts";
import { parse } from "../shapes.ts";
import {
  type Command,
  type Flood,
  type LoadOptions,
  OUTCOME,
  type Outcome,
  type Wave,
} from "./protocol.ts";

/** A load process. The caller must dispose of it. */
export interface LoadClient extends AsyncDisposable {
  readonly pid: number;
  /**
   * Opens more streams.
   *
   * @param maxParsed The most streams that are parsed as a browser parses them: they check the counter of events, and
   * delays are taken from them.
   */
  open(count: number, maxParsed?: number): Promise<void>;
  /** Publishes at a steady rate, and counts events. */
  wave(wave: Wave): Promise<Outcome>;
  /** Publishes as fast as the slowest stream receives events, and counts them. */
  flood(flood: Flood): Promise<Outcome>;
  /** Closes all streams. */
  hangUp(): Promise<void>;
}

const PROCESS = new URL("./load_process.ts", import.meta.url);

/** Longer than any wave or flood. */
const ANSWER_MS = 300_000;

/** Starts a load process without streams. */
export function startLoadClient({ port, pid, paths, publish }: LoadOptions): LoadClient {
  const options: LoadOptions = { port, pid, paths, publish };
  const child = startScript(PROCESS, [JSON.stringify(options)]);

  const ask = (command: Command) => child.ask(ANSWER_MS, JSON.stringify(command));
  const measure = async (command: Command) => parse(OUTCOME, await ask(command));

  return {
    pid: child.pid,
    open: async (count, maxParsed = 50) => void await ask({ do: "open", count, maxParsed }),
    wave: (wave) => measure({ do: "wave", ...wave }),
    flood: (flood) => measure({ do: "flood", ...flood }),
    hangUp: async () => void await ask({ do: "hang up" }),
    [Symbol.asyncDispose]: () => child.kill(),
  };
}
