/**
 * A peer in another process, on the servers' core.
 *
 * @module
 */
import { ChildProcess } from "../../support/process.ts";
import { PATIENCE_MS, until } from "../../support/within.ts";
import { pin } from "../pin.ts";

/** A process of a peer. */
export interface PeerProcess {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

const PORT = /"port":(\d+)/;

/**
 * Starts a process and waits until it listens.
 *
 * @param port Where it does not print its port, but was given it.
 * @throws {Error} If it is not there, or ends before it listens.
 */
export async function startPeer(
  command: string,
  args: readonly string[],
  { cwd, port }: { readonly cwd?: string; readonly port?: number } = {},
): Promise<PeerProcess> {
  const child = new ChildProcess(command, args, cwd === undefined ? {} : { cwd });
  pin(child.pid, "server");

  async function isListening(port: number): Promise<true | undefined> {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return undefined; // Not yet.
    }
  }

  const portIn = (line: string) => Number(PORT.exec(line)?.[1] ?? NaN) || undefined;
  const known = port ?? await child.find(PATIENCE_MS, "port", portIn);
  try {
    await until(`${command} to listen`, () => isListening(known));
    return { pid: child.pid, port: known, stop: () => child.stop() };
  } catch (thrown) {
    await child.stop();
    throw thrown;
  }
}
