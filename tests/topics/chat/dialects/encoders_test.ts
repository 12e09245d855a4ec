import { assertEquals } from "@std/assert";
import { AGUI } from "../../../../lib/topics/chat/dialects/agui.ts";
import { AI_SDK } from "../../../../lib/topics/chat/dialects/ai_sdk.ts";
import {
  OPENAI,
  OPENAI_WITH_USAGE,
  toCompletion,
} from "../../../../lib/topics/chat/dialects/openai.ts";
import type { Dialect } from "../../../../lib/topics/chat/dialect.ts";
import type { ChatPart, RunEnd } from "../../../../lib/topics/chat/part.ts";
import { RUN } from "../fake_run.ts";

const USAGE = { input_tokens: 10, output_tokens: 20 };

const DONE: RunEnd = { type: "done", finishReason: "stop", usage: USAGE };

const FAILED: RunEnd = { type: "failed", code: "too_long", detail: "The answer is too long." };

const TABLE: ChatPart = {
  kind: "component",
  id: "prices",
  operation: "create",
  component: { type: "table", simple: { type: "text", text: "Gold: 4200" } },
};

const CALL: ChatPart = { kind: "tool", id: "call-1", name: "look_up", text: '{"a":1}' };

/** Encodes a whole answer, a part at a time. */
function encode(dialect: Dialect, parts: readonly ChatPart[], end: RunEnd): unknown[] {
  const encoder = dialect.createEncoder(RUN);
  const texts = [...parts.flatMap((part) => encoder.encode([part])), ...encoder.end(end)];
  return texts.map((text) => text === "[DONE]" ? text : JSON.parse(text));
}

/** Returns the deltas of chunks, with the reason of the end. */
function deltasOf(chunks: readonly unknown[]): unknown[] {
  return chunks.map((chunk) => {
    if (typeof chunk !== "object" || chunk === null || !("choices" in chunk)) return chunk;
    const [choice] = Array.isArray(chunk.choices) ? chunk.choices : [];
    return choice?.finish_reason ?? choice?.delta ?? "usage";
  });
}

Deno.test("AI_SDK brackets text, reasoning and steps, and numbers the blocks", () => {
  const parts: ChatPart[] = [
    { kind: "reasoning", text: "Gold." },
    { kind: "text", text: "It is " },
    { kind: "text", text: "" },
    { kind: "text", text: "up." },
  ];
  assertEquals(encode(AI_SDK, parts, DONE), [
    { type: "start", messageId: "run-1" },
    { type: "start-step" },
    { type: "reasoning-start", id: "1" },
    { type: "reasoning-delta", id: "1", delta: "Gold." },
    { type: "reasoning-end", id: "1" },
    { type: "text-start", id: "2" },
    { type: "text-delta", id: "2", delta: "It is " },
    { type: "text-delta", id: "2", delta: "up." },
    { type: "text-end", id: "2" },
    { type: "finish-step" },
    { type: "finish", finishReason: "stop" },
    "[DONE]",
  ]);
});

Deno.test("AI_SDK completes the tool calls of a complete answer alone", () => {
  const typesOf = (end: RunEnd) =>
    encode(AI_SDK, [CALL], end).map((message) => Object(message).type ?? message).slice(2);
  const called = ["tool-input-start", "tool-input-delta"];
  const ended = ["finish-step", "finish", "[DONE]"];
  assertEquals(typesOf(DONE), [...called, "tool-input-available", ...ended]);
  assertEquals(typesOf({ type: "stopped" }), [...called, ...ended]);
  assertEquals(typesOf(FAILED), [...called, "error", ...ended]);
});

Deno.test("AI_SDK reports the input of a tool that is not JSON", () => {
  const cut: ChatPart = { kind: "tool", id: "call-1", name: "look_up", text: '{"a":' };
  const end: RunEnd = { type: "done", finishReason: "length", usage: null };
  assertEquals(encode(AI_SDK, [cut], end)[4], {
    type: "tool-input-error",
    toolCallId: "call-1",
    toolName: "look_up",
    input: '{"a":',
    errorText: "The model's input of the tool is not valid JSON.",
  });
});

Deno.test("AI_SDK and AGUI send each operation on a component by itself", () => {
  const update: ChatPart = { ...TABLE, operation: "update", component: { updates: {} } };
  const sent = [TABLE, update].map(({ id, operation, component }) => ({
    id,
    operation,
    component,
  }));
  const dataOf = (dialect: Dialect) =>
    encode(dialect, [TABLE, update], DONE).map(Object).flatMap(({ type, data, value, id }) =>
      type === "data-component" || type === "CUSTOM" ? [{ data: data ?? value, id }] : []
    );
  for (const dialect of [AI_SDK, AGUI]) {
    assertEquals(dataOf(dialect), sent.map((data) => ({ data, id: undefined })), dialect.name);
  }
});

Deno.test("AGUI makes one message of all text, and a span of each piece of reasoning", () => {
  const parts: ChatPart[] = [
    { kind: "text", text: "I look." },
    { kind: "reasoning", text: "Gold." },
    { kind: "text", text: "Up." },
    CALL,
  ];
  const [messageId, reasoningId] = ["run-1", "run-1-reasoning-2"];
  const run = { threadId: "chat-1", runId: "run-1" };
  assertEquals(encode(AGUI, parts, DONE), [
    { type: "RUN_STARTED", ...run },
    { type: "TEXT_MESSAGE_START", messageId, role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "I look." },
    { type: "TEXT_MESSAGE_END", messageId },
    { type: "REASONING_START", messageId: reasoningId },
    { type: "REASONING_MESSAGE_START", messageId: reasoningId, role: "reasoning" },
    { type: "REASONING_MESSAGE_CONTENT", messageId: reasoningId, delta: "Gold." },
    { type: "REASONING_MESSAGE_END", messageId: reasoningId },
    { type: "REASONING_END", messageId: reasoningId },
    { type: "TEXT_MESSAGE_START", messageId, role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "Up." },
    { type: "TEXT_MESSAGE_END", messageId },
    {
      type: "TOOL_CALL_START",
      toolCallId: "call-1",
      toolCallName: "look_up",
      parentMessageId: messageId,
    },
    { type: "TOOL_CALL_ARGS", toolCallId: "call-1", delta: '{"a":1}' },
    { type: "TOOL_CALL_END", toolCallId: "call-1" },
    {
      type: "RUN_FINISHED",
      ...run,
      result: { finish_reason: "stop" },
      outcome: { type: "success", pendingToolCallIds: ["call-1"] },
      usage: [{ model: "demo", inputTokens: 10, outputTokens: 20 }],
    },
  ]);
});

Deno.test("AGUI ends a stopped run as cancelled, and a failed one with an error alone", () => {
  const run = { threadId: "chat-1", runId: "run-1" };
  assertEquals(encode(AGUI, [], { type: "stopped" }).at(-1), {
    type: "RUN_FINISHED",
    ...run,
    outcome: { type: "cancelled" },
  });
  const failed = encode(AGUI, [CALL], FAILED);
  assertEquals(failed.slice(-1), [
    { type: "RUN_ERROR", message: "The answer is too long.", code: "too_long" },
  ]);
  assertEquals(failed.filter((event) => Object(event).type === "TOOL_CALL_END"), []);
});

Deno.test("OPENAI sends a new component as its plain text, and no other", () => {
  const update: ChatPart = { ...TABLE, operation: "update" };
  const bare: ChatPart = { ...TABLE, component: { type: "table" } };
  const parts = [{ kind: "text" as const, text: "Here:" }, TABLE, update, bare];
  assertEquals(deltasOf(encode(OPENAI, parts, DONE)), [
    { role: "assistant", content: "" },
    { content: "Here:" },
    { content: "\n\nGold: 4200\n\n" },
    "stop",
    "[DONE]",
  ]);
});

Deno.test("OPENAI has the usage in the last chunk, and OPENAI_WITH_USAGE in one without a choice", () => {
  const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
  const last = (dialect: Dialect) => encode(dialect, [], DONE).slice(0, -1).map(Object).at(-1);
  assertEquals([last(OPENAI).choices.length, last(OPENAI).usage], [1, usage]);
  assertEquals([last(OPENAI_WITH_USAGE).choices.length, last(OPENAI_WITH_USAGE).usage], [0, usage]);
});

Deno.test("OPENAI ends a stopped answer with `stop`, and a failed one with an error", () => {
  assertEquals(deltasOf(encode(OPENAI, [], { type: "stopped" })).slice(-2), ["stop", "[DONE]"]);
  assertEquals(encode(OPENAI, [], FAILED), [
    {
      error: {
        message: "The answer is too long.",
        type: "server_error",
        param: null,
        code: "too_long",
      },
    },
    "[DONE]",
  ]);
});

Deno.test("toCompletion() has no content if the answer has tool calls alone", () => {
  assertEquals(toCompletion(RUN, [CALL], { ...DONE, finishReason: "tool_calls" }), {
    id: "chatcmpl-run-1",
    created: 1_700_000_000,
    model: "demo",
    object: "chat.completion",
    choices: [{
      index: 0,
      message: {
        role: "assistant",
        content: null,
        refusal: null,
        tool_calls: [
          { id: "call-1", type: "function", function: { name: "look_up", arguments: '{"a":1}' } },
        ],
      },
      logprobs: null,
      finish_reason: "tool_calls",
    }],
    usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
  });
});
