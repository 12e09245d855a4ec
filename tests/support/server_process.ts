/**
 * The real server in another process.
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
  /** Returns its resident memory in KiB. */
  rssKb(): number;
  /** Returns the CPU time that it has used, in user and kernel mode, in seconds. */
  cpuSeconds(): number;
  /** Sends SIGTERM, and SIGKILL if that does not end it in time. */
  stop(): Promise<void>;
}

const ROOT = new URL("../../", import.meta.url);
/** A free port, and a demo without faults: tests of faults switch them on. */
const DEFAULTS: Settings = { HOST: "127.0.0.1", PORT: "0", DEMO_FAULTS: "off" };
const START_MS = 20_000;

/** Returns the port in the log line of a server that listens, undefined for other lines. */
function listeningPort(line: string): number | undefined {
  return line.includes(`"listening"`)
    ? Number(/"port":(\d+)/.exec(line)?.[1] ?? NaN) || undefined
    : undefined;
}

/** Returns the variables that a process needs to run. No other variable of the test reaches it. */
function minimalEnvironment(): Record<string, string> {
  const names = ["PATH", "HOME", "DENO_DIR"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** The arguments with which `deno` runs the server. */
const RUN_ARGS: readonly string[] = ["run", "--frozen", "-A", "main.ts"];

/**
 * Starts `main.ts` on a free port of 127.0.0.1.
 *
 * @param args The arguments of `deno`, for a server that runs in another way.
 * @throws {Error} With the output of the server, if it does not start.
 */
export async function startServer(
  settings: Settings = {},
  args: readonly string[] = RUN_ARGS,
): Promise<ServerProcess> {
  const child = new ChildProcess(Deno.execPath(), args, {
    cwd: ROOT,
    clearEnv: true,
    env: { ...minimalEnvironment(), ...DEFAULTS, ...settings },
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
