/**
 * The encoder against the web-platform-tests' cases and a parser that passes them: every input comes out of it unchanged, and nothing else.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertThrows,
  unreachable,
} from "@std/assert";
import fc from "fast-check";
import type { LogMessage, StreamEvent } from "../../lib/core/event.ts";
import {
  encodeEvent,
  encodeFrame,
  encodeFrames,
  EVENT_STREAM_HEADERS,
  type Frame,
  SseEncoderStream,
} from "../../lib/wire/sse.ts";
import { readStream } from "./oracle.ts";
import { VECTORS } from "./vectors.ts";

/** Texts with many of the format's own tokens, and difficult UTF-8. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\r",
      "\n",
      "\r\n",
      "\0",
      ":",
      " ",
      "\uFEFF",
      "\uD800",
      "\uDC00",
      "\u2028",
      "é",
      "😀",
    ),
    fc.constantFrom("data: x", "id: 9", "event: bye", "retry: 1", "\n\n"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
  ),
  maxLength: 12,
});
const oneLine = hostile.map((text) => text.replace(/[\r\n\0]/g, ""));
const retry = fc.maxSafeNat();
const frame: fc.Arbitrary<Frame> = fc.record(
  { id: oneLine, event: oneLine, data: hostile, retry },
  {
    requiredKeys: ["data"],
  },
);

/** Returns the text that can arrive: line ends become LF, and lone surrogates U+FFFD. */
function asReceived(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n");
}

/** Returns the events that a browser must parse from whole frames. */
function expected(frames: readonly Frame[]) {
  let lastEventId = "";
  const events = frames.flatMap(({ id, event, data }) => {
    lastEventId = asReceived(id ?? lastEventId);
    if (data === undefined) return [];
    return [{ type: asReceived(event || "message"), data: asReceived(data), lastEventId }];
  });
  return {
    events,
    lastEventId,
    retry: frames.findLast(({ retry }) => retry !== undefined)?.retry ?? null,
  };
}

/** Cuts bytes at any offsets, also within a character. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const offsets = [0, ...at.map((offset) => offset % (bytes.length + 1)).toSorted((a, b) => a - b)];
  return offsets.map((from, i) => bytes.subarray(from, offsets[i + 1]));
}

function eventOf(data: unknown, id = "1700-1"): StreamEvent {
  return {
    id,
    type: "quote",
    json: JSON.stringify(data),
    topic: "quotes",
    key: "",
    tags: [],
    prevId: null,
  };
}

for (const { name, wire, events, retry = null, lastEventId } of VECTORS) {
  Deno.test(`the oracle parses ${name} as browsers do, at any chunk boundary`, () => {
    const bytes = new TextEncoder().encode(wire);
    const reading = { events, lastEventId: lastEventId ?? events.at(-1)?.lastEventId ?? "", retry };
    assertEquals(readStream([bytes]), reading);
    assertEquals(readStream(cut(bytes, [...bytes.keys()])), reading);
  });
}

Deno.test("encodeFrames() round-trips through the parser, split at any byte", () => {
  fc.assert(fc.property(
    fc.array(frame, { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(), { maxLength: 8 }),
    (frames, at) => assertEquals(readStream(cut(encodeFrames(...frames), at)), expected(frames)),
  ));
});

Deno.test("encodeFrame() prevents injected fields: it refuses the frame, or one event is parsed", () => {
  fc.assert(fc.property(
    fc.record({ id: hostile, event: hostile, data: hostile, retry: fc.oneof(retry, fc.double()) }),
    (candidate) => {
      const isFit = !/[\r\n\0]/.test(candidate.id + candidate.event) &&
        Number.isSafeInteger(candidate.retry) && candidate.retry >= 0;
      let bytes: Uint8Array;
      try {
        bytes = encodeFrames(candidate);
      } catch (thrown) {
        assert(thrown instanceof SyntaxError || thrown instanceof RangeError);
        return assertFalse(isFit);
      }
      assert(isFit);
      // A number has no minus zero on the wire.
      assertEquals(readStream([bytes]), expected([{ ...candidate, retry: candidate.retry + 0 }]));
    },
  ));
});

for (const field of ["id", "event"] as const) {
  for (const bad of ["\r", "\n", "\r\n", "\0"]) {
    Deno.test(`encodeFrame() refuses ${JSON.stringify(bad)} in ${field}`, () => {
      const error = assertThrows(
        () => encodeFrame({ [field]: `a${bad}data: forged`, data: "x" }),
        SyntaxError,
        field,
      );
      assertFalse(error.message.includes("forged"));
    });
  }
}

for (const bad of [-1, 1.5, NaN, Infinity, 1e21]) {
  Deno.test(`encodeFrame() refuses a retry of ${bad}, which browsers ignore`, () => {
    assertThrows(() => encodeFrame({ retry: bad }), RangeError, "retry");
  });
}

Deno.test("encodeFrame() writes its fields in order, a space after every colon, and a blank line", () => {
  assertEquals(
    encodeFrame({ data: "a\r\n b\rc\nd", event: "quote", id: "1-1", retry: 3000 }),
    "retry: 3000\nid: 1-1\nevent: quote\ndata: a\ndata:  b\ndata: c\ndata: d\n\n",
  );
  assertEquals(encodeFrame({ retry: 0 }), "retry: 0\n\n");
});

Deno.test("encodeFrame() writes empty data as one empty line, and omits an empty event", () => {
  assertEquals(encodeFrame({ event: "", data: "" }), "data: \n\n");
});

Deno.test("encodeFrame() without data moves the cursor and dispatches nothing", () => {
  assertEquals(readStream([encodeFrames({ id: "1-2", event: "quote", retry: 5 })]), {
    events: [],
    lastEventId: "1-2",
    retry: 5,
  });
});

Deno.test("a frame of encodeFrames() that is cut is not dispatched, and the last id stays", () => {
  fc.assert(fc.property(frame, frame, fc.nat(), (whole, last, at) => {
    const before = encodeFrames(whole);
    const bytes = encodeFrames(whole, last);
    const within = before.length + at % (bytes.length - before.length);
    const { events, lastEventId } = readStream([bytes.subarray(0, within)]);
    const { retry: _, ...dispatched } = expected([whole]);
    assertEquals({ events, lastEventId }, dispatched);
  }));
});

Deno.test("encodeEvent() keeps the event and adds bytes that carry its id, type and JSON", () => {
  fc.assert(fc.property(fc.jsonValue(), (data) => {
    const event = eventOf(data);
    const { bytes, ...fields } = encodeEvent(event);
    assertEquals(fields, event);
    assertEquals(readStream([bytes]), {
      events: [{ type: "quote", data: asReceived(event.json), lastEventId: event.id }],
      lastEventId: event.id,
      retry: null,
    });
  }));
});

function published(...events: StreamEvent[]): LogMessage {
  return { kind: "published", events, retracted: ["1699-1"] };
}

Deno.test("SseEncoderStream keeps publications together and in order, and passes other messages through", async () => {
  const joined: LogMessage = { kind: "joined", epoch: "1-0", head: "2-0" };
  const batches = [[eventOf(1, "1700-1"), eventOf(2, "1700-2")], [eventOf(3, "1700-3")]];
  const encoded = await Array.fromAsync(
    ReadableStream.from([joined, ...batches.map((batch) => published(...batch))])
      .pipeThrough(new SseEncoderStream(() => unreachable())),
  );
  assertEquals(encoded, [
    joined,
    ...batches.map((batch) => ({ ...published(), events: batch.map(encodeEvent) })),
  ]);
});

Deno.test("SseEncoderStream skips an event that cannot be encoded, reports it, and continues", async () => {
  const faults: unknown[] = [];
  const bad = { ...eventOf(1, "1700-1"), type: "a\nb" };
  const encoded = await Array.fromAsync(
    ReadableStream.from([published(bad, eventOf(2, "1700-2")), published(eventOf(3, "1700-3"))])
      .pipeThrough(new SseEncoderStream((thrown, event) => faults.push(thrown, event))),
  );
  assertEquals(
    encoded,
    [2, 3].map((n) => ({
      ...published(),
      events: [encodeEvent(eventOf(n, `1700-${n}`))],
    })),
  );
  assertInstanceOf(faults[0], SyntaxError);
  assertEquals(faults.slice(1), [bad]);
});

Deno.test("EVENT_STREAM_HEADERS contains no header that HTTP/2 forbids, and is frozen", () => {
  const names = [...new Headers(EVENT_STREAM_HEADERS).keys()];
  assertEquals(names, ["cache-control", "content-type", "x-accel-buffering"]);
  assert(Object.isFrozen(EVENT_STREAM_HEADERS));
});
