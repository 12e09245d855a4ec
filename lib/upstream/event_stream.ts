/**
 * POST requests that an event stream answers, as those to language models.
 *
 * @module
 */
import { createParser } from "eventsource-parser";
import type { Runtime } from "../core/runtime.ts";
import { discard } from "./body.ts";
import { asFailure, UpstreamFailure } from "./failure.ts";

/** The largest message, in UTF-16 code units, after decompression. */
const MAX_MESSAGE_LENGTH = 2_097_152;

/** The largest response, after decompression. Each token comes in an envelope of some hundred bytes. */
const MAX_RESPONSE_BYTES = 67_108_864;

/** The size of the buffer for reads. */
const READ_BUFFER_BYTES = 16_384;

/** The options of a request. All times are in milliseconds. */
export interface EventStreamOptions {
  /** The upstream's name, for messages. */
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The time limit of the first byte of the body. */
  readonly firstByteTimeoutMs: number;
  /** The time limit of each further byte. Comments count: upstreams send them while they compute. */
  readonly silenceTimeoutMs: number;
  /** The time limit of the whole response. */
  readonly totalTimeoutMs: number;
}

/**
 * The end of a request before the response's own end: by the caller's signal, or by a time limit. Time counts while a
 * byte is awaited, not while the caller handles what it has.
 */
class Cutoff {
  readonly #controller = new AbortController();
  readonly #runtime: Runtime;
  readonly #options: EventStreamOptions;
  readonly #caller: AbortSignal;
  readonly #followCaller = () => this.#controller.abort(this.#caller.reason);
  #limitMs: number;
  /** The monotonic time at which the current wait began, null between waits. */
  #waitStartedElapsed: number | null = null;
  #cancelCheck: () => void;
  readonly #cancelTotal: () => void;

  constructor(runtime: Runtime, options: EventStreamOptions, caller: AbortSignal) {
    this.#runtime = runtime;
    this.#options = options;
    this.#caller = caller;
    this.#limitMs = options.firstByteTimeoutMs;
    caller.addEventListener("abort", this.#followCaller, { once: true });
    this.#cancelCheck = runtime.clock.after(this.#limitMs, () => this.#check());
    this.#cancelTotal = runtime.clock.after(
      options.totalTimeoutMs,
      () => this.#timeOut(`did not complete its answer within ${options.totalTimeoutMs / 1000} s`),
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for the bytes that a task reads. */
  async waitFor<T>(task: Promise<T>): Promise<T> {
    this.#waitStartedElapsed = this.#runtime.clock.elapsed();
    try {
      return await task;
    } finally {
      this.#waitStartedElapsed = null;
    }
  }

  /** Applies the limit of further bytes. */
  startBody(): void {
    this.#limitMs = this.#options.silenceTimeoutMs;
  }

  /** Ends the request, and releases the timers. */
  end(): void {
    this.#cancelCheck();
    this.#cancelTotal();
    this.#caller.removeEventListener("abort", this.#followCaller);
    this.#controller.abort();
  }

  /** Checks the current wait. One timer serves many waits, because a timer for each token would cost more than the token. */
  #check(): void {
    const { clock } = this.#runtime;
    const waitedMs = this.#waitStartedElapsed === null
      ? 0
      : clock.elapsed() - this.#waitStartedElapsed;
    if (waitedMs >= this.#limitMs) {
      this.#timeOut(`sent nothing for ${this.#limitMs / 1000} s`);
    } else {
      this.#cancelCheck = clock.after(this.#limitMs - waitedMs, () => this.#check());
    }
  }

  #timeOut(message: string): void {
    this.#controller.abort(new UpstreamFailure("timeout", `${this.#options.title} ${message}`));
  }
}

/**
 * Sends JSON, and iterates over the messages of the response: the data of each event of a stream, or the one text of a
 * JSON response. The request ends with the iteration, and when the signal is aborted.
 *
 * The URL is the operator's, so it may be a private address. Redirects are not followed, because the request has a key.
 *
 * @throws {UpstreamFailure} `timeout`, `too_large`, `network`, `http` or `type`.
 * @throws The reason of the signal, once it is aborted.
 */
export async function* postForMessages(
  runtime: Runtime,
  options: EventStreamOptions,
  url: URL,
  body: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  signal.throwIfAborted();
  const cutoff = new Cutoff(runtime, options, signal);
  try {
    const response = await post(runtime, options, url, body, cutoff);
    const texts = readTexts(response, options, cutoff);
    yield* isEventStream(response) ? parseEvents(texts, options) : joinTexts(texts, options);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    const reason: unknown = cutoff.signal.aborted ? cutoff.signal.reason : thrown;
    throw asFailure(reason, "network", `The connection to ${options.title} failed`);
  } finally {
    cutoff.end();
  }
}

async function post(
  { fetch }: Runtime,
  { title, headers }: EventStreamOptions,
  url: URL,
  body: string,
  cutoff: Cutoff,
): Promise<Response> {
  const { signal } = cutoff;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  const request = fetch(url, {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: "text/event-stream, application/json",
    },
    body,
    redirect: "manual",
    signal,
  });
  // A response that comes after the cut-off, from a fetch that does not heed its signal, is not read.
  request.then((late) => signal.aborted && discard(late), () => {});
  const response = await cutoff.waitFor(Promise.race([request, aborted.promise]));
  const failure = responseFailure(response, title);
  if (failure === null) return response;
  discard(response);
  throw failure;
}

function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}

function responseFailure(response: Response, title: string): UpstreamFailure | null {
  const { ok, status, headers } = response;
  if (!ok) return new UpstreamFailure("http", `${title} refused: HTTP ${status}`, { status });
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
  if (isJson || isEventStream(response)) return null;
  return new UpstreamFailure("type", `${title} answered with content of another type`, { status });
}

/** Iterates over the text of a body as it arrives. */
async function* readTexts(
  { body }: Response,
  { title }: EventStreamOptions,
  cutoff: Cutoff,
): AsyncGenerator<string, void, void> {
  if (body === null) return;
  const { signal } = cutoff;
  const reader = openReader(body);
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  let size = 0;
  try {
    for (;;) {
      const bytes = await cutoff.waitFor(reader.read());
      signal.throwIfAborted();
      if (bytes === null) break;
      cutoff.startBody();
      size += bytes.byteLength;
      if (size > MAX_RESPONSE_BYTES) throw tooLarge(title);
      yield decoder.decode(bytes, { stream: true });
    }
    yield decoder.decode();
  } finally {
    cancel();
  }
}

/** A reader of a body. */
interface BodyReader {
  /** Reads the next bytes, null at the end. The next read may overwrite them. */
  read(): Promise<Uint8Array | null>;
  cancel(): Promise<void>;
}

/**
 * Opens a reader that reads into one buffer. Without it the runtime allocates 64 KiB for each read, which costs more than
 * a token itself.
 */
function openReader(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    return openPlainReader(body); // It is not a stream of bytes, such as one of the demo.
  }
  let buffer = new ArrayBuffer(READ_BUFFER_BYTES);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return null;
      buffer = value.buffer;
      return value;
    },
    cancel: () => reader.cancel(),
  };
}

function openPlainReader(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader {
  const reader = body.getReader();
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
    cancel: () => reader.cancel(),
  };
}

/** Iterates over the data of events. An event without its empty line at the end is incomplete, and dropped. */
async function* parseEvents(
  texts: AsyncIterable<string>,
  { title }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  let messages: string[] = [];
  let isTooLarge = false;
  const parser = createParser({
    maxBufferSize: MAX_MESSAGE_LENGTH,
    onEvent: ({ data }) => void messages.push(data),
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") isTooLarge = true;
    },
  });
  for await (const text of texts) {
    parser.feed(text);
    if (isTooLarge) throw tooLarge(title);
    const parsed = messages;
    messages = [];
    yield* parsed;
  }
}

async function* joinTexts(
  texts: AsyncIterable<string>,
  { title }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  let whole = "";
  for await (const text of texts) {
    whole += text;
    if (whole.length > MAX_MESSAGE_LENGTH) throw tooLarge(title);
  }
  yield whole;
}

function tooLarge(title: string): UpstreamFailure {
  return new UpstreamFailure("too_large", `${title} answered with more than is accepted`);
}
