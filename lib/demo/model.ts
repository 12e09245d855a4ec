/**
 * A language model, simulated: POST `/v1/chat/completions` with a stream. It knows the prices on the page.
 *
 * | prompt                      | answer                                                              |
 * | --------------------------- | ------------------------------------------------------------------- |
 * | names instruments           | their prices as text, as a table and as a chart                     |
 * | anything else               | what it knows                                                       |
 * | contains `/long`            | besides, a thousand tokens of past prices                           |
 * | contains `/think`           | reasoning first                                                     |
 * | contains `/slow`            | the first byte comes late                                           |
 * | contains `/cut`             | the stream ends in the middle, without a finish reason              |
 * | contains `/error`           | an error in the middle of the stream                                |
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { isoTime } from "../core/time.ts";
import type { LastPrices } from "./last_prices.ts";
import type { DemoInstrument } from "./market.ts";
import type { Fault } from "./script.ts";

/** The settings under which a demo's server reaches the model. */
export const SIMULATED_MODEL = {
  url: "https://model.example/v1",
  host: "model.example",
  name: "demo-model",
} as const;

/** The time between two tokens: 50 tokens a second. */
const TOKEN_MS = 20;

/** The time to the first byte, without and with the fault. */
const FIRST_BYTE_MS = 300;
const SLOW_FIRST_BYTE_MS = 5000;

/** The points of a chart, and their distance. */
const CHART_POINTS = 13;
const CHART_STEP_MS = 300_000;

/** The sentences of a long answer: about a thousand tokens. */
const LONG_SENTENCES = 60;

/** The tokens before a fault in the middle of an answer. */
const MIDDLE_TOKENS = 10;

/** The characters of a tool's arguments in one token. */
const ARGUMENT_TOKEN_CHARS = 12;

/** The most instruments that an answer names. */
const MAX_NAMED_INSTRUMENTS = 12;

/** The words for all instruments of a class, in a question. */
const CLASS_WORDS: Readonly<Record<string, string>> = {
  crypto: "crypto|coins",
  metals: "metals",
  oil: "oil",
  energy: "energy|gas",
  indices: "indices",
  equities: "shares|stocks",
  fx: "currencies|fx",
  rates: "rates|yields",
};

const ModelRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })).min(1),
  stream: z.literal(true),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
});

/** The delta of one token, in the format of a chunk. */
type TokenDelta = Readonly<Record<string, unknown>>;

/** A response of the model that begins after `latencyMs`. */
export interface ModelCall {
  readonly latencyMs: number;
  /** Responds at a wall time in ms. */
  respond(now: number): Response;
}

/** The simulated model. */
export interface SimulatedModel {
  /** Starts a call, with the fault of the moment if there is one. The stream ends when the request's signal is aborted. */
  start(url: URL, init: RequestInit, fault: Fault | undefined): ModelCall;
}

/** Creates the pattern of the words that name an instrument: its name or the first word of it, its symbol, its class. */
function wordsFor({ symbol, name, class: className }: DemoInstrument): RegExp {
  const [firstWord = ""] = name.split(" ");
  const [base = symbol] = symbol.split("-");
  // A short word is more likely to be something else.
  const names = [name, symbol, ...[firstWord, base].filter((word) => word.length > 2)]
    .map((word) => word.replace(/[^\w\s]/g, "\\$&"));
  return new RegExp(
    `(?<!\\w)(?:${[...names, CLASS_WORDS[className] ?? symbol].join("|")})(?!\\w)`,
    "i",
  );
}

/** Creates the model. */
export function createSimulatedModel(clock: Clock, prices: LastPrices): SimulatedModel {
  const { instruments } = prices;
  const patterns = new Map(instruments.map((instrument) => [instrument, wordsFor(instrument)]));

  /** Answers a prompt at a wall time in ms. It is lazy, because a whole answer at one time would delay everything else. */
  function* answer(prompt: string, now: number): Generator<TokenDelta, void, void> {
    const callId = (name: string) => `call-${now.toString(36)}-${name}`;
    const named = [...patterns].filter(([_, words]) => words.test(prompt))
      .map(([instrument]) => instrument).slice(0, MAX_NAMED_INSTRUMENTS);
    if (prompt.includes("/think")) yield* deltasOf(describeThoughts(named), "reasoning_content");
    if (named.length === 0) yield* deltasOf(introduce(instruments));
    else {
      yield* deltasOf(named.map((each) => describe(each, now)).join(" "));
      yield* callOf(0, callId("table"), "show_table", tableOf(named, now));
      yield* callOf(1, callId("chart"), "show_chart", chartOf(named, now));
      yield* deltasOf("\n\nThe chart shows the last hour. All prices are simulated.");
    }
    const [first] = named.length === 0 ? instruments : named;
    if (prompt.includes("/long") && first !== undefined) yield* describePast(first, now);
  }

  function describe(instrument: DemoInstrument, now: number): string {
    const { name } = instrument;
    return `${name} is at ${formatPrice(instrument, lastPrice(instrument, now))}.`;
  }

  function lastPrice(instrument: DemoInstrument, now: number): number {
    return prices.priceAt(instrument, prices.timeOf(instrument, now));
  }

  function tableOf(instruments: readonly DemoInstrument[], now: number) {
    return {
      title: "Prices",
      columns: [
        { key: "name", title: "Instrument" },
        { key: "price", title: "Price", align: "right" },
        { key: "before", title: "An hour ago", align: "right" },
      ],
      rows: instruments.map((instrument) => {
        const hourAgo = now - (CHART_POINTS - 1) * CHART_STEP_MS;
        return {
          name: instrument.name,
          price: lastPrice(instrument, now).toFixed(instrument.decimals),
          before: prices.priceAt(instrument, hourAgo).toFixed(instrument.decimals),
        };
      }),
    };
  }

  function chartOf(instruments: readonly DemoInstrument[], now: number) {
    const times = Array.from(
      { length: CHART_POINTS },
      (_, index) => now - (CHART_POINTS - 1 - index) * CHART_STEP_MS,
    );
    return {
      chart_type: "line",
      title: "The last hour",
      data: instruments.map((instrument) => ({
        name: instrument.name,
        x: times.map((ms) => isoTime(ms)),
        y: times.map((ms) => Number(prices.priceAt(instrument, ms).toFixed(instrument.decimals))),
      })),
    };
  }

  function* describePast(instrument: DemoInstrument, now: number) {
    for (let index = 1; index <= LONG_SENTENCES; index++) {
      const at = now - index * CHART_STEP_MS;
      const price = formatPrice(instrument, prices.priceAt(instrument, at));
      const start = index === 1 ? "\n\n" : " ";
      yield* deltasOf(
        `${start}At ${isoTime(at).slice(11, 16)} UTC, ${instrument.name} was at ${price}.`,
      );
    }
  }

  function respond({ init, prompt, includesUsage, fault, now }: {
    readonly init: RequestInit;
    readonly prompt: string;
    readonly includesUsage: boolean;
    readonly fault: Fault | undefined;
    readonly now: number;
  }): Response {
    const chunk = (fields: Readonly<Record<string, unknown>>) =>
      toFrame({
        id: `chatcmpl-${now.toString(36)}`,
        object: "chat.completion.chunk",
        created: Math.floor(now / 1000),
        model: SIMULATED_MODEL.name,
        ...fields,
      });
    const choice = (delta: TokenDelta, finishReason: string | null = null) =>
      chunk({ choices: [{ index: 0, delta, finish_reason: finishReason }] });
    const isCut = fault === "cut" || prompt.includes("/cut");
    const hasError = prompt.includes("/error");

    function* frames(): Generator<string, void, void> {
      yield choice({ role: "assistant", content: "" });
      let tokens = 0;
      let hasCalls = false;
      for (const delta of answer(prompt, now)) {
        yield choice(delta);
        tokens++;
        hasCalls ||= "tool_calls" in delta;
        if (tokens < MIDDLE_TOKENS) continue;
        if (isCut) return;
        if (hasError) {
          return yield toFrame({ error: { message: "The model is out of memory", code: 500 } });
        }
      }
      const promptTokens = tokensOf(prompt).length;
      const usage = {
        prompt_tokens: promptTokens,
        completion_tokens: tokens,
        total_tokens: promptTokens + tokens,
      };
      yield choice({}, hasCalls ? "tool_calls" : "stop") +
        (includesUsage ? chunk({ choices: [], usage }) : "") + "data: [DONE]\n\n";
    }
    return streamFrames(frames(), init.signal);
  }

  /** Sends frames at the model's pace. */
  function streamFrames(
    frames: Iterator<string, unknown, void>,
    signal: AbortSignal | null | undefined,
  ) {
    const encoder = new TextEncoder();
    let cancelTimer = () => {};
    let abort = () => {};
    function end() {
      cancelTimer();
      signal?.removeEventListener("abort", abort);
    }
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        abort = () => {
          end();
          controller.error(signal?.reason);
        };
        signal?.addEventListener("abort", abort, { once: true });
        let dueElapsed = clock.elapsed() + TOKEN_MS;
        cancelTimer = clock.every(TOKEN_MS, () => {
          // A timer that is late does not change the pace.
          for (; dueElapsed <= clock.elapsed(); dueElapsed += TOKEN_MS) {
            const { done, value } = frames.next();
            if (!done) controller.enqueue(encoder.encode(value));
            else {
              end();
              return controller.close();
            }
          }
        });
      },
      cancel: end,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }

  return {
    start({ pathname }, init, fault) {
      const parsed = ModelRequest.safeParse(parseJson(init.body));
      if (pathname !== "/v1/chat/completions" || !parsed.success) {
        const error = { message: "Unknown request", type: "invalid_request_error" };
        const status = parsed.success ? 404 : 400;
        return { latencyMs: TOKEN_MS, respond: () => Response.json({ error }, { status }) };
      }
      const { messages, stream_options: options } = parsed.data;
      const prompt = messages.findLast(({ role }) => role === "user")?.content ?? "";
      const isSlow = fault === "slow" || prompt.includes("/slow");
      const includesUsage = options?.include_usage ?? false;
      return {
        latencyMs: isSlow ? SLOW_FIRST_BYTE_MS : FIRST_BYTE_MS,
        respond: (now) => respond({ init, prompt, includesUsage, fault, now }),
      };
    },
  };
}

function introduce(instruments: readonly DemoInstrument[]): string {
  const names = instruments.slice(0, MAX_NAMED_INSTRUMENTS).map(({ name }) => name).join(", ");
  const more = instruments.length - MAX_NAMED_INSTRUMENTS;
  return `I am a simulated model. I know the prices on this page: ${names}${
    more > 0 ? ` and ${more} more` : ""
  }. Ask me “How is gold doing?”, or add /long, /think, /slow, /cut or /error to a question.`;
}

function describeThoughts(instruments: readonly DemoInstrument[]): string {
  return instruments.length === 0
    ? "The question names no instrument, so I say what I know."
    : `The question is about ${instruments.map(({ name }) => name).join(" and ")}. ` +
      "I look at the prices on the page.";
}

/** The texts after a price, by its unit. */
const SPOKEN_UNITS: Readonly<Record<string, string>> = {
  coin: "",
  share: "",
  troy_oz: " per troy ounce",
  bbl: " per barrel",
};

/** Returns a price such as “$4,165.32 per troy ounce”. */
function formatPrice({ decimals, currency, unit }: DemoInstrument, price: number): string {
  const [whole = "", fraction] = price.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  const amount = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  if (unit === "points" || unit === "percent") return `${amount} ${unit}`;
  const money = currency === "USD" ? `$${amount}` : `${amount} ${currency}`;
  return `${money}${SPOKEN_UNITS[unit] ?? ` per ${unit}`}`;
}

/** Splits text into words and punctuation, with the white space before them. */
function tokensOf(text: string): string[] {
  return text.match(/\s*(?:[\p{L}\p{N}]+|[^\s\p{L}\p{N}]+)|\s+/gu) ?? [];
}

/** Returns the tokens of a text, under the name of their field. */
function deltasOf(text: string, field = "content"): TokenDelta[] {
  return tokensOf(text).map((token) => ({ [field]: token }));
}

/** Returns the tokens of a tool call. */
function callOf(index: number, id: string, name: string, input: unknown): TokenDelta[] {
  const json = JSON.stringify(input);
  const pieces = Array.from(
    { length: Math.ceil(json.length / ARGUMENT_TOKEN_CHARS) },
    (_, n) => json.slice(n * ARGUMENT_TOKEN_CHARS, (n + 1) * ARGUMENT_TOKEN_CHARS),
  );
  return [
    { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] },
    ...pieces.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ];
}

function toFrame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function parseJson(body: RequestInit["body"]): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return null;
  }
}
