/**
 * The dialect AG-UI 1.0, as `@ag-ui/client`, CopilotKit and TanStack's chat client read it.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../../../core/problem.ts";
import type { Dialect, RunInfo } from "../dialect.ts";
import type { RunEnd } from "../part.ts";
import type { ChatMessage } from "../upstream.ts";
import {
  type AnswerBlock,
  BracketedEncoder,
  type BracketedMessages,
  type EncodedToolCall,
} from "./bracketed.ts";
import {
  ChatId,
  type ChatInput,
  EMPTY_INPUT,
  MAX_CHAT_MESSAGES,
  MAX_CHAT_TOOLS,
  MessageId,
} from "./input.ts";

/** AG-UI 1.0. It has no `[DONE]`, which its clients would parse as JSON. */
export const AGUI: Dialect = {
  name: "agui",
  headers: {},
  createEncoder: (run) => new BracketedEncoder(aguiEvents(run)),
};

function aguiEvents({ runId, clientRunId, chatId, model }: RunInfo): BracketedMessages {
  const run = { threadId: chatId, runId: clientRunId ?? runId };
  // All text of an answer is one message, which its tool calls belong to.
  const messageId = runId;
  const reasoningId = ({ number }: AnswerBlock) => `${runId}-reasoning-${number}`;
  return {
    start: () => [{ type: "RUN_STARTED", ...run }],
    openBlock: (block) =>
      block.kind === "text" ? [{ type: "TEXT_MESSAGE_START", messageId, role: "assistant" }] : [
        { type: "REASONING_START", messageId: reasoningId(block) },
        { type: "REASONING_MESSAGE_START", messageId: reasoningId(block), role: "reasoning" },
      ],
    addText: (block, delta) =>
      block.kind === "text"
        ? { type: "TEXT_MESSAGE_CONTENT", messageId, delta }
        : { type: "REASONING_MESSAGE_CONTENT", messageId: reasoningId(block), delta },
    closeBlock: (block) =>
      block.kind === "text" ? [{ type: "TEXT_MESSAGE_END", messageId }] : [
        { type: "REASONING_MESSAGE_END", messageId: reasoningId(block) },
        { type: "REASONING_END", messageId: reasoningId(block) },
      ],
    startToolCall: ({ id, name }) => ({
      type: "TOOL_CALL_START",
      toolCallId: id,
      toolCallName: name,
      parentMessageId: messageId,
    }),
    addToolInput: ({ id }, delta) => ({ type: "TOOL_CALL_ARGS", toolCallId: id, delta }),
    addComponent: ({ id, operation, component }) => ({
      type: "CUSTOM",
      name: "component",
      value: { id, operation, component },
    }),
    end: (end, calls) => [
      // Clients execute a call that has ended, so those of a failed run stay open.
      ...end.type === "failed" ? [] : calls.flatMap(endToolCall),
      endEvent(end, run, model, calls),
    ],
  };
}

function endToolCall({ id, text }: EncodedToolCall): unknown[] {
  return [
    ...text === "" ? [{ type: "TOOL_CALL_ARGS", toolCallId: id, delta: EMPTY_INPUT }] : [],
    { type: "TOOL_CALL_END", toolCallId: id },
  ];
}

function endEvent(
  end: RunEnd,
  run: { readonly threadId: string; readonly runId: string },
  model: string,
  calls: readonly EncodedToolCall[],
): unknown {
  switch (end.type) {
    case "done": {
      const { usage, finishReason } = end;
      return {
        type: "RUN_FINISHED",
        ...run,
        result: { finish_reason: finishReason },
        outcome: {
          type: "success",
          ...calls.length > 0 ? { pendingToolCallIds: calls.map(({ id }) => id) } : {},
        },
        ...usage && {
          usage: [{ model, inputTokens: usage.input_tokens, outputTokens: usage.output_tokens }],
        },
      };
    }
    case "stopped":
      return { type: "RUN_FINISHED", ...run, outcome: { type: "cancelled" } };
    case "failed":
      return { type: "RUN_ERROR", message: end.detail, code: end.code };
  }
}

const AguiContent = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
]);

const AguiMessage = z.looseObject({
  id: MessageId,
  role: z.enum(["developer", "system", "user", "assistant", "tool", "activity", "reasoning"]),
  content: z.unknown().optional(),
  toolCalls: z.array(z.looseObject({
    id: z.string(),
    function: z.looseObject({ name: z.string(), arguments: z.string() }),
  })).nullish(),
  toolCallId: z.string().nullish(),
});

type AguiMessage = z.infer<typeof AguiMessage>;

/** `RunAgentInput` of AG-UI. It belongs to that protocol, which may add fields. */
export const AguiChatBody = z.looseObject({
  threadId: ChatId,
  runId: MessageId.meta({ description: "A request that repeats it joins its run." }),
  messages: z.array(AguiMessage).min(1).max(MAX_CHAT_MESSAGES),
  tools: z.array(z.looseObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  })).max(MAX_CHAT_TOOLS).nullish(),
  context: z.array(z.looseObject({ description: z.string(), value: z.string() })).nullish(),
});

/**
 * Reads `RunAgentInput`.
 *
 * @throws {Problem} 400 `unsupported_content`: a message contains more than text.
 */
export function readAguiChat(body: z.infer<typeof AguiChatBody>): ChatInput {
  const context = (body.context ?? []).map(({ description, value }) => `${description}: ${value}`);
  return {
    chatId: body.threadId,
    messages: [
      ...context.length > 0 ? [{ role: "system" as const, text: context.join("\n") }] : [],
      ...body.messages.flatMap(aguiToChatMessages),
    ],
    tools: (body.tools ?? []).map(({ name, description, parameters }) => ({
      name,
      ...description ? { description } : {},
      ...parameters ? { parameters } : {},
    })),
    messageId: body.runId,
    clientRunId: body.runId,
  };
}

function aguiToChatMessages(message: AguiMessage): ChatMessage[] {
  const { role, toolCalls, toolCallId } = message;
  // What a client shows of a model's activity and reasoning is no part of the conversation.
  if (role === "activity" || role === "reasoning") return [];
  const calls = (toolCalls ?? []).map(({ id, function: called }) => ({
    id,
    name: called.name,
    input: called.arguments,
  }));
  return [{
    role: role === "developer" ? "system" : role,
    text: aguiText(message.content),
    ...calls.length > 0 ? { toolCalls: calls } : {},
    ...role === "tool" && toolCallId ? { toolCallId } : {},
  }];
}

function aguiText(content: unknown): string {
  if (content === undefined || content === null) return "";
  const parsed = AguiContent.safeParse(content);
  const parts = parsed.success && typeof parsed.data !== "string" ? parsed.data : [];
  if (!parsed.success || parts.some(({ type }) => type !== "text")) {
    throw new Problem(
      400,
      "unsupported_content",
      "A message contains more than text, and this server's chat takes text only.",
    );
  }
  return typeof parsed.data === "string"
    ? parsed.data
    : parts.map(({ text }) => text ?? "").join("");
}
