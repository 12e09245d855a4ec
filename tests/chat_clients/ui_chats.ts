/**
 * `useChat` of the AI SDK without React, in each version that the server supports.
 *
 * @module
 */
import { Chat as Chat5 } from "@ai-sdk/react-5";
import { Chat as Chat6 } from "@ai-sdk/react-6";
import { Chat as Chat7 } from "@ai-sdk/react";
import {
  DefaultChatTransport as Transport7,
  lastAssistantMessageIsCompleteWithToolCalls as isAnswered7,
} from "ai";
import {
  DefaultChatTransport as Transport5,
  lastAssistantMessageIsCompleteWithToolCalls as isAnswered5,
} from "ai-5";
import {
  DefaultChatTransport as Transport6,
  lastAssistantMessageIsCompleteWithToolCalls as isAnswered6,
} from "ai-6";
import type { TestWire } from "./wire.ts";

/** A message of a chat. */
export interface UiChatMessage {
  readonly id: string;
  readonly role: string;
  readonly parts: readonly { readonly type: string }[];
}

/** The part of a chat that tests use. */
export interface UiChat {
  readonly messages: readonly UiChatMessage[];
  readonly status: string;
  readonly error: Error | undefined;
  readonly sendMessage: (message: { readonly text: string }) => Promise<void>;
  readonly regenerate: () => Promise<void>;
  readonly resumeStream: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly addToolResult: (
    result: { readonly tool: never; readonly toolCallId: string; readonly output: never },
  ) => unknown;
}

/** The options of a chat. */
export interface UiChatOptions {
  readonly id: string;
  /** The messages that the device has stored. */
  readonly messages?: readonly UiChatMessage[];
  /** True if a tool's result is sent without the user. */
  readonly isAutomatic?: boolean;
}

/** A version of the AI SDK. */
export interface UiChatVersion {
  readonly name: string;
  create(wire: TestWire, options: UiChatOptions): UiChat;
}

const API = "http://localhost/v1/chat";

export const UI_CHATS: readonly UiChatVersion[] = [
  {
    name: "ai 5",
    create: ({ fetch }, { id, messages, isAutomatic = false }) =>
      new Chat5({
        id,
        messages: structuredClone(messages ?? []) as never[],
        transport: new Transport5({ api: API, fetch }),
        sendAutomaticallyWhen: (chat) => isAutomatic && isAnswered5(chat),
      }),
  },
  {
    name: "ai 6",
    create: ({ fetch }, { id, messages, isAutomatic = false }) =>
      new Chat6({
        id,
        messages: structuredClone(messages ?? []) as never[],
        transport: new Transport6({ api: API, fetch }),
        sendAutomaticallyWhen: (chat) => isAutomatic && isAnswered6(chat),
      }),
  },
  {
    name: "ai 7",
    create: ({ fetch }, { id, messages, isAutomatic = false }) =>
      new Chat7({
        id,
        messages: structuredClone(messages ?? []) as never[],
        transport: new Transport7({ api: API, fetch }),
        sendAutomaticallyWhen: (chat) => isAutomatic && isAnswered7(chat),
      }),
  },
];
