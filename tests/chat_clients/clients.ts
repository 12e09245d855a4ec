/**
 * Real clients of chats behind one interface: what each makes of an answer.
 *
 * @module
 */
import { HttpAgent } from "@ag-ui/client";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatClient as TanStackClient, fetchServerSentEvents } from "@tanstack/ai-client";
import { streamText } from "ai";
import OpenAI from "openai";
import { z } from "zod";
import { USER_TOKEN } from "./server.ts";
import type { TestWire } from "./wire.ts";
import { UI_CHATS, type UiChatMessage } from "./ui_chats.ts";

/** A tool call as a client shows it. */
export interface ReceivedCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** An answer as a client shows it. */
export interface ReceivedAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ReceivedCall[];
  /** The types of the components. */
  readonly components: readonly string[];
  /** The message of the error that the client reports, null if it reports none. */
  readonly error: string | null;
}

/** A client that asks for one answer. */
export interface ChatClientUnderTest {
  readonly name: string;
  /** True if its protocol is OpenAI's, which names no chat and has no place for components. */
  readonly isOpenAi: boolean;
  ask(wire: TestWire, text: string): Promise<ReceivedAnswer>;
}

/** The chat of all clients. */
export const CHAT_ID = "chat-1";

const BASE_URL = "http://localhost/v1";

const ComponentData = z.object({ component: z.object({ type: z.string() }) });

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Parses the arguments of a call. Those of an incomplete one stay a text. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const UiPart = z.looseObject({
  type: z.string(),
  text: z.string().default(""),
  toolCallId: z.string().default(""),
  input: z.unknown().optional(),
  data: z.unknown().optional(),
});

/** Returns the content of the last answer of a chat. */
export function answerOf(
  messages: readonly UiChatMessage[],
  error: Error | undefined,
): ReceivedAnswer {
  const last = messages.at(-1);
  const parts = last?.role === "assistant" ? last.parts.map((part) => UiPart.parse(part)) : [];
  const textOf = (kind: string) =>
    parts.map(({ type, text }) => type === kind ? text : "").join("");
  return {
    text: textOf("text"),
    reasoning: textOf("reasoning"),
    calls: parts.filter(({ type }) => type.startsWith("tool-")).map((part) => ({
      id: part.toolCallId,
      name: part.type.slice("tool-".length),
      input: part.input,
    })),
    components: parts.filter(({ type }) => type === "data-component").map(({ data }) =>
      ComponentData.parse(data).component.type
    ),
    error: error?.message ?? null,
  };
}

const AI_SDK_CLIENTS = UI_CHATS.map((version): ChatClientUnderTest => ({
  name: version.name,
  isOpenAi: false,
  async ask(wire, text) {
    const chat = version.create(wire, { id: CHAT_ID });
    await chat.sendMessage({ text });
    return answerOf(chat.messages, chat.error);
  },
}));

const AGUI_CLIENT: ChatClientUnderTest = {
  name: "ag-ui",
  isOpenAi: false,
  async ask({ fetch }, text) {
    const components: string[] = [];
    let [error, reasoning]: [string | null, string] = [null, ""];
    const agent = new HttpAgent({ url: `${BASE_URL}/chat/agui`, threadId: CHAT_ID, fetch });
    agent.addMessage({ id: "message-1", role: "user", content: text });
    try {
      await agent.runAgent({}, {
        onCustomEvent({ event }) {
          components.push(ComponentData.parse(event.value).component.type);
        },
        onReasoningMessageContentEvent({ event }) {
          reasoning += event.delta;
        },
        onRunErrorEvent({ event }) {
          error = event.message;
        },
      });
    } catch (thrown) {
      error ??= messageOf(thrown);
    }
    const answers = agent.messages.filter(({ role }) => role === "assistant");
    const calls = answers.flatMap((answer) =>
      answer.role === "assistant" ? answer.toolCalls ?? [] : []
    );
    return {
      text: answers.map(({ content }) => content ?? "").join("|"),
      reasoning,
      calls: calls.map(({ id, function: called }) => ({
        id,
        name: called.name,
        input: inputOf(called.arguments),
      })),
      components,
      error,
    };
  },
};

const TANSTACK_CLIENT: ChatClientUnderTest = {
  name: "tanstack",
  isOpenAi: false,
  async ask(wire, text) {
    const components: string[] = [];
    const connection = fetchServerSentEvents(`${BASE_URL}/chat/agui`, { fetchClient: wire.fetch });
    const client = new TanStackClient({
      connection,
      threadId: CHAT_ID,
      onCustomEvent(_, data) {
        components.push(ComponentData.parse(data).component.type);
      },
    });
    await client.sendMessage(text);
    const answers = client.getMessages().filter(({ role }) => role === "assistant");
    const parts = answers.flatMap((answer) => answer.parts);
    const error = client.getError()?.message ?? null;
    client.dispose();
    // It leaves a timer of 0 ms behind.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return {
      text: parts.map((part) => part.type === "text" ? part.content : "").join(""),
      reasoning: parts.map((part) => part.type === "thinking" ? part.content : "").join(""),
      calls: parts.flatMap((part) =>
        part.type === "tool-call"
          ? [{ id: part.id, name: part.name, input: inputOf(part.arguments) }]
          : []
      ),
      components,
      error,
    };
  },
};

const ReasoningDelta = z.looseObject({ reasoning_content: z.string().default("") });

function openAi({ fetch }: TestWire): OpenAI {
  return new OpenAI({ baseURL: BASE_URL, apiKey: USER_TOKEN, fetch });
}

/** Returns the calls of functions. */
function callsOf(calls: readonly OpenAI.ChatCompletionMessageToolCall[]): ReceivedCall[] {
  return calls.flatMap((call) =>
    call.type === "function"
      ? [{
        id: call.id,
        name: call.function.name,
        input: inputOf(call.function.arguments),
      }]
      : []
  );
}

const OPENAI_CLIENT: ChatClientUnderTest = {
  name: "openai",
  isOpenAi: true,
  async ask(wire, text) {
    let reasoning = "";
    const stream = openAi(wire).chat.completions.stream({
      model: "demo",
      messages: [{ role: "user", content: text }],
    });
    stream.on("chunk", ({ choices }) => {
      reasoning += ReasoningDelta.parse(choices[0]?.delta ?? {}).reasoning_content;
    });
    let answered = "";
    stream.on("content", (delta) => {
      answered += delta;
    });
    try {
      const { choices } = await stream.finalChatCompletion();
      const calls = choices[0]?.message.tool_calls ?? [];
      return {
        text: choices[0]?.message.content ?? "",
        reasoning,
        calls: callsOf(calls),
        components: [],
        error: null,
      };
    } catch (thrown) {
      return { text: answered, reasoning, calls: [], components: [], error: messageOf(thrown) };
    }
  },
};

const OPENAI_WHOLE_CLIENT: ChatClientUnderTest = {
  name: "openai, no stream",
  isOpenAi: true,
  async ask(wire, text) {
    try {
      const { choices } = await openAi(wire).chat.completions.create({
        model: "demo",
        messages: [{ role: "user", content: text }],
      });
      const message = choices[0]?.message;
      return {
        text: message?.content ?? "",
        reasoning: ReasoningDelta.parse(message).reasoning_content,
        calls: callsOf(message?.tool_calls ?? []),
        components: [],
        error: null,
      };
    } catch (thrown) {
      return { text: "", reasoning: "", calls: [], components: [], error: messageOf(thrown) };
    }
  },
};

const COMPATIBLE_CLIENT: ChatClientUnderTest = {
  name: "openai-compatible",
  isOpenAi: true,
  async ask({ fetch }, text) {
    const provider = createOpenAICompatible({ name: "edgetape", baseURL: BASE_URL, fetch });
    let [answered, reasoning, error]: [string, string, string | null] = ["", "", null];
    const calls: ReceivedCall[] = [];
    const { fullStream } = streamText({
      model: provider("demo"),
      prompt: text,
      maxRetries: 0,
      onError: () => {},
    });
    for await (const part of fullStream) {
      if (part.type === "text-delta") answered += part.text;
      else if (part.type === "reasoning-delta") reasoning += part.text;
      else if (part.type === "tool-call") {
        calls.push({ id: part.toolCallId, name: part.toolName, input: part.input });
      } else if (part.type === "error") error = messageOf(part.error);
    }
    return { text: answered, reasoning, calls, components: [], error };
  },
};

export const CLIENTS: readonly ChatClientUnderTest[] = [
  ...AI_SDK_CLIENTS,
  AGUI_CLIENT,
  TANSTACK_CLIENT,
  OPENAI_CLIENT,
  OPENAI_WHOLE_CLIENT,
  COMPATIBLE_CLIENT,
];
