/**
 * Redis's protocol, wherever the wire is cut.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { createReplyParser, encodeCommands, isFailure, isStatus, type RawReply } from "./resp.ts";

const utf8 = new TextEncoder();

/** The wire's own words, written down a second time and byte by byte. */
function wireOf(reply: RawReply): number[] {
  const line = (text: string) => [...utf8.encode(`${text}\r\n`)];
  if (reply === null) return line("$-1");
  if (typeof reply === "number") return line(`:${reply}`);
  if (reply instanceof Uint8Array) return [...line(`$${reply.length}`), ...reply, ...line("")];
  if (isStatus(reply)) return line(`+${reply.status}`);
  if (isFailure(reply)) return line(`-${reply.failure}`);
  return [...line(`*${reply.length}`), ...reply.flatMap(wireOf)];
}

const words = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, ""));

/** Replies of every kind, lists within lists among them. */
const { reply: replies } = fc.letrec<{ reply: RawReply; list: RawReply[] }>((tie) => ({
  list: fc.array(tie("reply"), { maxLength: 5 }),
  reply: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 40 }),
    words.map((status) => ({ status })),
    words.map((failure) => ({ failure })),
    tie("list"),
  ),
}));

function read(wire: Uint8Array, sizes: readonly number[]): RawReply[] {
  const parser = createReplyParser();
  const taken: RawReply[] = [];
  let at = 0;
  for (const size of [...sizes, wire.length]) {
    parser.feed(wire.subarray(at, at += size), (reply) => taken.push(reply));
  }
  return taken;
}

Deno.test("createReplyParser() gives replies back, wherever the wire is cut", () => {
  fc.assert(
    fc.property(fc.array(replies, { maxLength: 8 }), fc.array(fc.nat(20)), (expected, sizes) => {
      const wire = Uint8Array.from(expected.flatMap(wireOf));
      assertEquals(read(wire, sizes), expected);
      assertEquals(read(wire, Array<number>(wire.length).fill(1)), expected);
    }),
  );
});

Deno.test("createReplyParser() keeps a reply that is longer than its buffer", () => {
  const long = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  const wire = Uint8Array.from([...wireOf(long), ...wireOf(1)]);
  assertEquals(read(wire, Array<number>(9).fill(12_345)), [long, 1]);
});

for (const wire of ["HTTP/1.1 200 OK\r\n", "$x\r\n", ":\r\n", "%1\r\n"]) {
  Deno.test(`createReplyParser() refuses ${JSON.stringify(wire)}`, () => {
    assertThrows(() => read(utf8.encode(wire), []), SyntaxError, "Cannot read reply");
  });
}

Deno.test("encodeCommands() writes lists of strings, text and bytes alike", () => {
  const command = ["SET", "ž", Uint8Array.of(0, 13, 10, 255)];
  const expected = command.map((each) => typeof each === "string" ? utf8.encode(each) : each);
  assertEquals(read(encodeCommands([command, ["PING"]]), [3]), [expected, [utf8.encode("PING")]]);
});
