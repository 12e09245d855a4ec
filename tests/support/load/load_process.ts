/**
 * A process that publishes to one server and reads many of its streams: one thread, one wait for all sockets.
 *
 * Its argument is a {@linkcode LOAD} as JSON. It answers each {@linkcode COMMAND} with an {@linkcode OUTCOME}, and ends with
 * its input. The CPU time of the server is taken here, at the very moments between which events are counted.
 *
 * @module
 */
import { createDelayCounter } from "../delays.ts";
import { print } from "../print.ts";
import { parse } from "../shapes.ts";
import { cpuSeconds } from "../proc.ts";
import { openSockets } from "./sockets.ts";
import {
  COMMAND,
  type Command,
  LOAD,
  type LoadOptions,
  type Outcome,
  type Wave,
} from "./protocol.ts";
import { createPoster, type Poster } from "./poster.ts";
import { createReaders } from "./readers.ts";

const STDIN = 0;
/** How long the rest of a wave is waited for. */
const PATIENCE_MS = 3000;

function createLoad({ port, paths, post, pid }: LoadOptions) {
  const sockets = openSockets();
  let delays = createDelayCounter();
  const readers = createReaders(sockets, { port, paths }, () => delays);
  let poster: Poster | undefined;
  let published = 0;
  let commands = "";

  function takeCommand(): void {
    const bytes = new Uint8Array(4096);
    const count = Deno.stdin.readSync(bytes);
    if (count === null) Deno.exit(0);
    commands += new TextDecoder().decode(bytes.subarray(0, count));
  }

  function serve(fd: number): void {
    if (readers.read(fd) || poster?.read(fd)) return;
    if (fd === STDIN) takeCommand();
  }

  function turn(ms = 1000): void {
    sockets.wait(ms, serve);
  }

  function figures() {
    const { events } = readers.seen;
    const answered = poster?.answered ?? 0;
    return {
      at: performance.now(),
      events,
      answered,
      server: cpuSeconds(pid),
      load: cpuSeconds(Deno.pid),
    };
  }

  /** Publishes what is due, from `begun` for `ms`, both of `performance.now()`. */
  function publishFor(poster: Poster, rate: number, begun: number, ms: number): void {
    const first = published;
    const everyMs = 1000 / rate;
    for (;;) {
      const now = performance.now();
      if (now >= begun + ms) return;
      const dueAt = begun + (published - first) * everyMs;
      if (now >= dueAt && poster.isWritable) {
        poster.post(++published, Date.now() - (now - dueAt));
        continue;
      }
      turn(poster.isWritable ? Math.max(0, Math.ceil(Math.min(dueAt, begun + ms) - now)) : 1);
    }
  }

  function waitForRest(isWhole: () => boolean): boolean {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isWhole()) {
      if (performance.now() > deadline) return false;
      turn(5);
    }
    return true;
  }

  function runWave({ rate, bytes, warmUpMs, ms }: Wave): Outcome {
    const seen = readers.seen;
    const connection = poster = createPoster(sockets, post, bytes);
    const first = published;
    publishFor(connection, rate, performance.now(), warmUpMs);
    delays = createDelayCounter();
    const from = figures();
    publishFor(connection, rate, performance.now(), ms);
    const to = figures();
    const inTime = delays.sum();
    const isWhole = waitForRest(() =>
      first + connection.answered === published && readers.haveAll(published)
    );
    connection.close();
    poster = undefined;
    return {
      seconds: (to.at - from.at) / 1000,
      published: to.answered - from.answered,
      delivered: to.events - from.events,
      serverCpu: to.server - from.server,
      loadCpu: to.load - from.load,
      delays: inTime,
      lost: readers.seen.lost - seen.lost,
      repeated: readers.seen.repeated - seen.repeated,
      isWhole: isWhole && readers.seen.ended === 0,
      disagreements: readers.disagreements(),
    };
  }

  /** What becomes of a command that is no wave. */
  function nothingMeasured(): Outcome {
    const { lost, repeated, ended } = readers.seen;
    const none = { seconds: 0, published: 0, delivered: 0, serverCpu: 0, loadCpu: 0 };
    return {
      ...none,
      delays: delays.sum(),
      lost,
      repeated,
      isWhole: ended === 0,
      disagreements: 0,
    };
  }

  function obey(command: Command): Outcome {
    if (command.do === "wave") return runWave(command);
    if (command.do === "open") readers.open(command.count, published + 1, turn);
    else readers.hangUp();
    return nothingMeasured();
  }

  return {
    run() {
      sockets.watch(STDIN);
      for (;;) {
        turn(-1);
        const end = commands.indexOf("\n");
        if (end < 0) continue;
        const command = parse(COMMAND, commands.slice(0, end));
        commands = commands.slice(end + 1);
        print(JSON.stringify(obey(command)));
      }
    },
  };
}

if (import.meta.main) createLoad(parse(LOAD, Deno.args[0] ?? "")).run();
