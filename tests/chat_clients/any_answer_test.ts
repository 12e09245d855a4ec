import { HttpAgent } from "@ag-ui/client";
import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { systemClock } from "../../lib/core/clock.ts";
import { AGUI } from "../../lib/topics/chat/dialects/agui.ts";
import { AI_SDK } from "../../lib/topics/chat/dialects/ai_sdk.ts";
import type { Dialect } from "../../lib/topics/chat/dialect.ts";
import { DialectStreams } from "../../lib/topics/chat/dialect_stream.ts";
import type { ChatPart, RunEnd } from "../../lib/topics/chat/part.ts";
import { propertyRuns } from "../support/property_runs.ts";
import { FakeRun, PART } from "../topics/chat/fake_run.ts";
import { answerOf, CHAT_ID } from "./clients.ts";
import { UI_CHATS } from "./ui_chats.ts";
import { createTestWire, type TestWire } from "./wire.ts";

const DONE: RunEnd = { type: "done", finishReason: "stop", usage: null };

const ANSWER = fc.array(fc.array(PART, { maxLength: 4 }), { maxLength: 8 });

/** Adds the flushes one by one, so that each may arrive alone. */
async function produce(run: FakeRun, flushes: readonly (readonly ChatPart[])[]): Promise<void> {
  for (const flush of flushes) {
    run.add(...flush);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  run.finish(DONE);
}

/** Serves an answer to every request. */
function wireOf(dialect: Dialect, flushes: readonly (readonly ChatPart[])[]): TestWire {
  return createTestWire(() => {
    const run = new FakeRun();
    const body = new DialectStreams(systemClock, 15_000).open(run, dialect);
    void produce(run, flushes);
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
}

function textOf(parts: readonly ChatPart[], kind: "text" | "reasoning"): string {
  return parts.map((part) => part.kind === kind ? part.text : "").join("");
}

function callIds(parts: readonly ChatPart[]): string[] {
  return [...new Set(parts.flatMap((part) => part.kind === "tool" ? [part.id] : []))];
}

for (const { name, create } of UI_CHATS) {
  Deno.test(`${name} accepts any answer of a model`, async () => {
    await fc.assert(
      fc.asyncProperty(ANSWER, async (flushes) => {
        const chat = create(wireOf(AI_SDK, flushes), { id: CHAT_ID });
        await chat.sendMessage({ text: "Gold?" });
        const { text, reasoning, calls, components, error } = answerOf(chat.messages, chat.error);
        const parts = flushes.flat();
        assertEquals(error, null);
        assertEquals([text, reasoning], [textOf(parts, "text"), textOf(parts, "reasoning")]);
        assertEquals(calls.map(({ id }) => id), callIds(parts));
        assertEquals(components.length, parts.filter(({ kind }) => kind === "component").length);
      }),
      { numRuns: propertyRuns(30) },
    );
  });
}

Deno.test("ag-ui accepts any answer of a model", async () => {
  await fc.assert(
    fc.asyncProperty(ANSWER, async (flushes) => {
      const { fetch } = wireOf(AGUI, flushes);
      const agent = new HttpAgent({ url: "/v1/chat/agui", threadId: CHAT_ID, fetch });
      agent.addMessage({ id: "message-1", role: "user", content: "Gold?" });
      let reasoning = "";
      await agent.runAgent({}, {
        onReasoningMessageContentEvent({ event }) {
          reasoning += event.delta;
        },
      });
      const parts = flushes.flat();
      const answers = agent.messages.filter(({ role }) => role === "assistant");
      const text = answers.map(({ content }) => content ?? "").join("|");
      assertEquals([text, reasoning], [textOf(parts, "text"), textOf(parts, "reasoning")]);
      const calls = answers.flatMap((answer) =>
        answer.role === "assistant" ? answer.toolCalls ?? [] : []
      );
      assertEquals(calls.map(({ id }) => id), callIds(parts));
    }),
    { numRuns: propertyRuns(30) },
  );
});
