import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../../../lib/core/problem.ts";
import { AguiChatBody, readAguiChat } from "../../../../lib/topics/chat/dialects/agui.ts";
import { readUiChat, UiChatBody } from "../../../../lib/topics/chat/dialects/ai_sdk.ts";
import {
  CompletionBody,
  OPENAI,
  OPENAI_WITH_USAGE,
  readCompletion,
} from "../../../../lib/topics/chat/dialects/openai.ts";

function uiChat(body: Record<string, unknown>) {
  return readUiChat(UiChatBody.parse({ id: "chat-1", ...body }));
}

function uiMessage(id: string, role: string, ...parts: readonly unknown[]) {
  return { id, role, parts };
}

const text = (text: string) => ({ type: "text", text });

const ASKED = uiMessage("user-1", "user", text("How is "), text("gold doing?"));

/** An assistant's message of two steps, of which the second awaits a tool. */
function answered(...states: readonly string[]) {
  return uiMessage(
    "assistant-1",
    "assistant",
    { type: "step-start" },
    { type: "reasoning", text: "The user means XAU." },
    text("I look it up."),
    ...states.map((state, i) => ({
      type: "tool-look_up",
      toolCallId: `call-${i}`,
      state,
      input: { symbol: "XAU-USD" },
      output: { price: "4200" },
      errorText: "no price",
    })),
    { type: "step-start" },
    text("It is up."),
  );
}

Deno.test("readUiChat() joins the run of a repeated message, and starts one for a repetition or an edit", () => {
  const messages = [ASKED];
  const submitted = uiChat({ messages, trigger: "submit-message" });
  assertEquals(submitted, {
    chatId: "chat-1",
    messages: [{ role: "user", text: "How is gold doing?" }],
    tools: [],
    messageId: "user-1",
    clientRunId: undefined,
  });
  const repeated = uiChat({ messages, trigger: "regenerate-message", messageId: "assistant-1" });
  assertEquals(repeated, { ...submitted, messageId: undefined });
  const edited = uiChat({ messages, trigger: "submit-message", messageId: "user-1" });
  assertEquals(edited, { ...submitted, messageId: undefined });
});

Deno.test("readUiChat() sends each step with its tool calls and their results, and omits calls without a result", () => {
  const { messages } = uiChat({
    messages: [
      ASKED,
      answered("output-available", "output-error", "input-available", "input-streaming"),
    ],
  });
  const input = '{"symbol":"XAU-USD"}';
  assertEquals(messages.slice(1), [
    {
      role: "assistant",
      text: "I look it up.",
      toolCalls: [
        { id: "call-0", name: "look_up", input },
        { id: "call-1", name: "look_up", input },
      ],
    },
    { role: "tool", text: '{"price":"4200"}', toolCallId: "call-0" },
    { role: "tool", text: "no price", toolCallId: "call-1" },
    { role: "assistant", text: "It is up." },
  ]);
});

Deno.test("readUiChat() continues the assistant's message after a tool's result: each result is a turn of its own", () => {
  const one = uiChat({ messages: [ASKED, answered("output-available", "input-available")] });
  const two = uiChat({ messages: [ASKED, answered("output-available", "output-available")] });
  assertEquals([one.clientRunId, two.clientRunId], ["assistant-1", "assistant-1"]);
  assert(one.messageId !== two.messageId);
});

Deno.test("readUiChat() keeps the continued message for replays, whose calls the client does not execute again", () => {
  const data = { type: "data-component", data: { id: "prices" } };
  const call = {
    type: "dynamic-tool",
    toolName: "list_all",
    toolCallId: "call-9",
    state: "output-error",
    errorText: "no list",
  };
  const { continued = [] } = uiChat({
    messages: [ASKED, uiMessage("assistant-1", "assistant", text("I look."), data, call)],
  });
  assertEquals(continued.map((chunk) => JSON.parse(chunk)), [
    { type: "text-start", id: "continued-0" },
    { type: "text-delta", id: "continued-0", delta: "I look." },
    { type: "text-end", id: "continued-0" },
    data,
    { type: "tool-input-start", toolCallId: "call-9", toolName: "list_all", dynamic: true },
    { type: "tool-input-delta", toolCallId: "call-9", inputTextDelta: "{}" },
    { type: "tool-output-error", toolCallId: "call-9", errorText: "no list" },
  ]);
  const long = uiMessage("assistant-1", "assistant", text("x".repeat(140_000)));
  assertEquals(uiChat({ messages: [ASKED, long] }).continued, undefined);
});

Deno.test("readUiChat() accepts parts that a model does not read, and refuses files", () => {
  const parts = [{ type: "data-component", data: {} }, {
    type: "source-url",
    url: "https://a.test",
  }];
  const messages = [uiMessage("user-1", "user", ...parts, text("Hi"))];
  assertEquals(uiChat({ messages, more: true }).messages, [{ role: "user", text: "Hi" }]);
  const file = { type: "file", mediaType: "image/png", url: "data:," };
  const refused = assertThrows(
    () => uiChat({ messages: [uiMessage("user-1", "user", file)] }),
    Problem,
  );
  assertEquals([refused.status, refused.code], [400, "unsupported_content"]);
});

Deno.test("UiChatBody accepts 1 to 200 messages, and ids of letters, digits, _ and -", () => {
  const isValid = (body: unknown) => UiChatBody.safeParse(body).success;
  assert(isValid({ id: "a_B-9", messages: Array(200).fill(ASKED) }));
  assert(!isValid({ id: "a_B-9", messages: Array(201).fill(ASKED) }));
  assert(!isValid({ id: "a_B-9", messages: [] }));
  for (const id of ["", "a/b", "a b", "a".repeat(129)]) {
    assert(!isValid({ id, messages: [ASKED] }), id);
  }
});

function aguiChat(body: Record<string, unknown>) {
  return readAguiChat(AguiChatBody.parse({ threadId: "chat-1", runId: "run-9", ...body }));
}

Deno.test("readAguiChat() reads messages, tools and context", () => {
  const input = aguiChat({
    protocolVersion: "1.0",
    state: {},
    forwardedProps: {},
    messages: [
      { id: "1", role: "developer", content: "Be brief." },
      { id: "2", role: "user", content: [{ type: "text", text: "Gold?" }] },
      { id: "3", role: "reasoning", content: "The user means XAU." },
      { id: "4", role: "activity", activityType: "plan", content: {} },
      {
        id: "5",
        role: "assistant",
        toolCalls: [{
          id: "call-1",
          type: "function",
          function: { name: "look_up", arguments: "{}" },
        }],
      },
      { id: "6", role: "tool", toolCallId: "call-1", content: "4200" },
    ],
    tools: [{ name: "look_up", description: "Looks up.", parameters: { type: "object" } }],
    context: [{ description: "page", value: "prices" }],
  });
  assertEquals(input, {
    chatId: "chat-1",
    messageId: "run-9",
    clientRunId: "run-9",
    messages: [
      { role: "system", text: "page: prices" },
      { role: "system", text: "Be brief." },
      { role: "user", text: "Gold?" },
      { role: "assistant", text: "", toolCalls: [{ id: "call-1", name: "look_up", input: "{}" }] },
      { role: "tool", text: "4200", toolCallId: "call-1" },
    ],
    tools: [{ name: "look_up", description: "Looks up.", parameters: { type: "object" } }],
  });
});

Deno.test("readAguiChat() refuses content that is not text", () => {
  const messages = [{ id: "1", role: "user", content: [{ type: "image", source: {} }] }];
  const refused = assertThrows(() => aguiChat({ messages }), Problem);
  assertEquals([refused.status, refused.code], [400, "unsupported_content"]);
});

function completion(body: Record<string, unknown>) {
  const messages = [{ role: "user", content: "Gold?" }];
  return readCompletion(CompletionBody.parse({ model: "gpt", messages, ...body }));
}

Deno.test("readCompletion() reads messages and tools", () => {
  const call = { id: "call-1", type: "function", function: { name: "look_up", arguments: "{}" } };
  const { messages, tools } = completion({
    temperature: 0,
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Go" }, { type: "text", text: "ld?" }] },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", content: "4200", tool_call_id: "call-1" },
      { role: "assistant", content: [{ type: "refusal", refusal: "No." }] },
    ],
    tools: [{ type: "function", function: { name: "look_up", parameters: { type: "object" } } }],
  });
  assertEquals(messages, [
    { role: "system", text: "Be brief." },
    { role: "user", text: "Gold?" },
    { role: "assistant", text: "", toolCalls: [{ id: "call-1", name: "look_up", input: "{}" }] },
    { role: "tool", text: "4200", toolCallId: "call-1" },
    { role: "assistant", text: "No." },
  ]);
  assertEquals(tools, [{ name: "look_up", parameters: { type: "object" } }]);
});

Deno.test("readCompletion() selects the stream, with its usage if the client asks for it", () => {
  assertEquals(completion({}).dialect, null);
  assertEquals(completion({ stream: true }).dialect, OPENAI);
  const options = { stream_options: { include_usage: true } };
  assertEquals(completion({ stream: true, ...options }).dialect, OPENAI_WITH_USAGE);
});

Deno.test("CompletionBody refuses several choices and tools that are no functions", () => {
  const messages = [{ role: "user", content: "Gold?" }];
  assert(!CompletionBody.safeParse({ messages, n: 2 }).success);
  assert(!CompletionBody.safeParse({ messages, tools: [{ type: "custom" }] }).success);
});

Deno.test("readCompletion() refuses content that is not text", () => {
  const content = [{ type: "image_url", image_url: { url: "https://a.test/a.png" } }];
  const refused = assertThrows(
    () => completion({ messages: [{ role: "user", content }] }),
    Problem,
    "`image_url`",
  );
  assertEquals([refused.status, refused.code], [400, "unsupported_content"]);
});
