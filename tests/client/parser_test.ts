import { assertEquals } from "@std/assert";
import { createParser as createOracle } from "eventsource-parser";
import fc from "fast-check";
import { createParser } from "../../lib/client/client/parser.js";
import type { ReceivedFrame } from "../../lib/client/client/types.js";

/** Parses a text that arrives in pieces. */
function parsePieces(pieces: readonly string[]): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  const parser = createParser((frame) => void frames.push(frame));
  for (const piece of pieces) parser.feed(piece);
  return frames;
}

/** Parses a text with an independent parser. */
function parseByOracle(text: string) {
  const frames: Omit<ReceivedFrame, "retry">[] = [];
  const parser = createOracle({
    onEvent: ({ event = "message", data, id }) => void frames.push({ type: event, data, id }),
  });
  parser.feed(text);
  return frames;
}

function frame(data: string, fields: Partial<ReceivedFrame> = {}): ReceivedFrame {
  return { type: "message", data, id: undefined, retry: undefined, ...fields };
}

/** A valid or invalid line. */
const line = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  fc.constantFrom("data: x", "data:", "data", "data:  two", "data: a:b", ": comment", ":", "odd"),
  fc.constantFrom(
    "id: 1-0",
    "id",
    "id:",
    "id: a\0b",
    "event: quote",
    "event",
    "event:",
    "event: ü€",
  ),
  fc.constantFrom("retry: 100", "retry: soon", "retry", " data: x", "\uFEFFdata: x", "Data: x"),
  fc.string({ unit: "grapheme" }).map((text) => `data: ${text.replace(/[\r\n]/g, "")}`),
);
const stream = fc.tuple(
  fc.constantFrom("", "\uFEFF"),
  fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")), { maxLength: 30 }),
).map(([bom, lines]) => bom + lines.flat().join(""));

Deno.test("createParser() parses the same frames as an independent parser", () => {
  fc.assert(fc.property(stream, (text) => {
    // The oracle keeps a CR at the end for the LF that may follow.
    const endedText = `${text}: end\n`;
    const frames = parsePieces([endedText]).map(({ type, data, id }) => ({ type, data, id }));
    assertEquals(frames, parseByOracle(endedText));
  }));
});

/** Cuts the bytes of a text into pieces of these sizes, in rotation. */
function cut(text: string, sizes: readonly number[]): string[] {
  const bytes = new TextEncoder().encode(text);
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  const pieces: string[] = [];
  for (let start = 0, round = 0; start < bytes.length; round++) {
    const size = sizes[round % sizes.length] ?? 1;
    pieces.push(utf8.decode(bytes.subarray(start, start + size), { stream: true }));
    start += size;
  }
  return pieces;
}

Deno.test("createParser() parses the same frames wherever the bytes are cut", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(stream, sizes, (text, sizes) => {
    assertEquals(parsePieces(cut(text, sizes)), parsePieces([text]));
    assertEquals(parsePieces(cut(text, [1])), parsePieces([text]));
  }));
});

Deno.test("createParser() gives an id only to the frame that has it", () => {
  assertEquals(parsePieces(["id: 5-0\ndata: a\n\ndata: b\n\nid:\ndata: c\n\n"]), [
    frame("a", { id: "5-0" }),
    frame("b"),
    frame("c", { id: "" }),
  ]);
});

Deno.test("createParser() ignores an id with a NUL", () => {
  assertEquals(parsePieces(["id: a\0b\ndata: a\n\n"]), [frame("a")]);
});

Deno.test("createParser() delivers `retry` with its own frame or the next", () => {
  assertEquals(
    parsePieces(["retry: 100\nevent: sync\ndata: a\n\nretry: 7\n\ndata: b\n\ndata: c\n\n"]),
    [
      frame("a", { type: "sync", retry: 100 }),
      frame("b", { retry: 7 }),
      frame("c"),
    ],
  );
});

Deno.test("createParser() delivers a frame at its last CR, without waiting for an LF", () => {
  assertEquals(parsePieces(["data: a\r\r"]), [frame("a")]);
  assertEquals(parsePieces(["data: a\r\n\r", "\ndata: b\n\n"]), [frame("a"), frame("b")]);
});

Deno.test("createParser() does not deliver an incomplete frame", () => {
  assertEquals(parsePieces(["data: a\n\ndata: b\n"]), [frame("a")]);
});
