/**
 * Chats beside quotes: the delay of quotes while 200 answers are written at 50 tokens a second each.
 *
 * The simulated model runs in the server's process, so its own cost counts too. A quote's delay is the time from the
 * receipt of the provider's response to its arrival at a client. It includes the interval in which the server coalesces,
 * and the time in which the client, on another core, handles the answers.
 *
 * @module
 */
import { z } from "zod";
import { askChat } from "../support/chat.ts";
import { createDelayCounter, type Delays, describeDelays } from "../support/delays.ts";
import { startFleet } from "../support/fleet.ts";
import { print } from "../support/print.ts";
import { redisHint } from "../support/programs.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { type ServerProcess, startServer } from "../support/server_process.ts";
import { parse } from "../support/shapes.ts";
import { openStreams, type StreamClient } from "../support/stream_client.ts";
import { pause } from "../support/within.ts";
import { pin } from "./pin.ts";
import { printHead, printRow, printVerdicts, show, verdict } from "./table.ts";

const RUNS = 200;
const QUOTE_STREAMS = 20;
/** The model's pace. */
const TOKENS_PER_SECOND = 50;
/** The time in which the answers begin, one after the other: about the duration of one. */
const RAMP_MS = 20_000;
const WARM_UP_MS = 5000;
const DEFAULT_SECONDS = 30;
const MAX_P99_MS = 100;

const SETTINGS = {
  ...PUBLISHER_SETTINGS,
  DEMO: "1",
  QUOTE_POLL_MS: "1000",
  CHAT_RUNS_PER_USER: String(2 * RUNS),
};

const Tick = z.object({ received_at: z.iso.datetime() });

/** The figures of a measurement. */
interface ChatFigures {
  readonly delays: Delays;
  /** The share of a core that the server used. */
  readonly cpu: number;
  /** The tokens that arrived, by the second. */
  readonly tokensPerSecond: number;
  readonly failures: number;
}

/** Answers that are asked for again and again, each by a reader of its own. */
class ChatLoad implements AsyncDisposable {
  /** The tokens that have arrived: the simulated model's are words and punctuation. */
  tokens = 0;
  failures = 0;
  readonly #origin: string;
  readonly #workers: readonly Promise<void>[];
  #isOver = false;

  constructor(origin: string, count: number) {
    this.#origin = origin;
    this.#workers = Array.from({ length: count }, async (_, index) => {
      await pause(RAMP_MS * index / count);
      await this.#ask(`bench-${index}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  async #ask(chat: string): Promise<void> {
    while (!this.#isOver) {
      try {
        using answer = await askChat(this.#origin, { chat, text: "How is gold doing? /long" });
        if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
        for (;;) {
          const frame = await answer.next();
          if (frame === null || this.#isOver) break;
          if (frame.type === "text-delta") this.tokens += countTokens(frame.delta ?? "");
        }
        if (!answer.isDone && !this.#isOver) throw new Error("The answer is cut");
      } catch {
        if (!this.#isOver) this.failures++;
        await pause(100);
      }
    }
  }
}

/** Counts tokens as the simulated model cuts them. */
function countTokens(text: string): number {
  return text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]+/gu)?.length ?? 0;
}

/** Reads quotes, and counts their delays. */
async function readQuotes(stream: StreamClient, onDelay: (ms: number) => void): Promise<void> {
  for (;;) {
    const frame = await stream.next();
    if (frame === null) return;
    if (frame.event !== "quote") continue;
    onDelay(Date.now() - Date.parse(parse(Tick, frame.data).received_at));
  }
}

/** Measures the delays of quotes at one server beside so many answers. */
async function measureQuotes(
  { port, origin, cpuSeconds }: ServerProcess,
  runs: number,
  seconds: number,
): Promise<ChatFigures> {
  using stack = new DisposableStack();
  const streams = await openStreams(port, QUOTE_STREAMS, () => "/v1/quotes/stream");
  for (const stream of streams) stack.use(stream);
  let counter = createDelayCounter();
  const readers = streams.map((stream) => readQuotes(stream, (ms) => counter.add(ms)));
  await using load = new ChatLoad(origin, runs);
  await pause(runs > 0 ? RAMP_MS + WARM_UP_MS : WARM_UP_MS);
  counter = createDelayCounter();
  const before = { tokens: load.tokens, cpu: cpuSeconds() };
  await pause(seconds * 1000);
  const figures = {
    delays: counter.quantiles(),
    cpu: (cpuSeconds() - before.cpu) / seconds,
    tokensPerSecond: (load.tokens - before.tokens) / seconds,
    failures: load.failures,
  };
  stack.dispose();
  await Promise.allSettled(readers);
  return figures;
}

async function measureStore(
  store: string,
  server: ServerProcess,
  seconds: number,
): Promise<string[][]> {
  pin(server.pid, "server");
  pin(Deno.pid, "load");
  const rows: string[][] = [];
  for (const runs of [0, RUNS]) {
    const { delays, cpu, tokensPerSecond, failures } = await measureQuotes(server, runs, seconds);
    printRow([store, show(runs), show(tokensPerSecond), show(100 * cpu), describeDelays(delays)]);
    if (runs === 0) continue;
    const what = `beside ${runs} answers, ${store} store`;
    rows.push(
      verdict({ what: `p99 of quotes in ms ${what}`, bound: MAX_P99_MS, isLeast: false }, [
        delays.p99,
      ]),
      verdict({ what: `failed answers ${what}`, bound: 0, isLeast: false }, [failures]),
    );
  }
  return rows;
}

/** Measures quotes beside chats, without and with a shared store. @param args The seconds of each measurement. */
export async function printChats([seconds]: readonly string[]): Promise<void> {
  const measuredS = Number(seconds ?? DEFAULT_SECONDS);
  const offered = RUNS * TOKENS_PER_SECOND;
  printHead(`Quotes of ${QUOTE_STREAMS} streams beside answers; ${offered} tokens/s are offered`, [
    "store",
    "answers",
    "text tokens/s",
    "CPU of a core, %",
    "delay of quotes",
  ]);
  const rows: string[][] = [];
  {
    await using server = await startServer(SETTINGS);
    rows.push(...await measureStore("memory", server, measuredS));
  }
  const hint = redisHint();
  if (hint === undefined) {
    await using fleet = await startFleet(SETTINGS);
    rows.push(...await measureStore("Redis", fleet.one, measuredS));
  } else print(hint);
  printVerdicts(rows);
}
