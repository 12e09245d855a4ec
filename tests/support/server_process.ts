/**
 * The real server, as a process of its own.
 *
 * @module
 */
import { cpuSeconds, rssKb } from "./proc.ts";
import { within } from "./within.ts";

/** Settings of the server: its environment variables. */
export type Settings = Readonly<Record<string, string>>;

/** A running server. Whoever starts it must dispose of it. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly origin: string;
  /** How it ended, once it has. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** The end of what it wrote, for messages of failures. */
  output(): string;
  signal(name: Deno.Signal): void;
  /** Its resident memory. */
  rssKb(): number;
  /** The CPU time it has used, its own and the kernel's for it. */
  cpuSeconds(): number;
  /** SIGTERM, and SIGKILL where that does not end it. */
  stop(): Promise<void>;
}

const ROOT = new URL("../../", import.meta.url);
/** A free port, and a calm market where it is the demo's: who tests faults asks for them. */
const DEFAULTS: Settings = { HOST: "127.0.0.1", PORT: "0", DEMO_FAULTS: "off" };
const START_MS = 20_000;
const STOP_MS = 6_000;
const KEPT_CHARACTERS = 16_384;

/** Reads one of the process's outputs to its end and keeps the last part. */
function keep(stream: ReadableStream<Uint8Array<ArrayBuffer>>, onLine: (line: string) => void) {
  let kept = "";
  async function read(): Promise<void> {
    let line = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      kept = (kept + text).slice(-KEPT_CHARACTERS);
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      lines.forEach(onLine);
    }
  }
  return { done: read(), text: () => kept };
}

/** The port in the log line that says where the server listens. */
function listeningPort(line: string): number | undefined {
  if (!line.includes(`"listening"`)) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== "object" || entry === null) return undefined;
  if (!("message" in entry) || entry.message !== "listening" || !("port" in entry)) {
    return undefined;
  }
  return typeof entry.port === "number" ? entry.port : undefined;
}

/** What a process needs to run at all; nothing else of our environment reaches it. */
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
 * @throws {Error} With all the server wrote, where it does not come up.
 */
export async function startServer(
  settings: Settings = {},
  args: readonly string[] = RUN,
): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...leastEnvironment(), ...DEFAULTS, ...settings },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { promise: listening, resolve } = Promise.withResolvers<number>();
  const stdout = keep(child.stdout, (line) => {
    const port = listeningPort(line);
    if (port !== undefined) resolve(port);
  });
  const stderr = keep(child.stderr, () => {});
  const exited = endOf();
  let isOver = false;

  async function endOf(): Promise<Deno.CommandStatus> {
    const status = await child.status;
    isOver = true;
    globalThis.removeEventListener("unload", kill);
    await Promise.all([stdout.done, stderr.done]);
    return status;
  }

  function output(): string {
    return `--- stdout\n${stdout.text()}\n--- stderr\n${stderr.text()}`;
  }

  function signal(name: Deno.Signal): void {
    if (!isOver) child.kill(name);
  }

  /** The net below everything: a test run that breaks leaves no process behind. */
  function kill(): void {
    signal("SIGKILL");
  }

  async function stop(): Promise<void> {
    if (isOver) return;
    signal("SIGTERM");
    try {
      await within(STOP_MS, "the server's end", exited);
    } catch {
      signal("SIGKILL");
      await exited;
    }
  }

  globalThis.addEventListener("unload", kill);
  try {
    const ended = exited.then(() => Promise.reject(new Error("It ended")));
    const port = await within(START_MS, "its port", Promise.race([listening, ended]));
    return {
      port,
      pid: child.pid,
      origin: `http://127.0.0.1:${port}`,
      exited,
      output,
      signal,
      rssKb: () => rssKb(child.pid),
      cpuSeconds: () => cpuSeconds(child.pid),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    signal("SIGKILL");
    await exited;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot start the server: ${reason}\n${output()}`);
  }
}
