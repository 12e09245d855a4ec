/**
 * A client of one stream, on a bare TCP socket: a test decides when it reads, and at which byte it hangs up. It never
 * reconnects.
 *
 * @module
 */
import { createFrameParser, type FrameParser, type ReceivedFrame } from "./frames.ts";
import { type BodyDecoder, decoderFor } from "./http_body.ts";
import { PATIENCE_MS, within } from "./within.ts";

/** Options of a request for a stream. */
export interface StreamOptions {
  readonly method?: string;
  /** Headers that are added to those of EventSource, or replace them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The last id that the client received, "" before the first. */
  readonly cursor?: string;
  /** The connection is cut after this number of bytes of its body, even inside a frame. */
  readonly cutAfter?: number;
  /** The size of the read buffer. */
  readonly bufferBytes?: number;
}

/** A request that was sent, and whose response was not read: without `response()`, it is a client that never reads. */
export interface SentRequest extends Disposable {
  /** Reads the head of the response. Hangs up if it fails. */
  response(): Promise<StreamClient>;
  hangUp(): void;
}

interface Head {
  readonly status: number;
  readonly headers: Headers;
  /** The bytes of the body that came with the head. */
  readonly rest: Uint8Array;
}

const ascii = new TextEncoder();
const latin1 = new TextDecoder("latin1");
const MAX_HEAD_BYTES = 16_384;

/** Sends a GET, or another request without a body, and reads nothing. */
export async function sendRequest(
  port: number,
  path: string,
  { method = "GET", headers, cursor = "", cutAfter = Infinity, bufferBytes = 65_536 }:
    StreamOptions = {},
): Promise<SentRequest> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const sentHeaders = {
    host: `127.0.0.1:${port}`,
    accept: "text/event-stream",
    ...(cursor === "" ? {} : { "last-event-id": cursor }),
    ...headers,
  };
  const lines = Object.entries(sentHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = ascii.encode(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  let isOpen = true;

  function hangUp(): void {
    if (isOpen) socket.close();
    isOpen = false;
  }

  async function hangUpOnError<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      hangUp();
      throw error;
    }
  }

  async function write(): Promise<void> {
    for (let at = 0; at < request.length;) at += await socket.write(request.subarray(at));
  }

  async function response(): Promise<StreamClient> {
    const head = await readHead(socket);
    const decoder = decoderFor(method, head.status, head.headers);
    const buffer = new Uint8Array(bufferBytes);
    return new StreamClient({ path, socket, head, decoder, buffer, cursor, cutAfter, hangUp });
  }

  await hangUpOnError(write());
  return { response: () => hangUpOnError(response()), hangUp, [Symbol.dispose]: hangUp };
}

/** Opens a stream: sends a request, and reads the head of the response. */
export async function openStream(
  port: number,
  path: string,
  options?: StreamOptions,
): Promise<StreamClient> {
  const sent = await sendRequest(port, path, options);
  try {
    return await within(PATIENCE_MS, `the head of ${path}`, sent.response());
  } catch (error) {
    sent.hangUp();
    throw error;
  }
}

/** The most streams that wait for their heads at a time. */
const MAX_OPENING = 32;

/** Opens many streams, several at a time. The caller must hang them up. Hangs up all of them if one fails. */
export async function openStreams(
  port: number,
  count: number,
  pathOf: (index: number) => string | Promise<string>,
  options?: StreamOptions,
): Promise<StreamClient[]> {
  const streams: StreamClient[] = [];
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) streams.push(await openStream(port, await pathOf(next++), options));
  }
  const results = await Promise.allSettled(Array.from({ length: MAX_OPENING }, work));
  for (const result of results) {
    if (result.status === "fulfilled") continue;
    streams.forEach((stream) => stream.hangUp());
    throw result.reason;
  }
  return streams;
}

async function readHead(socket: Deno.Conn): Promise<Head> {
  const buffer = new Uint8Array(MAX_HEAD_BYTES);
  for (let length = 0; length < buffer.length;) {
    const count = await socket.read(buffer.subarray(length));
    if (count === null) {
      throw new Error("Cannot read the response: the connection ended before its head");
    }
    length += count;
    const text = latin1.decode(buffer.subarray(0, length));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
    const headers = new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    const status = Number(statusLine.split(" ")[1]);
    return { status, headers, rest: buffer.slice(end + 4, length) };
  }
  throw new Error(`Cannot read the response: its head is above ${MAX_HEAD_BYTES} bytes`);
}

/** The response to a request. A test reads its body on demand, as bytes or as frames, not both. */
export class StreamClient implements Disposable {
  readonly status: number;
  readonly headers: Headers;
  readonly hangUp: () => void;
  readonly #path: string;
  readonly #socket: Deno.Conn;
  readonly #decoder: BodyDecoder;
  readonly #buffer: Uint8Array;
  readonly #cutAfter: number;
  readonly #parser: FrameParser;
  readonly #pieces: Uint8Array[] = [];
  readonly #frames: ReceivedFrame[] = [];
  #lastEventId: string;
  #bodyBytes = 0;
  #isEnded = false;

  constructor(parts: {
    readonly path: string;
    readonly socket: Deno.Conn;
    readonly head: Head;
    readonly decoder: BodyDecoder;
    readonly buffer: Uint8Array;
    readonly cursor: string;
    readonly cutAfter: number;
    readonly hangUp: () => void;
  }) {
    this.status = parts.head.status;
    this.headers = parts.head.headers;
    this.hangUp = parts.hangUp;
    this.#path = parts.path;
    this.#socket = parts.socket;
    this.#decoder = parts.decoder;
    this.#buffer = parts.buffer;
    this.#cutAfter = parts.cutAfter;
    this.#parser = createFrameParser(parts.cursor);
    this.#lastEventId = parts.cursor;
    this.#decoder.feed(parts.head.rest, this.#take);
  }

  /** The number of bytes of the body that were read. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** True once the body has ended by the rules of HTTP, and was not cut. */
  get isWhole(): boolean {
    return this.#decoder.isWhole;
  }

  /** The cursor after the last frame that was taken. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /**
   * Reads the next bytes of the body, up to the cut; null after the last. They stand in a buffer that the next read
   * overwrites.
   */
  async read(): Promise<Uint8Array | null> {
    const limit = this.#cutAfter - this.#bodyBytes;
    if (limit <= 0) return null;
    while (this.#pieces.length === 0 && !this.isWhole && !this.#isEnded) await this.#fill();
    const piece = this.#pieces.shift();
    if (piece === undefined) return null;
    if (piece.length > limit) this.#pieces.unshift(piece.subarray(limit));
    const part = piece.length > limit ? piece.subarray(0, limit) : piece;
    this.#bodyBytes += part.length;
    return part;
  }

  /** Reads the next frame, or null at the end. @throws {Error} If it takes longer than `deadlineMs`. */
  next(deadlineMs = PATIENCE_MS): Promise<ReceivedFrame | null> {
    return this.#next("frame", deadlineMs);
  }

  /** Reads up to the next frame of a type. @throws {Error} If the stream ends before, or it takes too long. */
  async nextOf(event: string, deadlineMs = PATIENCE_MS): Promise<ReceivedFrame> {
    const deadline = performance.now() + deadlineMs;
    let lastFrame = "its head";
    for (;;) {
      const frame = await this.#next(event, Math.max(1, deadline - performance.now()));
      if (frame === null) {
        throw new Error(`${this.#path} ended without "${event}", after ${lastFrame}`);
      }
      if (frame.event === event) return frame;
      lastFrame = `${frame.event} ${frame.data}`;
    }
  }

  /** Reads all frames up to the end. */
  async rest(deadlineMs = PATIENCE_MS): Promise<ReceivedFrame[]> {
    const frames: ReceivedFrame[] = [];
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const frame = await this.#next("end", Math.max(1, deadline - performance.now()));
      if (frame === null) return frames;
      frames.push(frame);
    }
  }

  [Symbol.dispose](): void {
    this.hangUp();
  }

  readonly #take = (piece: Uint8Array): void => void this.#pieces.push(piece);

  async #fill(): Promise<void> {
    try {
      const count = await this.#socket.read(this.#buffer);
      if (count === null) this.#isEnded = true;
      else this.#decoder.feed(this.#buffer.subarray(0, count), this.#take);
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      this.#isEnded = true; // The peer reset the connection, or we hung up.
    }
  }

  async #parse(): Promise<void> {
    while (this.#frames.length === 0) {
      const bytes = await this.read();
      if (bytes === null) return;
      this.#frames.push(...this.#parser.feed(bytes));
    }
  }

  async #next(what: string, deadlineMs: number): Promise<ReceivedFrame | null> {
    if (this.#frames.length === 0) {
      await within(deadlineMs, `the next ${what} of ${this.#path}`, this.#parse());
    }
    const frame = this.#frames.shift() ?? null;
    if (frame !== null) this.#lastEventId = frame.lastEventId;
    return frame;
  }
}
