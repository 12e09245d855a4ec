/**
 * Chats beside quotes: the delay of quotes while 200 answers are written at 50 tokens a second each.
 *
 * The model is a process of its own, as models are. A quote's delay is the time from the receipt of the provider's
 * response to its arrival at a client. It includes the interval in which the server coalesces, and the time for which
 * the client waits for its core, which it shares with the model and Redis.
 *
 * @module
 */
import { z } from "zod";
import { postQuestion } from "../support/chat.ts";
import { createDelayCounter, type Delays, describeDelays } from "../support/delays.ts";
import { print } from "../support/print.ts";
import { redisHint } from "../support/programs.ts";
import { ChildProcess } from "../support/process.ts";
import { PUBLISHER_SETTINGS } from "../support/publisher.ts";
import { type ServerProcess, type Settings, startServer } from "../support/server_process.ts";
import { parse } from "../support/shapes.ts";
import { openStreams, type StreamClient } from "../support/stream_client.ts";
import { pause } from "../support/within.ts";
import { pin } from "./pin.ts";
import { startPeer } from "./servers/peer_process.ts";
import { median, printHead, printRow, printVerdicts, show, verdict } from "./table.ts";

const DEFAULT_RUNS = 200;
const QUOTE_STREAMS = 20;
/** The model's pace. */
const TOKENS_PER_SECOND = 50;
/** The time in which the answers begin, one after the other: about the duration of one. */
const RAMP_MS = 20_000;
const WARM_UP_MS = 5000;
const DEFAULT_SECONDS = 30;
/** The delay after an answer that failed. */
const RETRY_MS = 100;
const MAX_P99_MS = 100;

function pathOfScript(file: string): string {
  return new URL(file, import.meta.url).pathname;
}

/** The arguments of `deno` that run a script. */
function runOf(file: string): string[] {
  return ["run", "--frozen", "-A", pathOfScript(file)];
}

const START_MS = 20_000;

const SETTINGS = {
  ...PUBLISHER_SETTINGS,
  DEMO: "1",
  QUOTE_POLL_MS: "1000",
  CHAT_RUNS_PER_USER: "1000",
};

const Tick = z.object({ received_at: z.iso.datetime() });

/** The figures of a measurement. */
interface ChatFigures {
  readonly delays: Delays;
  /** The share of a core that the server used. */
  readonly cpu: number;
  /** The median duration of an answer, in seconds: longer than alone if the server does not keep up. */
  readonly answerS: number;
  readonly failures: number;
}

/** Answers that are asked for again and again, each by a reader of its own, which only counts bytes. */
class ChatLoad implements AsyncDisposable {
  /** The durations of the answers that have ended, in seconds. */
  readonly durations: number[] = [];
  failures = 0;
  readonly #origin: string;
  readonly #workers: readonly Promise<void>[];
  #isOver = false;

  constructor(origin: string, count: number) {
    this.#origin = origin;
    this.#workers = Array.from({ length: count }, async (_, index) => {
      await pause(RAMP_MS * index / count);
      while (!this.#isOver) await this.#ask(`bench-${index}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  async #ask(chat: string): Promise<void> {
    const startedAt = performance.now();
    const { body } = await postQuestion(this.#origin, { chat, text: "How is gold doing? /long" });
    let end = new Uint8Array();
    for await (const chunk of body ?? []) {
      end = chunk;
      if (this.#isOver) return;
    }
    if (new TextDecoder().decode(end).includes(`"finishReason":"stop"`)) {
      this.durations.push((performance.now() - startedAt) / 1000);
    } else {
      this.failures++;
      await pause(RETRY_MS);
    }
  }
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

/** Measures the delays of quotes at one server beside a number of open answers. */
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
  await pause(RAMP_MS + WARM_UP_MS);
  counter = createDelayCounter();
  const cpuBefore = cpuSeconds();
  await pause(seconds * 1000);
  const figures = {
    delays: counter.quantiles(),
    cpu: (cpuSeconds() - cpuBefore) / seconds,
    answerS: median(load.durations),
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
  answers: number,
): Promise<string[][]> {
  pin(server.pid, "server");
  pin(Deno.pid, "load");
  const rows: string[][] = [];
  for (const runs of [1, answers]) {
    const { delays, cpu, answerS, failures } = await measureQuotes(server, runs, seconds);
    printRow([store, `${runs}`, show(answerS), show(100 * cpu), describeDelays(delays)]);
    if (runs === 1) continue;
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

/** Starts a Redis with its stand-in in a process of its own, so that it does not wait for the load. */
async function startRedisProcess() {
  const child = new ChildProcess(Deno.execPath(), [...runOf("../upstash/serve.ts"), "0"]);
  const settings: Record<string, string> = {};
  await child.find(START_MS, "the settings of Redis", (line) => {
    const [, name = "", value = ""] = /^export (\w+)=(.+)$/.exec(line) ?? [];
    if (name !== "") settings[name] = value;
    return Object.keys(settings).length === 2 || undefined;
  });
  pin(child.pid, "load");
  return { settings, [Symbol.asyncDispose]: () => child.stop() };
}

/**
 * Measures quotes beside chats, without and with a shared store.
 *
 * @param args The seconds of each measurement, the number of answers, and `memory` or `Redis` for one store alone.
 */
export async function printChats([seconds, runs, onlyStore]: readonly string[]): Promise<void> {
  const measuredS = Number(seconds ?? DEFAULT_SECONDS);
  const answers = Number(runs ?? DEFAULT_RUNS);
  const offered = answers * TOKENS_PER_SECOND;
  printHead(`Quotes of ${QUOTE_STREAMS} streams beside answers; ${offered} tokens/s are offered`, [
    "store",
    "answers",
    "an answer, s",
    "CPU of a core, %",
    "delay of quotes",
  ]);
  const rows: string[][] = [];
  const model = await startPeer(Deno.execPath(), runOf("peers/model.ts"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => model.stop());
  pin(model.pid, "load");
  const start = (settings: Settings) =>
    startServer({
      ...SETTINGS,
      CHAT_UPSTREAM_URL: `http://127.0.0.1:${model.port}/v1`,
      CHAT_MODEL: "bench",
      ...settings,
    }, runOf("peers/demo_with_model.ts"));
  if (onlyStore !== "Redis") {
    await using server = await start({});
    rows.push(...await measureStore("memory", server, measuredS, answers));
  }
  const hint = redisHint();
  if (hint !== undefined) print(hint);
  else if (onlyStore !== "memory") {
    await using redis = await startRedisProcess();
    await using server = await start(redis.settings);
    rows.push(...await measureStore("Redis", server, measuredS, answers));
  }
  printVerdicts(rows);
}
