/**
 * Requests of chat clients, as every dialect's parser returns them.
 *
 * The bodies belong to the clients' own protocols, so fields that this server does not know are accepted.
 *
 * @module
 */
import { z } from "zod";
import type { ChatMessage, ChatTool } from "../upstream.ts";

/** The most messages of one request. */
export const MAX_CHAT_MESSAGES = 200;

/** The most tools of one request. */
export const MAX_CHAT_TOOLS = 128;

/** The client's name of a conversation. */
export const ChatId = z.string().regex(
  /^[\w-]{1,128}$/,
  "A chat's id is 1 to 128 letters, digits, `_` and `-`",
).meta({ description: "The client's name of the conversation.", example: "trip-to-oslo" });

/** The client's id of a message or of a run. */
export const MessageId = z.string().min(1).max(256);

/** The input of a tool call whose arguments are empty, since clients parse them as JSON. */
export const EMPTY_INPUT = "{}";

/** A request of a chat client. */
export interface ChatInput {
  /** The client's name of the conversation, undefined if its protocol has none. */
  readonly chatId: string | undefined;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  /** The id of the turn: a request that repeats it joins its run. Undefined if it always starts a new run. */
  readonly messageId: string | undefined;
  /** The client's own id of the run, or of the message that the run continues. */
  readonly clientRunId: string | undefined;
  /** The encoded parts of the message that the run continues. */
  readonly continued?: readonly string[] | undefined;
}
