/**
 * An HTTP/1.1 client on a bare TCP socket, so that tests decide when it reads and at which byte it hangs up.
 *
 * @module
 */
import { type BodyDecoder, decoderFor } from "./http_body.ts";

/** What is asked for, and how. */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How much one read takes. Every stream has a buffer of its own: what is read stands there until the next read. */
  readonly bufferBytes?: number;
}

/** An answer whose body is read only when asked for. Not reading it stalls it. */
export interface RawStream extends Disposable {
  readonly status: number;
  readonly headers: Headers;
  /** Bytes of the body handed out. */
  readonly bodyBytes: number;
  /** True once the body has ended as it should, and not by a cut. */
  readonly isWhole: boolean;
  /**
   * The next bytes of the body, at most `limit`, or null after the last.
   * They stand in a buffer that the next read overwrites.
   */
  read(limit?: number): Promise<Uint8Array | null>;
  /** Lets go of the socket at once, whatever is on its way. */
  hangUp(): void;
}

/** A socket that has asked and has not read. */
export interface Asked extends Disposable {
  /** Reads the head of the answer. */
  answer(): Promise<RawStream>;
  hangUp(): void;
}

const ascii = new TextEncoder();
const latin1 = new TextDecoder("latin1");
const MAX_HEAD_BYTES = 16_384;

/** Sends a GET, or another request without a body, and reads nothing: as it is, a client stalled from the start. */
export async function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, bufferBytes = 65_536 }: RequestOptions = {},
): Promise<Asked> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const request = ascii.encode(`${lines.join("\r\n")}\r\n\r\n`);
  let isOpen = true;

  function hangUp(): void {
    if (!isOpen) return;
    isOpen = false;
    socket.close();
  }

  try {
    for (let at = 0; at < request.length;) at += await socket.write(request.subarray(at));
  } catch (error) {
    hangUp();
    throw error;
  }

  async function answer(): Promise<RawStream> {
    try {
      const { status, headers, rest } = await readHead(socket);
      const decoder = decoderFor(method, status, headers);
      return createRawStream({ socket, status, headers, rest, decoder, hangUp, bufferBytes });
    } catch (error) {
      hangUp();
      throw error;
    }
  }

  return { answer, hangUp, [Symbol.dispose]: hangUp };
}

/** Sends a GET, or another request without a body, and reads the head of the answer. */
export async function openRaw(
  port: number,
  path: string,
  options?: RequestOptions,
): Promise<RawStream> {
  return await (await ask(port, path, options)).answer();
}

interface Head {
  readonly status: number;
  readonly headers: Headers;
  /** What came with the head and belongs to the body. */
  readonly rest: Uint8Array;
}

async function readHead(socket: Deno.Conn): Promise<Head> {
  const buffer = new Uint8Array(MAX_HEAD_BYTES);
  for (let length = 0; length < buffer.length;) {
    const count = await socket.read(buffer.subarray(length));
    if (count === null) throw new Error("Cannot read answer: the connection ended before its head");
    length += count;
    const text = latin1.decode(buffer.subarray(0, length));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
    const headers = new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    return {
      status: Number(statusLine.split(" ")[1]),
      headers,
      rest: buffer.slice(end + 4, length),
    };
  }
  throw new Error(`Cannot read answer: its head is above ${MAX_HEAD_BYTES} bytes`);
}

interface Parts extends Head {
  readonly socket: Deno.Conn;
  readonly decoder: BodyDecoder;
  readonly hangUp: () => void;
  readonly bufferBytes: number;
}

function createRawStream(
  { socket, status, headers, rest, decoder, hangUp, bufferBytes }: Parts,
): RawStream {
  const buffer = new Uint8Array(bufferBytes);
  const pieces: Uint8Array[] = [];
  let bodyBytes = 0;
  let isEnded = false;

  function take(piece: Uint8Array): void {
    pieces.push(piece);
  }

  async function fill(): Promise<void> {
    try {
      const count = await socket.read(buffer);
      if (count === null) isEnded = true;
      else decoder.feed(buffer.subarray(0, count), take);
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      isEnded = true; // The peer reset the connection, or we hung up.
    }
  }

  decoder.feed(rest, take);
  return {
    status,
    headers,
    get bodyBytes() {
      return bodyBytes;
    },
    get isWhole() {
      return decoder.isWhole;
    },
    async read(limit = Infinity) {
      while (pieces.length === 0 && !decoder.isWhole && !isEnded) await fill();
      const piece = pieces.shift();
      if (piece === undefined) return null;
      if (piece.length > limit) pieces.unshift(piece.subarray(limit));
      const part = piece.length > limit ? piece.subarray(0, limit) : piece;
      bodyBytes += part.length;
      return part;
    },
    hangUp,
    [Symbol.dispose]: hangUp,
  };
}
