/**
 * A process with many clients, live and stalled. It is one of its own so that reading does not slow down publishing.
 *
 * Its argument is a {@linkcode LOAD_CLIENT} as JSON. It prints a report when all are open, and one for each line it is sent;
 * when its input ends it hangs up.
 *
 * @module
 */
import { createDelayCounter } from "./delays.ts";
import {
  COMMAND,
  LOAD_CLIENT,
  type LoadClientOptions,
  type LoadReport,
} from "./load_client_shapes.ts";
import { print } from "./print.ts";
import { openStream, sendRequest, type SentRequest, type StreamClient } from "./stream_client.ts";
import { parse } from "./shapes.ts";

const OPENING_AT_ONCE = 32;
const LIVE_BUFFER_BYTES = 65_536;

/** Does `count` things, some at once. */
async function times(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  async function worker(): Promise<void> {
    while (next < count) await task(next++);
  }
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
}

/** A live stream. It is not parsed: with so many, the parser would be what is measured. */
interface LiveStream {
  readonly stream: StreamClient;
  readonly openingBytes: number;
  /** The end of what came: longer than any id line and the frame it begins. */
  tail: string;
  lastId: string;
  lastDelayMs: number;
}

const latin1 = new TextDecoder("latin1");
const TAIL_CHARACTERS = 512;

/** The value of the last whole id line, undefined where there is none. */
function lastIdIn(text: string): string | undefined {
  const whole = text.slice(0, text.lastIndexOf("\n"));
  const at = whole.lastIndexOf("\nid: ");
  if (at < 0) return undefined;
  const end = whole.indexOf("\n", at + 1);
  return whole.slice(at + 5, end < 0 ? undefined : end);
}

function createClients({ port, path, live, stalled, stalledPaths }: LoadClientOptions) {
  const open = new Set<LiveStream>();
  const ended: { tail: string; isWhole: boolean }[] = [];
  const idle: SentRequest[] = [];
  let delays = createDelayCounter();

  function take(each: LiveStream, body: Uint8Array): void {
    const text = each.tail + latin1.decode(body);
    each.tail = text.slice(-TAIL_CHARACTERS);
    const id = lastIdIn(text);
    if (id === undefined || id === each.lastId) return;
    each.lastId = id;
    each.lastDelayMs = Date.now() - parseInt(id, 10);
    delays.add(each.lastDelayMs);
  }

  async function readOn(each: LiveStream): Promise<void> {
    for (let body = await each.stream.read(); body; body = await each.stream.read()) {
      take(each, body);
    }
    open.delete(each);
    ended.push({ tail: each.tail, isWhole: each.stream.isWhole });
    each.stream.hangUp();
  }

  async function openLive(): Promise<void> {
    const stream = await openStream(port, path, { bufferBytes: LIVE_BUFFER_BYTES });
    const opening = await stream.read();
    if (stream.status !== 200 || opening === null) {
      throw new Error(`Cannot open ${path}: ${stream.status}`);
    }
    const openingBytes = opening.length;
    const each = { stream, openingBytes, tail: "\n", lastId: "", lastDelayMs: 0 };
    take(each, opening);
    open.add(each);
    readOn(each);
  }

  async function openStalled(index: number): Promise<void> {
    const stalledPath = stalledPaths[index % stalledPaths.length] ?? path;
    const asked = await sendRequest(port, stalledPath, { bufferBytes: 1 });
    idle.push(asked);
    if (index % 2 === 0) await asked.answer();
  }

  function report(): LoadReport {
    const lastIds: Record<string, number> = {};
    const lastDelays = createDelayCounter();
    const bytes = [...open].map(({ stream, openingBytes }) => stream.bodyBytes - openingBytes);
    for (const { lastId, lastDelayMs } of open) {
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
  const clients = createClients(parse(LOAD_CLIENT, Deno.args[0] ?? ""));
  await clients.open();
  print(JSON.stringify(clients.report()));
  let line = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const each of lines) {
      const command = COMMAND.parse(each);
      print(JSON.stringify(clients.report()));
      if (command === "wave") clients.startWave();
    }
  }
  Deno.exit(0);
}

if (import.meta.main) await main();
