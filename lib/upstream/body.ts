/**
 * Bodies of untrusted responses.
 *
 * @module
 */
import { UpstreamFailure } from "./failure.ts";

/** The options of a read. */
export interface BodyOptions {
  /** The upstream's name, for messages. */
  readonly title: string;
  /** The largest body, in bytes after decompression. */
  readonly maxBytes: number;
  /** The charset, whatever the response says. */
  readonly charset?: string | undefined;
}

/** Cancels a body that is not read. It does not wait for the cancellation, which might never settle. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/**
 * Reads a body to its end. Bytes are counted after decompression, so `content-length` does not tell the size.
 *
 * @throws {UpstreamFailure} `too_large` beyond `maxBytes`.
 * @throws The error of a broken stream. An abort of `signal` does not throw: it ends the body early.
 */
export async function readText(
  response: Response,
  signal: AbortSignal,
  options: BodyOptions,
): Promise<string> {
  const chunks = response.body ? await readChunks(response.body, signal, options) : [];
  // This line keeps the response in scope, because an abort may not reach the body of a collected response.
  const bytes = concat(chunks);
  if (options.charset !== undefined) return new TextDecoder(options.charset).decode(bytes);
  return decode(bytes, response.headers.get("content-type") ?? "");
}

async function readChunks(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
  { title, maxBytes }: BodyOptions,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
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
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** The longest beginning of a document that is searched for an XML declaration, in bytes. */
const MAX_DECLARATION_BYTES = 200;

/** Decodes by the charset of the header, else of the XML declaration (RFC 7303, 3.2), else as UTF-8. */
function decode(bytes: Uint8Array, contentType: string): string {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_DECLARATION_BYTES));
  const label = /charset\s*=\s*"?([\w-]+)/i.exec(contentType)?.[1] ??
    /^<\?xml[^>]*?encoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1];
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // The label is unknown.
  }
}
