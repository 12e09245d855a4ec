/**
 * The whole server in the process, in front of a model whose answers a test writes.
 *
 * @module
 */
import { systemClock } from "../../lib/core/clock.ts";
import { readConfig } from "../../lib/core/config.ts";
import { createLogger } from "../../lib/core/logger.ts";
import type { Runtime } from "../../lib/core/runtime.ts";
import { createServices, type Services } from "../../lib/services.ts";
import type { ChatPart, FinishReason } from "../../lib/topics/chat/part.ts";
import { createApp } from "../../routes/app.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { createTestWire, type TestWire } from "./wire.ts";
import { refuseConnection } from "../support/refuse_connection.ts";

const MODEL_URL = "https://model.test/v1";

/** What a model says when it fails, which no client may see. */
export const MODEL_SECRET = "quota of org-1234 is exhausted";

/** The token of the user of all clients. */
export const USER_TOKEN = signToken({ sub: "ada", exp: 9_999_999_999 });

/** One answer of the model, in the format of `chat/completions`. */
export interface ModelAnswer {
  /** The request, as the model receives it. */
  readonly request: { readonly messages: readonly unknown[]; readonly tools?: readonly unknown[] };
  /** True once the server has ended its request. */
  readonly isAborted: boolean;
  add(...parts: readonly ChatPart[]): void;
  finish(reason?: FinishReason): void;
  /** Reports an error in the middle of the answer. */
  fail(): void;
  /** Ends without a finish reason. */
  breakOff(): void;
}

/** A server with its model. */
export interface ChatServer extends AsyncDisposable {
  readonly wire: TestWire;
  readonly services: Services;
  /** The log lines. */
  readonly lines: readonly string[];
  /** The number of requests that the model has received. */
  readonly answers: number;
  /** Returns the model's answer to the next request. */
  nextAnswer(): Promise<ModelAnswer>;
  /** Lets the model refuse all further requests. */
  refuse(): void;
}

/** Writes the chunks of an answer. */
class ScriptedAnswer implements ModelAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  isAborted = false;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  readonly #calls: string[] = [];

  constructor(readonly request: ModelAnswer["request"], signal: AbortSignal) {
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.isAborted = true;
      },
    });
    signal.addEventListener("abort", () => {
      this.isAborted = true;
    });
  }

  add(...parts: readonly ChatPart[]): void {
    for (const part of parts) this.#send({ choices: [{ index: 0, delta: this.#deltaOf(part) }] });
  }

  finish(reason: FinishReason = "stop"): void {
    this.#send({
      choices: [{ index: 0, delta: {}, finish_reason: reason }],
      usage: { prompt_tokens: 10, completion_tokens: 20 },
    });
    this.#sendData("[DONE]");
    this.#controller?.close();
  }

  fail(): void {
    this.#send({ error: { message: MODEL_SECRET } });
    this.#controller?.close();
  }

  breakOff(): void {
    this.#controller?.close();
  }

  #send(chunk: unknown): void {
    this.#sendData(JSON.stringify(chunk));
  }

  #sendData(data: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(`data: ${data}\n\n`));
  }

  #deltaOf(part: ChatPart): unknown {
    switch (part.kind) {
      case "text":
        return { content: part.text };
      case "reasoning":
        return { reasoning_content: part.text };
      case "tool":
        return this.#callOf(part.id, part.name, part.text);
      // The server knows this tool: its calls are components.
      case "component":
        return this.#callOf(part.id, `show_${part.component.type}`, "{}");
    }
  }

  #callOf(id: string, name: string, text: string): unknown {
    const known = this.#calls.indexOf(id);
    const index = known >= 0 ? known : this.#calls.push(id) - 1;
    return { tool_calls: [{ index, id, function: { name, arguments: text } }] };
  }
}

/** Starts a server. The caller must dispose of it. */
export function startChatServer(env: Readonly<Record<string, string>> = {}): ChatServer {
  const ready: ModelAnswer[] = [];
  const waiting: ((answer: ModelAnswer) => void)[] = [];
  const lines: string[] = [];
  let isRefusing = false;
  let answers = 0;
  const refused = () => Promise.reject(new Error("the test has no network"));

  const runtime: Runtime = {
    clock: systemClock,
    random: Math.random,
    log: createLogger("debug", systemClock, (line) => lines.push(line)),
    resolve: refused,
    connect: refuseConnection,
    readAsset: refused,
    fetch(url, { body, signal }) {
      if (!url.href.startsWith(MODEL_URL)) return refused();
      if (isRefusing) return Promise.resolve(new Response(MODEL_SECRET, { status: 429 }));
      answers++;
      const answer = new ScriptedAnswer(JSON.parse(String(body)), signal ?? AbortSignal.any([]));
      const next = waiting.shift();
      if (next) next(answer);
      else ready.push(answer);
      const headers = { "content-type": "text/event-stream" };
      return Promise.resolve(new Response(answer.body, { headers }));
    },
  };
  const config = readConfig({
    AUTH_SECRET,
    CHAT_UPSTREAM_URL: MODEL_URL,
    CHAT_MODEL: "demo",
    CHAT_FLUSH_MS: "20",
    ...env,
  });
  const services = createServices(config, runtime, { version: "0.0.0" });
  const app = createApp(services);

  return {
    services,
    lines,
    wire: createTestWire((request) => app.fetch(request), {
      authorization: `Bearer ${USER_TOKEN}`,
    }),
    get answers() {
      return answers;
    },
    nextAnswer() {
      const answer = ready.shift();
      return answer ? Promise.resolve(answer) : new Promise((resolve) => waiting.push(resolve));
    },
    refuse() {
      isRefusing = true;
    },
    [Symbol.asyncDispose]: () => services.close(),
  };
}
