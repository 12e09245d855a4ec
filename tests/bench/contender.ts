/**
 * A server that runs, with the load that is put on it.
 *
 * @module
 */
import { type LoadClient, startLoadClient } from "../support/load/load_client.ts";
import { pin } from "./pin.ts";
import type { Server } from "./servers/server.ts";
import { printRow, show } from "./table.ts";

/** A server with its load. Whoever starts it must dispose of it. */
export interface Contender extends AsyncDisposable {
  readonly server: Server;
  readonly load: LoadClient;
}

/** Starts a server and its load process, which has no streams as yet. */
export async function startContender(start: () => Promise<Server>): Promise<Contender> {
  const server = await start();
  const load = startLoadClient(server);
  pin(load.pid, "load");
  return {
    server,
    load,
    async [Symbol.asyncDispose]() {
      await load[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Starts a peer. One that is missing is told in a row of the table, and is undefined. */
export async function startOrTell(
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

/** CPU seconds a publication takes where nobody follows. */
export async function publishingCost({ server, load }: Contender): Promise<number> {
  const { serverCpu, published } = await load.wave(COST_WAVE);
  printRow([server.name, show(1e6 * serverCpu / published), show(published / serverCpu)]);
  return serverCpu / published;
}
