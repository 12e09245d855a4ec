/**
 * The dialect of OpenAI's chat completions, with a stream and without.
 *
 * @module
 */
import { z } from "zod";
import { Problem } from "../../../core/problem.ts";
import type { Dialect, DialectEncoder, RunInfo } from "../dialect.ts";
import type { ChatPart, FinishReason, RunEnd, Usage } from "../part.ts";
import type { ChatMessage } from "../upstream.ts";
import { type ChatInput, EMPTY_INPUT, MAX_CHAT_MESSAGES, MAX_CHAT_TOOLS } from "./input.ts";

const DONE_FRAME = "[DONE]";

const PARAGRAPH_BREAK = "\n\n";

/** Chat completions as a stream. */
export const OPENAI: Dialect = {
  name: "openai",
  headers: {},
  createEncoder: (run) => new CompletionEncoder(run, false),
};

/** Chat completions for clients that ask for the usage, which arrives in a chunk without a choice. */
export const OPENAI_WITH_USAGE: Dialect = {
  name: "openai-usage",
  headers: {},
  createEncoder: (run) => new CompletionEncoder(run, true),
};

/** The text of an answer as OpenAI's clients show it: components count with their plain text, if they have one. */
class PlainText {
  #hasText = false;

  /** Returns the text that a part adds. */
  add(part: ChatPart): string {
    const paragraph = part.kind === "component" ? simpleTextOf(part) : "";
    const text = part.kind === "text"
      ? part.text
      : paragraph && (this.#hasText ? PARAGRAPH_BREAK : "") + paragraph + PARAGRAPH_BREAK;
    if (text !== "") this.#hasText = true;
    return text;
  }
}

const Simple = z.looseObject({ type: z.literal("text"), text: z.string() });

/** Returns the plain text of a new component. That of its changes would repeat it. */
function simpleTextOf(part: Extract<ChatPart, { kind: "component" }>): string {
  const parsed = Simple.safeParse(part.component.simple);
  return part.operation === "create" && parsed.success ? parsed.data.text : "";
}

class CompletionEncoder implements DialectEncoder {
  readonly #run: RunInfo;
  readonly #isUsageApart: boolean;
  readonly #text = new PlainText();
  readonly #toolIndexes = new Map<string, number>();
  /** The indexes of the calls without arguments. */
  readonly #emptyCalls = new Set<number>();
  #isStarted = false;

  constructor(run: RunInfo, isUsageApart: boolean) {
    this.#run = run;
    this.#isUsageApart = isUsageApart;
  }

  encode(parts: readonly ChatPart[]): string[] {
    const start = this.#isStarted ? [] : [this.#chunk({ role: "assistant", content: "" })];
    this.#isStarted = true;
    return [...start, ...parts.flatMap((part) => this.#encodePart(part))];
  }

  end(end: RunEnd): string[] {
    if (end.type === "failed") return [JSON.stringify(errorOf(end)), DONE_FRAME];
    const usage = end.type === "done" && end.usage ? { usage: usageFields(end.usage) } : null;
    const last = this.#chunk({}, finishReasonOf(end), this.#isUsageApart ? {} : usage ?? {});
    const apart = usage && this.#isUsageApart
      ? [JSON.stringify({ ...this.#frame(), choices: [], ...usage })]
      : [];
    const inputs = [...this.#emptyCalls].map((index) => this.#argumentsChunk(index, EMPTY_INPUT));
    return [...this.encode([]), ...inputs, last, ...apart, DONE_FRAME];
  }

  #frame() {
    return { ...headOf(this.#run), object: "chat.completion.chunk" };
  }

  #chunk(delta: unknown, finishReason: string | null = null, fields: object = {}): string {
    const choices = [{ index: 0, delta, finish_reason: finishReason }];
    return JSON.stringify({ ...this.#frame(), choices, ...fields });
  }

  #encodePart(part: ChatPart): string[] {
    if (part.kind === "tool") return [this.#encodeToolPart(part)];
    if (part.kind === "reasoning") {
      return part.text === "" ? [] : [this.#chunk({ reasoning_content: part.text })];
    }
    const content = this.#text.add(part);
    return content === "" ? [] : [this.#chunk({ content })];
  }

  #argumentsChunk(index: number, text: string): string {
    return this.#chunk({ tool_calls: [{ index, function: { arguments: text } }] });
  }

  #encodeToolPart({ id, name, text }: Extract<ChatPart, { kind: "tool" }>): string {
    const known = this.#toolIndexes.get(id);
    const index = known ?? this.#toolIndexes.size;
    if (text !== "") this.#emptyCalls.delete(index);
    else if (known === undefined) this.#emptyCalls.add(index);
    if (known !== undefined) return this.#argumentsChunk(index, text);
    this.#toolIndexes.set(id, index);
    return this.#chunk({
      tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }],
    });
  }
}

/** Returns the fields of every completion. */
function headOf({ runId, createdAt, model }: RunInfo) {
  return { id: `chatcmpl-${runId}`, created: Math.floor(createdAt / 1000), model };
}

/** Returns the reason in OpenAI's words, which have none for a stop by the user. */
function finishReasonOf(end: Exclude<RunEnd, { type: "failed" }>): FinishReason {
  return end.type === "stopped" || end.finishReason === "other" ? "stop" : end.finishReason;
}

function usageFields({ input_tokens, output_tokens }: Usage) {
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: input_tokens + output_tokens,
  };
}

function errorOf({ code, detail }: Extract<RunEnd, { type: "failed" }>) {
  return { error: { message: detail, type: "server_error", param: null, code } };
}

/**
 * Returns a whole answer as one completion.
 *
 * @throws {Problem} 503, with the failure's code: the run failed.
 */
export function toCompletion(run: RunInfo, parts: readonly ChatPart[], end: RunEnd): unknown {
  if (end.type === "failed") {
    // OpenAI's clients would repeat the request, which costs another answer.
    const headers = { "x-should-retry": "false" };
    throw new Problem(503, end.code, end.detail, { headers });
  }
  const text = new PlainText();
  const calls = new Map<string, { readonly name: string; readonly text: string }>();
  let [content, reasoning] = ["", ""];
  for (const part of parts) {
    if (part.kind === "reasoning") reasoning += part.text;
    else if (part.kind === "tool") {
      const { id, name } = part;
      calls.set(id, { name, text: (calls.get(id)?.text ?? "") + part.text });
    } else content += text.add(part);
  }
  const toolCalls = [...calls].map(([id, { name, text }]) => ({
    id,
    type: "function",
    function: { name, arguments: text || EMPTY_INPUT },
  }));
  const message = {
    role: "assistant",
    content: content === "" && toolCalls.length > 0 ? null : content,
    refusal: null,
    ...reasoning === "" ? {} : { reasoning_content: reasoning },
    ...toolCalls.length > 0 ? { tool_calls: toolCalls } : {},
  };
  return {
    ...headOf(run),
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasonOf(end) }],
    ...end.type === "done" && end.usage ? { usage: usageFields(end.usage) } : {},
  };
}

const CompletionMessage = z.looseObject({
  role: z.enum(["developer", "system", "user", "assistant", "tool"]),
  content: z.union([
    z.string(),
    z.array(
      z.looseObject({
        type: z.string(),
        text: z.string().optional(),
        refusal: z.string().optional(),
      }),
    ),
  ]).nullish(),
  tool_calls: z.array(z.looseObject({
    id: z.string(),
    function: z.looseObject({ name: z.string(), arguments: z.string() }),
  })).nullish(),
  tool_call_id: z.string().nullish(),
});

/** The body of `chat/completions`. It belongs to OpenAI, who may add fields. */
export const CompletionBody = z.looseObject({
  model: z.string().optional().meta({ description: "Ignored: the operator sets the model." }),
  messages: z.array(CompletionMessage).min(1).max(MAX_CHAT_MESSAGES),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.literal(1, "Only one choice is available").nullish(),
  tools: z.array(z.looseObject({
    type: z.literal("function", "Only tools of type `function` are available"),
    function: z.looseObject({
      name: z.string(),
      description: z.string().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
    }),
  })).max(MAX_CHAT_TOOLS).nullish(),
});

/** A request for a completion. */
export interface CompletionInput extends ChatInput {
  /** The dialect of the stream, null for an answer in one piece. */
  readonly dialect: Dialect | null;
}

/**
 * Reads the body of `chat/completions`.
 *
 * @throws {Problem} 400 `unsupported_content`: a message contains more than text.
 */
export function readCompletion(body: z.infer<typeof CompletionBody>): CompletionInput {
  return {
    chatId: undefined,
    messages: body.messages.map(completionToChatMessage),
    tools: (body.tools ?? []).map(({ function: { name, description, parameters } }) => ({
      name,
      ...description ? { description } : {},
      ...parameters ? { parameters } : {},
    })),
    messageId: undefined,
    clientRunId: undefined,
    dialect: body.stream ? body.stream_options?.include_usage ? OPENAI_WITH_USAGE : OPENAI : null,
  };
}

function completionToChatMessage(message: z.infer<typeof CompletionMessage>): ChatMessage {
  const { role, content, tool_calls: toolCalls, tool_call_id: toolCallId } = message;
  const calls = (toolCalls ?? []).map(({ id, function: called }) => ({
    id,
    name: called.name,
    input: called.arguments,
  }));
  return {
    role: role === "developer" ? "system" : role,
    text: typeof content === "string" ? content : (content ?? []).map(textOfContent).join(""),
    ...calls.length > 0 ? { toolCalls: calls } : {},
    ...toolCallId ? { toolCallId } : {},
  };
}

function textOfContent(
  { type, text, refusal }: {
    type: string;
    text?: string | undefined;
    refusal?: string | undefined;
  },
): string {
  if (type === "text") return text ?? "";
  if (type === "refusal") return refusal ?? "";
  throw new Problem(
    400,
    "unsupported_content",
    `A message has content of type \`${
      type.slice(0, 40)
    }\`, and this server's chat takes \`text\` only.`,
  );
}
