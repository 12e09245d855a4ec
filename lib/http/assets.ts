/**
 * Texts that are sent often, packed once.
 *
 * @module
 */
import { brotliCompress, gzip } from "node:zlib";
import type { Context } from "hono";
import type { AppEnv } from "./client_address.ts";
import { etagMatches, etagOf } from "./etag.ts";

/** A text in every form that browsers take. */
export interface Packed {
  readonly text: string;
  readonly etag: string;
  readonly encodings: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

type Pack = typeof brotliCompress | typeof gzip;

function packedBy(pack: Pack, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) =>
    pack(text, (error, bytes) => error ? reject(error) : resolve(new Uint8Array(bytes)))
  );
}

/** Packs a text, which takes a while: brotli at its best. */
export async function pack(text: string): Promise<Packed> {
  const [br, gz] = await Promise.all([packedBy(brotliCompress, text), packedBy(gzip, text)]);
  return { text, etag: etagOf(text), encodings: new Map([["br", br], ["gzip", gz]]) };
}

/**
 * Memoises packed texts: each is read and packed on its first request. A failed read is repeated on the next request.
 *
 * @param read Reads the text of a key.
 */
export function memoizePacked<Key>(
  read: (key: Key) => Promise<string>,
): (key: Key) => Promise<Packed> {
  const packed = new Map<Key, Promise<Packed>>();
  return (key) => {
    const known = packed.get(key);
    if (known) return known;
    const next = read(key).then(pack);
    packed.set(key, next);
    next.catch(() => packed.delete(key));
    return next;
  };
}

/** Answers with a text in the smallest form that the client takes, and 304 where it has the text. */
export function sendPacked(c: Context<AppEnv>, { text, etag, encodings }: Packed): Response {
  c.header("etag", etag);
  c.header("vary", "accept-encoding", { append: true });
  if (etagMatches(c.req.header("if-none-match"), etag)) return c.body(null, 304);
  const taken = (c.req.header("accept-encoding") ?? "").split(",").map((each) => each.trim());
  const encoding = [...encodings.keys()].find((each) => taken.includes(each));
  const bytes = encoding && encodings.get(encoding);
  if (!bytes) return c.body(text);
  c.header("content-encoding", encoding);
  return c.body(bytes);
}
