/**
 * Replies of Redis in the JSON of the service.
 *
 * @module
 */
import { isFailure, isStatus, type RawReply } from "./resp.ts";

/** A reply whose strings are text. */
export type Reply = null | number | string | readonly Reply[];

/** The answer to one command. */
export type Answer = { readonly result: Reply } | { readonly error: string };

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** A reply as text. An error within a list is its message. */
export function plain(reply: RawReply): Reply {
  if (reply === null || typeof reply === "number") return reply;
  if (reply instanceof Uint8Array) return text.decode(reply);
  if (isStatus(reply)) return reply.status;
  if (isFailure(reply)) return reply.failure;
  return reply.map(plain);
}

/** Every string encoded, bytes that are no text among them. */
function encoded(reply: RawReply): Reply {
  if (Array.isArray(reply)) return reply.map(encoded);
  if (reply instanceof Uint8Array) return reply.toBase64();
  const word = plain(reply);
  return typeof word === "string" ? utf8.encode(word).toBase64() : word;
}

/** One command's answer. An encoded answer leaves out the single word OK, as the service does. */
export function answerOf(reply: RawReply, isEncoded: boolean): Answer {
  if (isFailure(reply)) return { error: reply.failure };
  const isOk = isStatus(reply) && reply.status === "OK";
  return { result: isEncoded && !isOk ? encoded(reply) : plain(reply) };
}
