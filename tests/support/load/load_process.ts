/**
 * A process that publishes to one server and reads many of its streams: one thread, one wait for all sockets.
 *
 * Its argument is a {@linkcode LOAD} as JSON. It answers each {@linkcode COMMAND}, and ends with its input. It measures
 * the server's CPU time at the moments between which it counts events.
 *
 * @module
 */
import { print } from "../print.ts";
import { cpuSeconds } from "../proc.ts";
import { parse } from "../shapes.ts";
import { createPoster, type Poster } from "./poster.ts";
import {
  COMMAND,
  type Command,
  type Flood,
  LOAD,
  type LoadOptions,
  type Outcome,
  type Wave,
} from "./protocol.ts";
import { createReaders } from "./readers.ts";
import { openSockets } from "./sockets.ts";

const STDIN = 0;
/** The time in which the rest of a wave must arrive. */
const REST_MS = 3000;

function createLoad({ port, paths, publish, pid }: LoadOptions) {
  const sockets = openSockets();
  const readers = createReaders(sockets, { port, paths });
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

  function figures({ answered }: Poster) {
    const { events } = readers.seen;
    const [server, load] = [cpuSeconds(pid), cpuSeconds(Deno.pid)];
    return { at: performance.now(), events, answered, server, load };
  }

  /** Publishes the events that are due, from `begun` for `ms`, both of `performance.now()`. */
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

  /** Waits until all events have arrived at every stream. @returns False if that takes longer than `ms`. */
  function waitForRest(poster: Poster, ms: number): boolean {
    const deadline = performance.now() + ms;
    while (poster.isWaiting || readers.slowest() < published) {
      if (performance.now() > deadline || readers.seen.ended > 0) return false;
      turn(5);
    }
    return true;
  }

  /** Opens a poster for some time, and takes figures of the work in `measured`, whose result tells if nothing is missing. */
  function measure(
    bytes: number,
    warmUp: (poster: Poster) => void,
    measured: (poster: Poster) => void,
    restMs: number,
  ): Outcome {
    const before = readers.seen;
    const current = poster = createPoster(sockets, port, publish, bytes);
    warmUp(current);
    readers.resetDelays();
    const from = figures(current);
    measured(current);
    const to = figures(current);
    const { delays } = readers.seen;
    const isWhole = waitForRest(current, restMs);
    current.close();
    poster = undefined;
    const { lost, repeated, ended } = readers.seen;
    return {
      seconds: (to.at - from.at) / 1000,
      published: to.answered - from.answered,
      delivered: to.events - from.events,
      serverCpu: to.server - from.server,
      loadCpu: to.load - from.load,
      delays,
      lost: lost - before.lost,
      repeated: repeated - before.repeated,
      isWhole: isWhole && ended === 0,
      disagreements: readers.disagreements(),
    };
  }

  function runWave({ rate, bytes, warmUpMs, ms }: Wave): Outcome {
    const publishing = (ms: number) => (poster: Poster) =>
      publishFor(poster, rate, performance.now(), ms);
    return measure(bytes, publishing(warmUpMs), publishing(ms), REST_MS);
  }

  function runFlood({ events, bytes, maxAhead }: Flood): Outcome {
    const last = published + events;
    return measure(bytes, () => {}, (poster) => {
      let slowest = readers.slowest();
      while (published < last && readers.seen.ended === 0) {
        if (published - slowest >= maxAhead) slowest = readers.slowest();
        if (poster.isWritable && published - slowest < maxAhead) {
          poster.post(++published, Date.now());
        } else turn(1);
      }
      waitForRest(poster, Infinity);
    }, 0);
  }

  function obey(command: Command): Outcome | null {
    if (command.do === "wave") return runWave(command);
    if (command.do === "flood") return runFlood(command);
    if (command.do === "open") readers.open({ ...command, next: published + 1 }, turn);
    else readers.hangUp();
    return null;
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
