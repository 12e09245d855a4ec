/**
 * A process with many clients, live and stalled. It is one of its own so that reading does not slow down publishing.
 *
 * Its argument is a {@linkcode HERD} as JSON. It prints a report when all are open, and one for each line it is sent;
 * when its input ends it hangs up.
 *
 * @module
 */
import { createDelayCounter } from "./delays.ts";
import { COMMAND, HERD, type HerdOptions, type HerdReport } from "./load_client_shapes.ts";
import { print } from "./print.ts";
import { ask, type Asked, openRaw, type RawStream } from "./raw_stream.ts";
import { parse } from "./shapes.ts";
import { createStreamMeter, type StreamMeter } from "./stream_meter.ts";

const OPENING_AT_ONCE = 32;
const LIVE_BUFFER_BYTES = 65_536;
const headers = { accept: "text/event-stream" };

/** Does `count` things, some at once. */
async function times(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  async function worker(): Promise<void> {
    while (next < count) await task(next++);
  }
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
}

interface LiveStream {
  readonly stream: RawStream;
  readonly meter: StreamMeter;
  lastDelayMs: number;
}

function createHerd({ port, path, live, stalled, stalledPaths }: HerdOptions) {
  const open = new Set<LiveStream>();
  const ended: { tail: string; isWhole: boolean }[] = [];
  const idle: Asked[] = [];
  let delays = createDelayCounter();

  function take(each: LiveStream, body: Uint8Array): void {
    const before = each.meter.lastId;
    each.meter.feed(body);
    const id = each.meter.lastId;
    if (id === before) return;
    each.lastDelayMs = Date.now() - parseInt(id, 10);
    delays.add(each.lastDelayMs);
  }

  async function readOn(each: LiveStream): Promise<void> {
    for (let body = await each.stream.read(); body; body = await each.stream.read()) {
      take(each, body);
    }
    open.delete(each);
    ended.push({ tail: each.meter.tail(), isWhole: each.stream.isWhole });
    each.stream.hangUp();
  }

  async function openLive(): Promise<void> {
    const stream = await openRaw(port, path, { headers, bufferBytes: LIVE_BUFFER_BYTES });
    const each = { stream, meter: createStreamMeter(), lastDelayMs: 0 };
    const opening = await stream.read();
    if (stream.status !== 200 || opening === null) {
      throw new Error(`Cannot open ${path}: ${stream.status}`);
    }
    each.meter.feed(opening);
    open.add(each);
    readOn(each);
  }

  async function openStalled(index: number): Promise<void> {
    const stalledPath = stalledPaths[index % stalledPaths.length] ?? path;
    const asked = await ask(port, stalledPath, { headers, bufferBytes: 1 });
    idle.push(asked);
    if (index % 2 === 0) await asked.answer();
  }

  function report(): HerdReport {
    const lastIds: Record<string, number> = {};
    const lastDelays = createDelayCounter();
    const bytes = [...open].map(({ meter }) => meter.eventBytes);
    for (const { meter: { lastId }, lastDelayMs } of open) {
      lastIds[lastId] = (lastIds[lastId] ?? 0) + 1;
      lastDelays.add(lastDelayMs);
    }
    return {
      open: open.size,
      ended,
      lastIds,
      leastBytes: bytes.length === 0 ? 0 : Math.min(...bytes),
      mostBytes: Math.max(0, ...bytes),
      delays: delays.sum(),
      lastDelays: lastDelays.sum(),
    };
  }

  return {
    async open() {
      await times(stalled, openStalled);
      await times(live, openLive);
    },
    report,
    startWave() {
      delays = createDelayCounter();
    },
  };
}

async function main(): Promise<void> {
  const herd = createHerd(parse(HERD, Deno.args[0] ?? ""));
  await herd.open();
  print(JSON.stringify(herd.report()));
  let line = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const each of lines) {
      const command = COMMAND.parse(each);
      print(JSON.stringify(herd.report()));
      if (command === "wave") herd.startWave();
    }
  }
  Deno.exit(0);
}

if (import.meta.main) await main();
