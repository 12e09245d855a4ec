/**
 * A model that costs little: each answer has the same 1,000 tokens, 50 a second, in the format of `chat/completions`.
 *
 * @module
 */
import { print } from "../../support/print.ts";

const TOKENS = 1000;
const TOKEN_MS = 20;

const utf8 = new TextEncoder();

function chunkOf(delta: Readonly<Record<string, unknown>>, finishReason: string | null = null) {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", model: "bench", choices };
  return utf8.encode(`data: ${JSON.stringify(chunk)}\n\n`);
}

const END = utf8.encode("data: [DONE]\n\n");

const CHUNKS = [
  ...Array.from({ length: TOKENS }, (_, index) => chunkOf({ content: ` word${index}` })),
  chunkOf({}, "stop"),
  END,
];

/** One answer, which sends a token when it is told to. */
class Answer implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #open: Set<Answer>;
  readonly #startedAt = performance.now();
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #sent = 0;

  constructor(open: Set<Answer>) {
    this.#open = open;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller;
    this.#open.add(this);
  }

  cancel(): void {
    this.#open.delete(this);
  }

  /** Sends the tokens that are due. */
  send(now: number): void {
    // Its connection may have broken without a call of `cancel()`.
    if (this.#controller?.desiredSize === null) return this.cancel();
    const due = Math.floor((now - this.#startedAt) / TOKEN_MS);
    for (; this.#sent < due; this.#sent++) {
      const chunk = CHUNKS[this.#sent];
      if (chunk !== undefined) this.#controller?.enqueue(chunk);
      else {
        this.#controller?.close();
        return this.cancel();
      }
    }
  }
}

if (import.meta.main) {
  const open = new Set<Answer>();
  // Answers that began at different times send at different times, as those of real models do.
  setInterval(() => {
    const now = performance.now();
    for (const answer of open) answer.send(now);
  }, 1);
  Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: ({ port }) => print(JSON.stringify({ port })),
  }, () => {
    const headers = { "content-type": "text/event-stream" };
    return new Response(new ReadableStream(new Answer(open)), { headers });
  });
}
