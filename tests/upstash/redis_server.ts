/**
 * A real redis-server for one test.
 *
 * @module
 */
import { ChildProcess } from "../support/process.ts";

/** A running redis-server on 127.0.0.1, with its own folder. Its starter must dispose of it. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** Kills it with SIGKILL. Data that was not yet on disk is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder. Kills it first if it runs. */
  restart(): Promise<void>;
  /** Pauses it with SIGSTOP: connections stay open without an answer. */
  pause(): void;
  /** Resumes it with SIGCONT. */
  resume(): void;
}

/** The options of a redis-server. */
export interface RedisOptions {
  /** If true, every write is on disk before its answer, and outlives `kill()`. */
  readonly appendOnly?: boolean;
  /** Memory beyond which it refuses writes, in the form of redis.conf: `2mb`. */
  readonly maxMemory?: string;
}

const PROGRAM = "redis-server";
const START_MS = 20_000;
const ATTEMPTS = 5;

/**
 * Ports are sought below those that systems give to clients (Linux: from 32768): a client that reconnects to
 * such a port while no server listens there can meet itself, and another's could take it between kill and restart.
 */
const PORTS = { from: 15_000, to: 32_000 };

function freePort(): number {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Starts the process, and waits until it takes commands, with all that it has on disk read. */
async function startProcess(args: readonly string[]): Promise<ChildProcess> {
  const child = new ChildProcess(PROGRAM, args);
  const isReady = (line: string) => line.includes("Ready to accept connections") || undefined;
  await child.find(START_MS, "readiness", isReady);
  return child;
}

/**
 * Starts a redis-server on a free port.
 *
 * @throws {Deno.errors.NotFound} If it is not installed.
 * @throws {Error} With the end of its output, if it does not start.
 */
export async function startRedisServer(
  { appendOnly = false, maxMemory = "0" }: RedisOptions = {},
): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "edgetape_redis_" });
  const settings = { bind: "127.0.0.1", dir: folder, save: "", maxmemory: maxMemory };
  const durability = { appendonly: appendOnly ? "yes" : "no", appendfsync: "always" };
  const args = Object.entries({ ...settings, ...durability })
    .flatMap(([name, value]) => [`--${name}`, value]);
  let child: ChildProcess | undefined;
  let port = 0;

  const start = async () => {
    child = await startProcess(["--port", String(port), ...args]);
  };

  async function kill(): Promise<void> {
    await child?.kill();
  }

  /** Removes the folder where a test run breaks. */
  function unload(): void {
    child?.signal("SIGKILL");
    Deno.removeSync(folder, { recursive: true });
  }

  async function dispose(): Promise<void> {
    globalThis.removeEventListener("unload", unload);
    await kill();
    await Deno.remove(folder, { recursive: true });
  }

  globalThis.addEventListener("unload", unload);
  try {
    for (let attempt = 1; child === undefined; attempt++) {
      port = freePort();
      try {
        await start();
      } catch (error) {
        // Another process may have taken the port in the meantime.
        if (attempt === ATTEMPTS || error instanceof Deno.errors.NotFound) throw error;
      }
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    port,
    kill,
    async restart() {
      await kill();
      await start();
    },
    pause: () => child?.signal("SIGSTOP"),
    resume: () => child?.signal("SIGCONT"),
    [Symbol.asyncDispose]: dispose,
  };
}
