/**
 * Many clients at once, in a process of their own.
 *
 * @module
 */
import { type LoadClientOptions, type LoadReport, REPORT } from "./load_client_shapes.ts";
import { compareIds } from "./order.ts";
import { startScript } from "./process.ts";
import { parse } from "./shapes.ts";
import { PATIENCE_MS } from "./within.ts";

/** Many clients. Whoever starts them must dispose of them. */
export interface LoadClient extends AsyncDisposable {
  /** Reports what the live streams have received up to now. */
  report(): Promise<LoadReport>;
  /** Counts delays anew. */
  startWave(): Promise<void>;
}

const PROCESS = new URL("./load_client_process.ts", import.meta.url);
const OPEN_MS = 120_000;

/** Starts a load client, and waits until all its streams are open. */
export async function startLoadClient(
  { port, path, live, stalled = 0, stalledPaths = [path] }:
    & Pick<LoadClientOptions, "port" | "path" | "live">
    & Partial<LoadClientOptions>,
): Promise<LoadClient> {
  const options: LoadClientOptions = { port, path, live, stalled, stalledPaths };
  const child = startScript(PROCESS, [JSON.stringify(options)]);
  await child.find(OPEN_MS, "report of open streams", (line) => line);
  return {
    report: async () => parse(REPORT, await child.ask(PATIENCE_MS, "report")),
    startWave: async () => void await child.ask(PATIENCE_MS, "wave"),
    [Symbol.asyncDispose]: () => child.kill(),
  };
}

/** The last id of the live stream that is furthest behind, "" where one has none. */
export function slowestOf({ lastIds }: LoadReport): string {
  return Object.keys(lastIds).reduce((a, b) =>
    a === "" || (b !== "" && compareIds(a, b) <= 0) ? a : b
  );
}
