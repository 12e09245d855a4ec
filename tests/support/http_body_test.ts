import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { createDechunker } from "./http_body.ts";

const utf8 = new TextEncoder();

/** Cuts bytes into pieces of the given sizes, and one with the rest. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  let at = 0;
  return [...sizes, bytes.length].map((size) => bytes.subarray(at, at += size));
}

Deno.test("createDechunker() gives the body back, wherever the wire is cut", () => {
  const chunks = fc.array(fc.string({ minLength: 1, maxLength: 40, unit: "binary-ascii" }));
  fc.assert(
    fc.property(chunks, fc.array(fc.nat(20)), fc.boolean(), (texts, sizes, isLast) => {
      const wire = texts.map((text) => `${text.length.toString(16)};x=1\r\n${text}\r\n`).join("");
      const dechunker = createDechunker();
      let body = "";
      for (const piece of cut(utf8.encode(wire + (isLast ? "0\r\n\r\n" : "")), sizes)) {
        dechunker.feed(piece, (bytes) => body += new TextDecoder().decode(bytes));
      }
      assertEquals([body, dechunker.isWhole], [texts.join(""), isLast]);
    }),
  );
});

Deno.test("createDechunker() refuses bytes that are no chunk", () => {
  assertThrows(() => createDechunker().feed(utf8.encode("event: x\r\n"), () => {}), SyntaxError);
});
