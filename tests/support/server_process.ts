/**
 * The real server, as a process of its own.
 *
 * @module
 */
import { cpuSeconds, rssKb } from "./proc.ts";
import { ChildProcess } from "./process.ts";

/** Settings of the server: its environment variables. */
export type Settings = Readonly<Record<string, string>>;

/** A running server. The caller must dispose of it. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly origin: string;
  /** Its status, once it has ended. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** Returns the end of its output, for messages of failures. */
  output(): string;
  signal(name: Deno.Signal): void;
  /** Its resident memory. */
  rssKb(): number;
  /** The CPU time it has used, its own and the kernel's for it. */
  cpuSeconds(): number;
  /** Sends SIGTERM, and SIGKILL where that does not end it. */
  stop(): Promise<void>;
}

const ROOT = new URL("../../", import.meta.url);
/** A free port, and a calm market where it is the demo's: tests of faults ask for them. */
const DEFAULTS: Settings = { HOST: "127.0.0.1", PORT: "0", DEMO_FAULTS: "off" };
const START_MS = 20_000;

/** The port in the log line of a server that listens. */
function listeningPort(line: string): number | undefined {
  return line.includes(`"listening"`)
    ? Number(/"port":(\d+)/.exec(line)?.[1] ?? NaN) || undefined
    : undefined;
}

/** The variables that a process needs to run at all; nothing else of our environment reaches it. */
function leastEnvironment(): Record<string, string> {
  const names = ["PATH", "HOME", "DENO_DIR"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** The arguments of `deno` to run the server. */
const RUN: readonly string[] = ["run", "--frozen", "-A", "main.ts"];

/**
 * Starts `main.ts` on a free port of 127.0.0.1.
 *
 * @param args Others of `deno`, which run it in another way.
 * @throws {Error} With the output of the server, if it does not start.
 */
export async function startServer(
  settings: Settings = {},
  args: readonly string[] = RUN,
): Promise<ServerProcess> {
  const child = new ChildProcess(Deno.execPath(), args, {
    cwd: ROOT,
    clearEnv: true,
    env: { ...leastEnvironment(), ...DEFAULTS, ...settings },
  });
  const port = await child.find(START_MS, "port", listeningPort);
  return {
    port,
    pid: child.pid,
    origin: `http://127.0.0.1:${port}`,
    exited: child.exited,
    output: () => child.output(),
    signal: (name) => child.signal(name),
    rssKb: () => rssKb(child.pid),
    cpuSeconds: () => cpuSeconds(child.pid),
    stop: () => child.stop(),
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
