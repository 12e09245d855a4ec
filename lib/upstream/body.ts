/**
 * Reading an answer's body without trusting it.
 *
 * @module
 */
import { UpstreamFailure } from "./failure.ts";

/** How a body is read. */
export interface BodyOptions {
  /** The upstream's name, for people. */
  readonly title: string;
  readonly maxBytes: number;
}

/** Lets go of a body nobody will read. Waits for nothing, since the other side might never settle it. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/**
 * Reads a body to its end. Bytes are counted as they come out of decompression: `content-length` says nothing about
 * those.
 *
 * @throws {UpstreamFailure} `too_large` beyond `maxBytes`.
 * @throws Whatever the stream breaks with. An abort ends the read early: whoever aborts no longer wants the text.
 */
export async function readText(
  response: Response,
  signal: AbortSignal,
  options: BodyOptions,
): Promise<string> {
  const chunks = response.body ? await readChunks(response.body, signal, options) : [];
  // The response is used again down here, which keeps it in scope: once it is collected, an abort may not reach its body.
  return decode(joined(chunks), response.headers.get("content-type") ?? "");
}

async function readChunks(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
  { title, maxBytes }: BodyOptions,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const reader = body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return chunks;
      size += value.byteLength;
      if (size > maxBytes) {
        throw new UpstreamFailure(
          "too_large",
          `${title} answered with more than ${maxBytes} bytes`,
        );
      }
      chunks.push(value);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Decodes by the charset of the header, else of the XML declaration (RFC 7303, 3.2), else as UTF-8. */
function decode(bytes: Uint8Array, contentType: string): string {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const label = /charset\s*=\s*"?([\w-]+)/i.exec(contentType)?.[1] ??
    /^<\?xml[^>]*?encoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1];
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // a label nobody knows
  }
}
