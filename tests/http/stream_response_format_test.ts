/** The format that a request asks for (S0-14). */
import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { acceptedFormat } from "../../lib/http/stream_response.ts";

const CASES: readonly (readonly [accept: string | undefined, format: string])[] = [
  ["text/event-stream", "stream"],
  ["Text/Event-Stream; charset=utf-8", "stream"],
  ["text/event-stream, */*;q=0.1", "stream"],
  ["application/json, text/event-stream", "stream"],
  ["application/json;q=0.9, text/event-stream", "stream"],
  ["application/json", "json"],
  ["application/json, text/plain, */*", "json"],
  ["application/json;q=0.1", "json"],
  ["text/event-stream;q=0.5, application/json", "json"],
  ["text/event-stream;q=0.5, application/*", "json"],
  ["text/event-stream;q=0.5, */*", "json"],
  ["text/event-stream;q=0", "json"],
  [undefined, "unsaid"],
  ["", "unsaid"],
  ["*/*", "unsaid"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "unsaid"],
  ["text/event-streams, application/jsonp", "unsaid"],
  [`text/plain;x="text/event-stream, application/json"`, "unsaid"],
];

for (const [accept, format] of CASES) {
  Deno.test(`acceptedFormat() of ${accept ?? "nothing"} is ${format} (S0-14)`, () => {
    assertEquals<string>(acceptedFormat(accept), format);
  });
}

Deno.test("acceptedFormat() accepts any text, whatever the order of its ranges", () => {
  const range = fc.tuple(
    fc.constantFrom("text/event-stream", "application/json", "application/*", "*/*", "text/html"),
    fc.integer({ min: 0, max: 10 }),
  ).map(([type, tenths]) => `${type};q=${tenths / 10}`);
  fc.assert(fc.property(fc.array(range), (ranges) => {
    assertEquals(acceptedFormat(ranges.join(", ")), acceptedFormat(ranges.toReversed().join(",")));
  }));
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => void acceptedFormat(text)));
});
