/**
 * Upstreams: the services that answer a chat.
 *
 * @module
 */
import { Problem } from "../../core/problem.ts";
import type { ChatPart, FailureCode, Finish } from "./part.ts";

/** A message of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  /** The calls of an assistant's message. `input` is JSON. */
  readonly toolCalls?: readonly {
    readonly id: string;
    readonly name: string;
    readonly input: string;
  }[];
  /** The call that a tool's message answers. */
  readonly toolCallId?: string;
}

/** A tool that the client offers to the model. */
export interface ChatTool {
  readonly name: string;
  readonly description?: string | undefined;
  /** The JSON schema of its input. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** A request to the model. */
export interface ChatRequest {
  readonly chatId: string;
  readonly owner: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
}

/** A failure of an upstream. The message is a text of this server for people. */
export class ChatFailure extends Error {
  override readonly name = "ChatFailure";

  constructor(readonly code: FailureCode, message: string) {
    super(message);
  }
}

/** The most bytes of an answer. */
export const MAX_ANSWER_BYTES = 262_144;

/** Creates the failure of an answer of more than {@linkcode MAX_ANSWER_BYTES}. */
export function answerTooLong(): ChatFailure {
  return new ChatFailure("too_long", `The answer exceeds ${MAX_ANSWER_BYTES} bytes.`);
}

/** A service that answers a chat. */
export interface ChatUpstream {
  /** The model's name, as clients see it. */
  readonly model: string;
  /**
   * Requests an answer. It iterates over its parts, and over one `finish` if the model completed it: an answer that ends
   * without one is incomplete. The request ends with the iteration, and when `signal` is aborted.
   *
   * @throws {ChatFailure} The upstream refused, failed or timed out.
   * @throws The reason of `signal`, once it is aborted.
   */
  answer(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart | Finish>;
}

/** Creates the problem of a server without an upstream. */
export function chatOff(): Problem {
  return new Problem(
    503,
    "chat_off",
    "Chat is off. Set `CHAT_UPSTREAM_URL` and `CHAT_MODEL` to turn it on.",
  );
}
