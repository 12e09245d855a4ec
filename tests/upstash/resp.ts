/**
 * RESP2, the protocol of Redis, as bytes: https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @module
 */

/** A command on the wire, its name first. */
export type RawCommand = readonly (string | Uint8Array)[];

/** A status, which is not a value: `OK`, `QUEUED`, `PONG`. */
export interface Status {
  readonly status: string;
}

/** An error, beginning with its code: `WRONGTYPE Operation against a key …`. */
export interface Failure {
  readonly failure: string;
}

/** A reply on the wire. Strings are bytes, because they need not be text. */
export type RawReply = null | number | Uint8Array | Status | Failure | readonly RawReply[];

/** Parses replies. */
export interface ReplyParser {
  /**
   * Emits every reply that `chunk` completes. Chunks may end anywhere.
   *
   * @throws {SyntaxError} If this is not RESP2.
   */
  feed(chunk: Uint8Array, take: (reply: RawReply) => void): void;
}

/** Waits for more bytes at every `yield`. */
type Reading<T> = Generator<undefined, T, undefined>;

const CR = 13;
const FIRST_BUFFER_BYTES = 16_384;
const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Returns true if a reply is an error. */
export function isFailure(reply: RawReply): reply is Failure {
  return typeof reply === "object" && reply !== null && "failure" in reply;
}

/** Returns true if a reply is a status. */
export function isStatus(reply: RawReply): reply is Status {
  return typeof reply === "object" && reply !== null && "status" in reply;
}

/** Encodes commands, one after the other. */
export function encodeCommands(commands: readonly RawCommand[]): Uint8Array {
  const parts = commands.flatMap((command) => [
    utf8.encode(`*${command.length}\r\n`),
    ...command.flatMap((argument) => {
      const bytes = typeof argument === "string" ? utf8.encode(argument) : argument;
      return [utf8.encode(`$${bytes.length}\r\n`), bytes, utf8.encode("\r\n")];
    }),
  ]);
  const encoded = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}

/** Creates a parser for one connection. */
export function createReplyParser(): ReplyParser {
  let buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  let at = 0;
  let end = 0;
  let reading = reply();

  function append(chunk: Uint8Array): void {
    if (end + chunk.length > buffer.length) {
      const unread = buffer.subarray(at, end);
      buffer = new Uint8Array(2 * (unread.length + chunk.length));
      buffer.set(unread);
      end = unread.length;
      at = 0;
    }
    buffer.set(chunk, end);
    end += chunk.length;
  }

  function* line(): Reading<string> {
    for (;;) {
      const length = buffer.subarray(at, end).indexOf(CR);
      if (length >= 0 && at + length + 1 < end) {
        const read = text.decode(buffer.subarray(at, at + length));
        at += length + 2;
        return read;
      }
      yield;
    }
  }

  function* bytes(length: number): Reading<Uint8Array> {
    while (end - at < length + 2) yield;
    const read = buffer.slice(at, at + length);
    at += length + 2;
    return read;
  }

  function* list(length: number): Reading<RawReply[]> {
    const members: RawReply[] = [];
    while (members.length < length) members.push(yield* reply());
    return members;
  }

  function* reply(): Reading<RawReply> {
    const head = yield* line();
    const rest = head.slice(1);
    if (head.startsWith("+")) return { status: rest };
    if (head.startsWith("-")) return { failure: rest };
    if (!/^[:$*]-?\d{1,19}$/.test(head)) {
      throw new SyntaxError(`Cannot read reply: it begins ${JSON.stringify(head.slice(0, 40))}`);
    }
    const number = Number(rest);
    if (head.startsWith(":")) return number;
    if (number < 0) return null;
    return head.startsWith("$") ? yield* bytes(number) : yield* list(number);
  }

  return {
    feed(chunk, take) {
      append(chunk);
      for (let step = reading.next(); step.done; step = reading.next()) {
        reading = reply();
        take(step.value);
      }
    },
  };
}
