/**
 * A running server with its load client.
 *
 * @module
 */
import { type LoadClient, startLoadClient } from "../support/load/load_client.ts";
import { pin } from "./pin.ts";
import type { Server } from "./servers/server.ts";
import { printRow, show } from "./table.ts";

/** A server with its load client. The caller must dispose of it. */
export interface Contender extends AsyncDisposable {
  readonly server: Server;
  readonly load: LoadClient;
}

/** Starts a server and its load client, without streams. Ends what it started if it fails. */
export async function startContender(start: () => Promise<Server>): Promise<Contender> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await start());
  const load = started.use(startLoadClient(server));
  pin(load.pid, "load");
  const running = started.move();
  return { server, load, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Starts a peer. Prints a row and returns undefined if it is missing. */
export async function startIfInstalled(
  name: string,
  start: () => Promise<Server>,
): Promise<Contender | undefined> {
  try {
    return await startContender(start);
  } catch (thrown) {
    printRow([name, "missing", thrown instanceof Error ? thrown.message : String(thrown)]);
    return undefined;
  }
}

const COST_WAVE = { rate: 500, bytes: 200, warmUpMs: 1500, ms: 1500 };

/** Returns the CPU seconds of a publication without subscribers. */
export async function publishingCost({ server, load }: Contender): Promise<number> {
  const { serverCpu, published } = await load.wave(COST_WAVE);
  printRow([server.name, show(1e6 * serverCpu / published), show(published / serverCpu)]);
  return serverCpu / published;
}
