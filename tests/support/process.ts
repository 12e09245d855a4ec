/**
 * Processes that tests start.
 *
 * @module
 */
import { within } from "./within.ts";

const STOP_MS = 6_000;
const MAX_OUTPUT_CHARACTERS = 16_384;

/** Options of a process. */
export interface ProcessOptions {
  readonly cwd?: URL | string;
  readonly env?: Readonly<Record<string, string>>;
  /** True if `env` is its whole environment. */
  readonly clearEnv?: boolean;
}

/** A child process. The caller must dispose of it. It is killed when the test run unloads. */
export class ChildProcess implements AsyncDisposable {
  /** Its status, once it has ended and its output has been read. */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #command: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #outputs = { stdout: "", stderr: "" };
  readonly #kill = () => this.signal("SIGKILL");
  #onLine: (line: string) => void = () => {};
  #isOver = false;

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#command = command;
    this.#child = new Deno.Command(command, {
      args: [...args],
      ...options,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    globalThis.addEventListener("unload", this.#kill);
    this.exited = this.#run();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Returns the end of its output, for messages of failures. */
  output(): string {
    return `--- stdout\n${this.#outputs.stdout}\n--- stderr\n${this.#outputs.stderr}`;
  }

  /**
   * Waits for the first later line for which `look` returns a value. Kills the process if there is none in time.
   *
   * @throws {Error} With the end of its output, if it ends or takes longer.
   */
  async find<T>(ms: number, what: string, look: (line: string) => T | undefined): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    this.#onLine = (line) => {
      const value = look(line);
      if (value !== undefined) resolve(value);
    };
    try {
      const ended = this.exited.then(() => Promise.reject(new Error("it ended")));
      return await within(ms, what, Promise.race([promise, ended]));
    } catch (error) {
      await this.kill();
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`No ${what} from ${this.#command}: ${reason}\n${this.output()}`);
    }
  }

  /** Writes a line to its input, and waits for the next line of its output. */
  async ask(ms: number, line: string): Promise<string> {
    const answer = this.find(ms, "answer", (line) => line);
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await answer;
  }

  signal(name: Deno.Signal): void {
    if (this.#isOver) return;
    try {
      this.#child.kill(name);
    } catch (error) {
      // It has already ended, and its status has not arrived yet.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Sends SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  /** Sends SIGTERM, and SIGKILL if that does not end it in time. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    await within(STOP_MS, `the end of ${this.#command}`, this.exited).catch(() => this.kill());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<Deno.CommandStatus> {
    const outputs = [this.#read("stdout"), this.#read("stderr")];
    const status = await this.#child.status;
    this.#isOver = true;
    globalThis.removeEventListener("unload", this.#kill);
    await Promise.all(outputs);
    await this.#input.abort().catch(() => {}); // The pipe may have broken with the process.
    return status;
  }

  /** Reads an output to its end: a full pipe would stop the process. */
  async #read(name: "stdout" | "stderr"): Promise<void> {
    let linePieces: string[] = [];
    for await (const text of this.#child[name].pipeThrough(new TextDecoderStream())) {
      this.#outputs[name] = (this.#outputs[name] + text).slice(-MAX_OUTPUT_CHARACTERS);
      if (name === "stderr") continue;
      const [first = "", ...lines] = text.split("\n");
      linePieces.push(first);
      for (const line of lines) {
        this.#onLine(linePieces.join(""));
        linePieces = [line];
      }
    }
  }
}

/** Starts a script in another Deno process, in the folder of the project. */
export function startScript(script: URL, args: readonly string[] = []): ChildProcess {
  const cwd = new URL("../../", import.meta.url);
  return new ChildProcess(Deno.execPath(), ["run", "--frozen", "-A", script.href, ...args], {
    cwd,
  });
}
