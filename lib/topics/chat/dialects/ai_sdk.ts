/**
 * The dialect of Vercel's AI SDK: UI message stream v1, as `useChat` of the versions 5, 6 and 7 reads it.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../../../core/problem.ts";
import type { Dialect, RunInfo } from "../dialect.ts";
import type { FinishReason, RunEnd } from "../part.ts";
import type { ChatMessage } from "../upstream.ts";
import { BracketedEncoder, type BracketedMessages, type EncodedToolCall } from "./bracketed.ts";
import { ChatId, type ChatInput, EMPTY_INPUT, MAX_CHAT_MESSAGES, MessageId } from "./input.ts";

const UI_FINISH_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  length: "length",
  content_filter: "content-filter",
  tool_calls: "tool-calls",
  other: "other",
};

/** The most characters of a continued message that are kept for replays. Beyond it they begin with the run's own parts. */
const MAX_CONTINUED_CHARACTERS = 131_072;

/** UI message stream v1. */
export const AI_SDK = uiDialect("ai-sdk", () => []);

/**
 * The replay of a run that continues a message. It begins with the parts of the message before the run, since clients
 * replace the message by a replay.
 */
export const AI_SDK_REPLAY = uiDialect(
  "ai-sdk-replay",
  ({ continued = [] }) => continued.map((text): unknown => JSON.parse(text)),
);

/** @param before Returns the chunks before the run's own. */
function uiDialect(name: string, before: (run: RunInfo) => readonly unknown[]): Dialect {
  return {
    name,
    headers: { "x-vercel-ai-ui-message-stream": "v1" },
    createEncoder(run) {
      const encoder = new BracketedEncoder(uiMessages(run, before(run)));
      return {
        encode: (parts) => encoder.encode(parts),
        end: (end) => [...encoder.end(end), "[DONE]"],
      };
    },
  };
}

function uiMessages(
  { runId, clientRunId }: RunInfo,
  before: readonly unknown[],
): BracketedMessages {
  return {
    // A replay replaces the message with this id, and without one it would double the answer.
    start: () => [
      { type: "start", messageId: clientRunId ?? runId },
      ...before,
      { type: "start-step" },
    ],
    openBlock: ({ kind, number }) => [{ type: `${kind}-start`, id: String(number) }],
    addText: ({ kind, number }, text) => ({
      type: `${kind}-delta`,
      id: String(number),
      delta: text,
    }),
    closeBlock: ({ kind, number }) => [{ type: `${kind}-end`, id: String(number) }],
    startToolCall: ({ id, name }) => ({ type: "tool-input-start", toolCallId: id, toolName: name }),
    addToolInput: ({ id }, text) => ({
      type: "tool-input-delta",
      toolCallId: id,
      inputTextDelta: text,
    }),
    // It has no `id`: the client would replace the part with that id, and lose a component to its first change.
    addComponent: ({ id, operation, component }) => ({
      type: "data-component",
      data: { id, operation, component },
    }),
    end: (end, calls) => endMessages(end, calls),
  };
}

function endMessages(end: RunEnd, calls: readonly EncodedToolCall[]): unknown[] {
  switch (end.type) {
    case "done":
      return [
        ...calls.map(completeToolCall),
        { type: "finish-step" },
        { type: "finish", finishReason: UI_FINISH_REASONS[end.finishReason] },
      ];
    case "stopped":
      return [{ type: "finish-step" }, { type: "finish", finishReason: "stop" }];
    case "failed":
      return [
        { type: "error", errorText: end.detail },
        { type: "finish-step" },
        { type: "finish", finishReason: "error" },
      ];
  }
}

/** Completes a tool call, which the client then executes. Calls of answers that the model did not complete are not. */
function completeToolCall({ id, name, text }: EncodedToolCall): unknown {
  const call = { toolCallId: id, toolName: name };
  try {
    return { type: "tool-input-available", ...call, input: JSON.parse(text || EMPTY_INPUT) };
  } catch {
    const errorText = "The model's input of the tool is not valid JSON.";
    return { type: "tool-input-error", ...call, input: text, errorText };
  }
}

/** The type of the calls of tools that the client does not know in advance. */
const DYNAMIC_TOOL = "dynamic-tool";

/** A part of a message. The parts that a model does not read are ignored. */
const UiPart = z.looseObject({
  type: z.string().max(200),
  text: z.string().optional(),
  toolName: z.string().optional(),
  toolCallId: z.string().optional(),
  state: z.string().optional(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  errorText: z.string().optional(),
  id: z.string().optional(),
  data: z.unknown().optional(),
});

type UiPart = z.infer<typeof UiPart>;

const UiMessage = z.looseObject({
  id: MessageId,
  role: z.enum(["system", "user", "assistant"]),
  parts: z.array(UiPart),
});

type UiMessage = z.infer<typeof UiMessage>;

/** The body of `useChat`'s POST. It belongs to the AI SDK, which may add fields. */
export const UiChatBody = z.looseObject({
  id: ChatId,
  messages: z.array(UiMessage).min(1).max(MAX_CHAT_MESSAGES),
  trigger: z.enum(["submit-message", "regenerate-message"]).optional().meta({
    description: "`regenerate-message` always starts a new run.",
  }),
  messageId: z.string().nullish().meta({ description: "The message that is edited or repeated." }),
});

/**
 * Reads the body of `useChat`'s POST.
 *
 * @throws {Problem} 400 `unsupported_content`: a message has a file.
 */
export function readUiChat(body: z.infer<typeof UiChatBody>): ChatInput {
  const last = body.messages.at(-1);
  const isRegeneration = body.trigger === "regenerate-message" ||
    // An edited message keeps its id, but asks for another answer.
    last?.role === "user" && typeof body.messageId === "string";
  return {
    chatId: body.id,
    messages: body.messages.flatMap(toChatMessages),
    tools: [],
    messageId: isRegeneration || last === undefined ? undefined : turnId(last),
    ...last?.role === "assistant" && !isRegeneration
      // The answer to a tool's result continues the assistant's message in the client.
      ? { clientRunId: last.id, continued: continuedChunks(last) }
      : { clientRunId: undefined },
  };
}

/** Returns the chunks that create the parts of a message. Undefined if they are too long to be kept. */
function continuedChunks({ parts }: UiMessage): string[] | undefined {
  const chunks = parts.flatMap(partChunks).map((chunk) => JSON.stringify(chunk));
  const characters = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return characters <= MAX_CONTINUED_CHARACTERS ? chunks : undefined;
}

/** Returns the chunks that create a part. Those of sources and of the client's own kinds are left out. */
function partChunks(part: UiPart, index: number): unknown[] {
  const { type, text: delta = "" } = part;
  const id = `continued-${index}`;
  switch (type) {
    case "step-start":
      return [{ type: "start-step" }];
    case "text":
    case "reasoning":
      return [
        { type: `${type}-start`, id },
        { type: `${type}-delta`, id, delta },
        { type: `${type}-end`, id },
      ];
    default:
      if (type.startsWith("data-")) return [{ type, id: part.id, data: part.data }];
      return isAnswered(part) ? toolChunks(part) : [];
  }
}

/** Returns the chunks of an answered tool call. None says that its input is complete: the client would execute it again. */
function toolChunks(part: UiPart): unknown[] {
  const { toolCallId, state, output, errorText, type, input } = part;
  return [
    {
      type: "tool-input-start",
      toolCallId,
      toolName: toolNameOf(part),
      ...type === DYNAMIC_TOOL ? { dynamic: true } : {},
    },
    {
      type: "tool-input-delta",
      toolCallId,
      inputTextDelta: JSON.stringify(input ?? {}),
    },
    state === "output-error"
      ? { type: "tool-output-error", toolCallId, errorText: errorText ?? "" }
      : { type: "tool-output-available", toolCallId, output: output ?? null },
  ];
}

/** Returns the id of the turn that ends with a message. An assistant's message grows with each result of a tool. */
function turnId({ id, role, parts }: UiMessage): string {
  return role === "assistant" ? `${id}/${parts.filter(isAnswered).length}` : id;
}

/** Returns the name of the tool that a part calls, undefined if it is no tool call. */
function toolNameOf({ type, toolName }: UiPart): string | undefined {
  if (type === DYNAMIC_TOOL) return toolName;
  return type.startsWith("tool-") ? type.slice("tool-".length) : undefined;
}

function isAnswered(part: UiPart): boolean {
  return part.toolCallId !== undefined && toolNameOf(part) !== undefined &&
    (part.state === "output-available" || part.state === "output-error");
}

/** Returns the messages to the model: each step of an assistant's message is one, and each result of a tool. */
function toChatMessages({ role, parts }: UiMessage): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const step of stepsOf(parts)) {
    const text = step.map((part) => part.type === "text" ? part.text ?? "" : "").join("");
    // A call without a result is left out: upstreams refuse a conversation in which one is open.
    const calls = step.filter(isAnswered).map((part) => ({
      id: part.toolCallId ?? "",
      name: toolNameOf(part) ?? "",
      input: toolText(part.input ?? {}),
      result: part.state === "output-error" ? part.errorText ?? "" : toolText(part.output),
    }));
    if (text !== "" || calls.length > 0 || role !== "assistant") {
      const toolCalls = calls.map(({ id, name, input }) => ({ id, name, input }));
      messages.push({ role, text, ...toolCalls.length > 0 ? { toolCalls } : {} });
    }
    for (const { id, result } of calls) {
      messages.push({ role: "tool", text: result, toolCallId: id });
    }
  }
  return messages;
}

/** Splits the parts of a message into steps. */
function stepsOf(parts: readonly UiPart[]): UiPart[][] {
  const steps: UiPart[][] = [[]];
  for (const part of parts) {
    if (part.type === "file") {
      throw new Problem(
        400,
        "unsupported_content",
        "A message has a file, and this server's chat takes text only. Send its text.",
      );
    }
    if (part.type === "step-start") steps.push([]);
    else steps.at(-1)?.push(part);
  }
  return steps.filter((step, i) => step.length > 0 || i === 0 && steps.length === 1);
}

function toolText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
