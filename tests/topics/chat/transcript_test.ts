import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import type { ChatPart } from "../../../lib/topics/chat/part.ts";
import { mergeParts, Transcript } from "../../../lib/topics/chat/transcript.ts";
import { propertyRuns } from "../../support/property_runs.ts";

const PART: fc.Arbitrary<ChatPart> = fc.oneof(
  fc.record({ kind: fc.constant("text" as const), text: fc.string({ maxLength: 5 }) }),
  fc.record({ kind: fc.constant("reasoning" as const), text: fc.string({ maxLength: 5 }) }),
  fc.record({
    kind: fc.constant("tool" as const),
    id: fc.constantFrom("a", "b"),
    name: fc.constant("look_up"),
    text: fc.string({ maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant("component" as const),
    id: fc.constant("c"),
    operation: fc.constantFrom("create" as const, "update" as const),
    component: fc.constant({ type: "badge" }),
  }),
).map((part) => ({ ...part }));

const PARTS = fc.array(PART, { maxLength: 12 });

/** Cuts each part with a text into parts of one character: the same answer, as another upstream would send it. */
function cut(parts: readonly ChatPart[]): ChatPart[] {
  return parts.flatMap((part): ChatPart[] =>
    part.kind === "component" || part.text === ""
      ? [part]
      : part.text.split("").map((text) => ({ ...part, text }))
  );
}

function transcriptOf(parts: readonly ChatPart[]): Transcript {
  const transcript = new Transcript();
  transcript.add(parts);
  return transcript;
}

Deno.test("Transcript has the same parts and length however the answer was cut", () => {
  fc.assert(
    fc.property(PARTS, (parts) => {
      const [whole, pieces] = [transcriptOf(parts), transcriptOf(cut(parts))];
      assertEquals(pieces.parts, whole.parts);
      assertEquals(pieces.length, whole.length);
      assertEquals(mergeParts(parts), whole.parts);
    }),
    { numRuns: propertyRuns(200) },
  );
});

Deno.test("split() loses and repeats nothing at any offset", () => {
  fc.assert(
    fc.property(PARTS, fc.nat(40), (parts, offset) => {
      const transcript = transcriptOf(parts);
      const { before, after } = transcript.split(offset);
      assertEquals(mergeParts([...before, ...after]), transcript.parts);
      assertEquals(transcriptOf(before).length, Math.min(offset, transcript.length));
    }),
    { numRuns: propertyRuns(200) },
  );
});

Deno.test("split() divides the text of a part", () => {
  const transcript = transcriptOf([
    { kind: "reasoning", text: "so" },
    { kind: "text", text: "Gold " },
    { kind: "text", text: "rose" },
  ]);
  assertEquals(transcript.split("so".length + "Gold".length), {
    before: [{ kind: "reasoning", text: "so" }, { kind: "text", text: "Gold" }],
    after: [{ kind: "text", text: " rose" }],
  });
});
