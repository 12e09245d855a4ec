/**
 * Upstreams that speak OpenAI's `chat/completions`, with or without a stream.
 *
 * A call of the tool `show_table` or `show_chart` that the client has not offered is a component: its arguments become the
 * `data` of a component of type `table` or `chart`.
 *
 * @module
 */
import { z } from "zod";
import { randomId } from "../../../core/random_id.ts";
import type { Runtime } from "../../../core/runtime.ts";
import type { ChatPart, Finish, FinishReason, Usage } from "../part.ts";
import {
  answerTooLong,
  ChatFailure,
  type ChatMessage,
  type ChatRequest,
  type ChatUpstream,
  MAX_ANSWER_BYTES,
} from "../upstream.ts";
import {
  type ChatUpstreamOptions,
  DONE,
  endpointOf,
  malformedMessage,
  reportedError,
  requestMessages,
} from "./messages.ts";

const COMPLETIONS_PATH = "/chat/completions";

/** The types of components, by the tool whose calls they are. */
const COMPONENT_TYPES: ReadonlyMap<string, string> = new Map([
  ["show_table", "table"],
  ["show_chart", "chart"],
]);

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["content_filter", "content_filter"],
  ["tool_calls", "tool_calls"],
  ["function_call", "tool_calls"],
]);

/** A piece of a tool call. A whole message has no `index`. */
const ToolCallDelta = z.object({
  index: z.int().min(0).nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

type ToolCallDelta = z.infer<typeof ToolCallDelta>;

/** A piece of a message, or a whole message. The reasoning has two names, and some upstreams send it under both. */
const MessageDelta = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(ToolCallDelta).nullish(),
});

const Choice = z.object({
  index: z.int().nullish(),
  delta: MessageDelta.nullish(),
  message: MessageDelta.nullish(),
  finish_reason: z.string().nullish(),
});

const TokenCounts = z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) });

/** A chunk of a stream, a whole completion, or an error in their place. */
const Completion = z.object({
  object: z.string().nullish(),
  error: z.unknown().optional(),
  choices: z.array(Choice).nullish(),
  usage: z.unknown().optional(),
});

/** A tool call of an answer. */
interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly isComponent: boolean;
  /** The arguments so far of a component that is incomplete, else null. */
  heldText: string | null;
  /** True if these were found incomplete, so that the text after them does not have them parsed again. */
  isIncomplete: boolean;
}

/** An answer as its chunks arrive. */
class CompletionReader {
  readonly #runtime: Runtime;
  /** The tools of the client, whose calls are passed on as such. */
  readonly #offeredTools: ReadonlySet<string>;
  /** The calls by their index. */
  readonly #calls = new Map<number, ToolCall>();
  #hasToolCalls = false;
  /** The characters of the arguments of all components. */
  #heldCharacters = 0;
  #finishReason: string | null = null;
  #usage: Usage | null = null;

  constructor(runtime: Runtime, request: ChatRequest) {
    this.#runtime = runtime;
    this.#offeredTools = new Set(request.tools.map(({ name }) => name));
  }

  /** True once the upstream has said that its answer is complete. */
  get isFinished(): boolean {
    return this.#finishReason !== null;
  }

  /**
   * Reads a chunk.
   *
   * @throws {ChatFailure} The chunk is an error, or malformed.
   */
  read(message: unknown): ChatPart[] {
    const parsed = Completion.safeParse(message);
    if (!parsed.success) throw malformedMessage();
    const { object, error, choices, usage } = parsed.data;
    if (object === "error" || error !== undefined && error !== null) throw reportedError();
    this.#usage = toUsage(usage) ?? this.#usage;
    const choice = choices?.find(({ index }) => (index ?? 0) === 0);
    if (choice === undefined) return [];
    const parts = this.#readDelta(choice.delta ?? choice.message ?? {});
    if (choice.finish_reason === "error") throw reportedError();
    if (choice.finish_reason) {
      // An answer that its limit cut may end within a component.
      parts.push(...this.#releaseComponents(choice.finish_reason !== "length"));
      this.#finishReason = choice.finish_reason;
    }
    return parts;
  }

  /** Returns the end of the answer, null if the upstream has sent none. */
  finish(): Finish | null {
    if (this.#finishReason === null) return null;
    const finishReason = FINISH_REASONS.get(this.#finishReason) ?? "other";
    const isAnswered = finishReason === "tool_calls" && !this.#hasToolCalls;
    return {
      kind: "finish",
      // A component awaits no result, so an answer with components alone is complete.
      finishReason: isAnswered ? "stop" : finishReason,
      usage: this.#usage,
    };
  }

  #readDelta(delta: z.infer<typeof MessageDelta>): ChatPart[] {
    const parts: ChatPart[] = [];
    const reasoning = delta.reasoning_content || delta.reasoning;
    if (reasoning) parts.push({ kind: "reasoning", text: reasoning });
    const text = (delta.content ?? "") + (delta.refusal ?? "");
    if (text !== "") parts.push(...this.#releaseComponents(false), { kind: "text", text });
    for (const [position, call] of (delta.tool_calls ?? []).entries()) {
      parts.push(...this.#readToolCall(call, call.index ?? position));
    }
    return parts;
  }

  /** Reads a piece of a call. Only the first one needs a name. Some upstreams use one index for several calls. */
  #readToolCall({ id, function: called }: ToolCallDelta, index: number): ChatPart[] {
    const parts: ChatPart[] = [];
    const known = this.#calls.get(index);
    let call = known;
    if (call === undefined || id && id !== call.id && called?.name) {
      parts.push(...this.#releaseComponents(typeof known?.heldText === "string"));
      call = this.#startCall(index, id, called?.name);
    }
    const text = called?.arguments ?? "";
    if (call.heldText !== null) {
      this.#heldCharacters += text.length;
      if (this.#heldCharacters > MAX_ANSWER_BYTES) throw answerTooLong();
      call.heldText += text;
      call.isIncomplete = false;
    } else if (!call.isComponent && (call !== known || text !== "")) {
      parts.push({ kind: "tool", id: call.id, name: call.name, text });
    }
    return parts;
  }

  #startCall(
    index: number,
    id: string | null | undefined,
    name: string | null | undefined,
  ): ToolCall {
    if (!name) throw malformedMessage();
    const isComponent = COMPONENT_TYPES.has(name) && !this.#offeredTools.has(name);
    const call = {
      id: id || `call_${randomId(this.#runtime.random)}`,
      name,
      isComponent,
      heldText: isComponent ? "" : null,
      isIncomplete: false,
    };
    this.#calls.set(index, call);
    if (!isComponent) this.#hasToolCalls = true;
    return call;
  }

  /**
   * Returns the components whose arguments are complete.
   *
   * @param mustBeComplete True if no more arguments follow.
   * @throws {ChatFailure} The arguments of a component are not an object in JSON.
   */
  #releaseComponents(mustBeComplete: boolean): ChatPart[] {
    const parts: ChatPart[] = [];
    for (const call of this.#calls.values()) {
      if (call.heldText === null || call.isIncomplete && !mustBeComplete) continue;
      const { id, name } = call;
      const data = parseArguments(call.heldText);
      if (data !== null) {
        const component = { id, type: COMPONENT_TYPES.get(name), lifecycle: "create", data };
        parts.push({ kind: "component", id, operation: "create", component });
        call.heldText = null;
      } else if (mustBeComplete) throw malformedMessage();
      else call.isIncomplete = true;
    }
    return parts;
  }
}

/** Returns the tokens that an upstream counts, null if it does not count. */
function toUsage(usage: unknown): Usage | null {
  if (usage === undefined || usage === null) return null; // As in nearly every chunk.
  const counts = TokenCounts.safeParse(usage);
  if (!counts.success) return null;
  return {
    input_tokens: counts.data.prompt_tokens,
    output_tokens: counts.data.completion_tokens,
  };
}

const JsonObject = z.record(z.string(), z.unknown());

/** Returns the arguments of a call from their JSON, null if they are not an object. */
function parseArguments(text: string): Record<string, unknown> | null {
  try {
    return JsonObject.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Returns a message in the upstream's format. */
function toWireMessage({ role, text, toolCalls = [], toolCallId }: ChatMessage) {
  if (role === "tool") return { role, tool_call_id: toolCallId, content: text };
  if (toolCalls.length === 0) return { role, content: text };
  return {
    role,
    content: text === "" ? null : text,
    tool_calls: toolCalls.map(({ id, name, input }) => ({
      id,
      type: "function",
      function: { name, arguments: input },
    })),
  };
}

function toWireRequest({ messages, tools }: ChatRequest, model: string) {
  return {
    model,
    messages: messages.map(toWireMessage),
    ...(tools.length === 0
      ? {}
      : { tools: tools.map((tool) => ({ type: "function", function: tool })) }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

/** Creates an upstream. Nothing is requested before the first `answer()`. */
export function createOpenAiUpstream(
  runtime: Runtime,
  { url, model, apiKey }: ChatUpstreamOptions,
): ChatUpstream {
  const endpoint = endpointOf(url, COMPLETIONS_PATH);
  return {
    model,
    async *answer(request, signal) {
      const reader = new CompletionReader(runtime, request);
      const body = toWireRequest(request, model);
      try {
        for await (const message of requestMessages(runtime, endpoint, apiKey, body, signal)) {
          if (message === DONE) break;
          yield* reader.read(message);
        }
      } catch (thrown) {
        // The answer is complete already: the connection broke where only the usage was missing.
        if (!reader.isFinished || !(thrown instanceof ChatFailure)) throw thrown;
      }
      const finish = reader.finish();
      if (finish !== null) yield finish;
    },
  };
}
