/**
 * Properties of both chat upstreams: the network's cuts change nothing, and no bytes break the server.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Runtime } from "../../../../lib/core/runtime.ts";
import { ChatFailure, type ChatUpstream } from "../../../../lib/topics/chat/upstream.ts";
import type { ChatUpstreamOptions } from "../../../../lib/topics/chat/upstreams/messages.ts";
import { createOpenAiUpstream } from "../../../../lib/topics/chat/upstreams/openai.ts";
import { createVannaUpstream } from "../../../../lib/topics/chat/upstreams/vanna.ts";
import { anyCharacter } from "../../../support/any_character.ts";
import { propertyRuns } from "../../../support/property_runs.ts";
import { createNetwork } from "../../../upstream/support.ts";
import { type Answer, cutBytes, DONE_FRAME, eventStream, readAnswer } from "./support.ts";

type CreateUpstream = (runtime: Runtime, options: ChatUpstreamOptions) => ChatUpstream;

const anyText = fc.string({ unit: anyCharacter, maxLength: 12 });

/** A delta of `chat/completions`: any mixture of text, reasoning and calls of four tools. */
const anyDelta = fc.record({
  content: fc.option(anyText),
  reasoning_content: anyText,
  tool_calls: fc.array(
    fc.record({ index: fc.nat(3), function: fc.record({ arguments: anyText }) }),
    { maxLength: 2 },
  ),
}, { requiredKeys: [] });

const FIRST_CALLS = {
  tool_calls: ["price", "news", "weather", "show_table"].map((name, index) => ({
    index,
    id: `call-${index}`,
    // Arguments that stay an incomplete object, so that the table is dropped at the token limit.
    function: { name, arguments: "{" },
  })),
};

const anyCompletion = fc.array(anyDelta, { maxLength: 8 }).map((deltas) =>
  [
    ...[FIRST_CALLS, ...deltas].map((delta) => ({ choices: [{ index: 0, delta }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: "length" }] },
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } },
  ] as readonly unknown[]
);

const anyRich = fc.record({
  id: fc.constantFrom("a", "b"),
  type: fc.constantFrom("text", "table", "chart", "card"),
  lifecycle: fc.constantFrom("create", "update", "replace", "remove"),
  data: fc.record({ content: anyText, rows: fc.array(fc.dictionary(anyText, fc.jsonValue())) }),
});

const anyVannaStream = fc.array(
  fc.record({ rich: anyRich, simple: fc.constant(null), request_id: anyText }),
  { maxLength: 8 },
).map((chunks): readonly unknown[] => chunks);

const UPSTREAMS: Readonly<
  Record<
    string,
    { readonly create: CreateUpstream; readonly messages: fc.Arbitrary<readonly unknown[]> }
  >
> = {
  openai: { create: createOpenAiUpstream, messages: anyCompletion },
  vanna: { create: createVannaUpstream, messages: anyVannaStream },
};

/** Reads an answer whose bytes arrive in the given pieces. */
function read(
  create: CreateUpstream,
  pieces: readonly (string | Uint8Array<ArrayBuffer>)[],
  contentType?: string,
): Promise<Answer> {
  const { runtime } = createNetwork(() => eventStream(pieces, contentType));
  return readAnswer(create(runtime, { url: "https://model.example", model: "m" }));
}

/** Returns a frame with line ends and comments as any server may send them. */
const anyFraming = fc.record({
  lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
  comment: fc.constantFrom("", ": keep-alive"),
  hasSpace: fc.boolean(),
});

for (const [name, { create, messages }] of Object.entries(UPSTREAMS)) {
  Deno.test(`answer() of ${name} is the same however the network cuts its bytes and the server frames its events`, async () => {
    await fc.assert(
      fc.asyncProperty(
        messages,
        anyFraming,
        fc.array(fc.nat(), { maxLength: 30 }),
        async (values, { lineEnd, comment, hasSpace }, cuts) => {
          const space = hasSpace ? " " : "";
          const framed = values.map((value) => {
            const event = `data:${space}${JSON.stringify(value)}${lineEnd}${lineEnd}`;
            return comment === "" ? event : `${comment}${lineEnd}${lineEnd}${event}`;
          }).join("") + `data:${space}[DONE]${lineEnd}${lineEnd}`;
          const bytes = new TextEncoder().encode(framed);
          const plain = values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("");
          const expected = await read(create, [plain + DONE_FRAME]);
          assertEquals(await read(create, cutBytes(bytes, cuts)), expected);
          const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
          assertEquals(await read(create, single), expected);
        },
      ),
      { numRuns: propertyRuns(40) },
    );
  });

  Deno.test(`answer() of ${name} whose bytes end anywhere has no finish, or its only one`, async () => {
    await fc.assert(
      fc.asyncProperty(messages, fc.nat(), async (values, at) => {
        const frames = values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("");
        const bytes = new TextEncoder().encode(frames + DONE_FRAME);
        const whole = await read(create, [bytes]);
        const cut = await read(create, [bytes.slice(0, at % bytes.length)]);
        if (cut.finish !== null) {
          assertEquals(
            { ...cut.finish, usage: null },
            whole.finish && { ...whole.finish, usage: null },
          );
          assertEquals(cut.parts, whole.parts);
        }
      }),
      { numRuns: propertyRuns(100) },
    );
  });

  Deno.test(`answer() of ${name} throws nothing but ChatFailure, whatever it receives`, async () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)),
      fc.array(fc.oneof(fc.jsonValue().map((value) => JSON.stringify(value)), anyText)).map((all) =>
        new TextEncoder().encode(all.map((each) => `data: ${each}\n\n`).join(""))
      ),
      // Messages that are almost right.
      fc.tuple(messages, fc.jsonValue(), fc.nat(), fc.constantFrom("choices", "rich", "delta"))
        .map(([values, value, at, key]) => {
          const texts = values.map((each) => JSON.stringify(each));
          const broken = texts[at % Math.max(1, texts.length)] ?? "{}";
          const replaced = broken.replace(
            new RegExp(`"${key}":(?=[[{])`),
            () => `"${key}":${JSON.stringify(value)},"x":`,
          );
          return new TextEncoder().encode(
            [...texts, replaced].map((each) => `data: ${each}\n\n`).join(""),
          );
        }),
    );
    const types = fc.constantFrom("text/event-stream", "application/json", "text/html", "");
    await fc.assert(
      fc.asyncProperty(garbage, types, async (bytes, type) => {
        try {
          await read(create, [bytes], type);
        } catch (thrown) {
          if (!(thrown instanceof ChatFailure)) throw thrown;
        }
      }),
      { numRuns: propertyRuns(300) },
    );
  });
}
