/**
 * A peer as a process of its own, on the servers' core.
 *
 * @module
 */
import { until, within } from "../../support/within.ts";
import { pin } from "../pin.ts";

/** A process of a peer. */
export interface PeerProcess {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

const PORT = /"port":(\d+)/;
const STOP_MS = 3000;

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
  const child = new Deno.Command(command, {
    args: [...args],
    ...cwd === undefined ? {} : { cwd },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  pin(child.pid, "server");
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let isOver = false;
  const exited = child.status.then(() => {
    isOver = true;
    globalThis.removeEventListener("unload", kill);
  });

  /** The net below everything: a bench that breaks leaves no process behind. */
  function kill(): void {
    if (!isOver) child.kill("SIGKILL");
  }
  globalThis.addEventListener("unload", kill);

  async function printedPort(): Promise<number> {
    let text = "";
    for (;;) {
      const found = PORT.exec(text)?.[1];
      if (found) return Number(found);
      const { value, done } = await output.read();
      if (done) throw new Error(`${command} ended before it listened`);
      text += value;
    }
  }

  async function isListening(port: number): Promise<true | undefined> {
    if (isOver) throw new Error(`${command} ended before it listened`);
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return undefined; // Not yet.
    }
  }

  async function stop(): Promise<void> {
    if (!isOver) child.kill("SIGTERM");
    await within(STOP_MS, `the end of ${command}`, exited).catch(kill);
    await exited;
    await output.cancel();
  }

  try {
    const known = port ?? await printedPort();
    await until(`${command} to listen`, () => isListening(known));
    return { pid: child.pid, port: known, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
