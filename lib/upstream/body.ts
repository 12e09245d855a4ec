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
  const bytes = await unzip(concat(chunks), signal, options);
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

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Unzips a body that is compressed although no header says so. @throws {UpstreamFailure} `too_large`. */
async function unzip(
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  options: BodyOptions,
): Promise<Uint8Array> {
  const [first, second] = bytes;
  if (first !== 0x1f || second !== 0x8b) return bytes;
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return concat(await readChunks(unzipped, signal, options));
}

/** The longest beginning of a document that is searched for an XML declaration, in bytes. */
const MAX_DECLARATION_BYTES = 200;

/** The beginnings of documents that state their charset: a byte order mark, or an XML tag in UTF-16. */
const BEGINNINGS: readonly (readonly [label: string, bytes: readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
  ["utf-16le", [0x3c, 0x00]],
  ["utf-16be", [0x00, 0x3c]],
];

/** The byte that begins each change of alphabet in ISO-2022-JP, whose bytes are valid UTF-8. */
const ESCAPE = 0x1b;

const REPLACEMENT = "\ufffd";

/** Decodes bytes. @returns Null if the label is unknown, or the bytes are invalid and `isFatal` is set. */
function decodeAs(label: string, bytes: Uint8Array, isFatal: boolean): string | null {
  try {
    return new TextDecoder(label, { fatal: isFatal }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Decodes a body. A byte order mark decides (RFC 7303, 3.3). Else bytes that are valid UTF-8 are UTF-8, whatever the header
 * and the XML declaration say, because servers send defaults. Else the header decides, unless its charset does not fit the
 * bytes and that of the declaration does.
 */
function decode(bytes: Uint8Array, contentType: string): string {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_DECLARATION_BYTES));
  const header = /charset\s*=\s*["']?([\w-]+)/i.exec(contentType)?.[1];
  const declared = /^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1];
  const labels = [header, declared].filter((label) => label !== undefined);
  const beginning = BEGINNINGS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  if (beginning !== undefined) return decodeAs(beginning[0], bytes, false) ?? "";
  const isEscaped = bytes.includes(ESCAPE) && labels.some((label) => /^iso-2022/i.test(label));
  const utf8 = isEscaped ? null : decodeAs("utf-8", bytes, true);
  if (utf8 !== null) return utf8;
  const texts = labels.map((label) => decodeAs(label, bytes, false)).filter((text) =>
    text !== null
  );
  return texts.find((text) => !text.includes(REPLACEMENT)) ?? texts[0] ??
    new TextDecoder().decode(bytes);
}
