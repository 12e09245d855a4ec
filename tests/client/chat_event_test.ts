import { assertEquals, assertThrows } from "@std/assert";
import { normalize } from "../../lib/client/client/chat_event.js";
import { messageText, reduceMessage } from "../../lib/client/client/chat_message.js";

type Message = Parameters<typeof reduceMessage>[0];

const EMPTY: Message = { id: "a", role: "assistant", parts: [], state: "open" };

/** Reads an answer from the data of frames. */
function answerOf(frames: readonly unknown[], type?: string): Message {
  return frames
    .flatMap((data) => normalize({ ...type && { type }, data: JSON.stringify(data) }))
    .reduce(reduceMessage, EMPTY);
}

Deno.test("normalize() reads an answer in native frames", () => {
  const events = [
    ...normalize({ type: "sync", data: `{"resumed":false}` }),
    ...normalize({ type: "part", data: `{"run":"r","kind":"reasoning","text":"Hm"}` }),
    ...normalize({ type: "part", data: `{"run":"r","kind":"text","text":"Gold "}` }),
    ...normalize({ type: "part", data: `{"run":"r","kind":"text","text":"rose."}` }),
    ...normalize({ type: "done", data: `{"run":"r","finish_reason":"stop"}` }),
  ];
  assertEquals(events.reduce(reduceMessage, EMPTY), {
    ...EMPTY,
    parts: [{ kind: "reasoning", text: "Hm" }, { kind: "text", text: "Gold rose." }],
    state: "done",
  });
});

Deno.test("normalize() begins an answer anew after a native sync that does not resume", () => {
  const before: Message = { ...EMPTY, parts: [{ kind: "text", text: "Gold" }] };
  const apply = (data: string) => normalize({ type: "sync", data }).reduce(reduceMessage, before);
  assertEquals(apply(`{"resumed":false}`).parts, []);
  assertEquals(apply(`{"resumed":true}`).parts, before.parts);
});

Deno.test("normalize() reads an answer of the AI SDK's UI message stream", () => {
  const answer = answerOf([
    { type: "start", messageId: "run-1" },
    { type: "start-step" },
    { type: "reasoning-start", id: "1" },
    { type: "reasoning-delta", id: "1", delta: "Hm" },
    { type: "text-start", id: "2" },
    { type: "text-delta", id: "2", delta: "Gold " },
    { type: "text-delta", id: "2", delta: "rose." },
    { type: "text-end", id: "2" },
    { type: "tool-input-start", toolCallId: "t", toolName: "look_up" },
    { type: "tool-input-delta", toolCallId: "t", inputTextDelta: `{"symbol":` },
    { type: "tool-input-delta", toolCallId: "t", inputTextDelta: `"XAU-USD"}` },
    {
      type: "tool-input-available",
      toolCallId: "t",
      toolName: "look_up",
      input: { symbol: "XAU-USD" },
    },
    { type: "tool-output-available", toolCallId: "t", output: { price: "4173.86" } },
    {
      type: "data-component",
      data: {
        id: "c",
        operation: "create",
        component: { id: "c", type: "table", data: { rows: [] } },
      },
    },
    { type: "an-unknown-type" },
    { type: "finish", finishReason: "stop" },
  ]);
  assertEquals(answer, {
    ...EMPTY,
    parts: [
      { kind: "reasoning", text: "Hm" },
      { kind: "text", text: "Gold rose." },
      {
        kind: "tool",
        id: "t",
        name: "look_up",
        text: `{"symbol":"XAU-USD"}`,
        input: { symbol: "XAU-USD" },
        output: { price: "4173.86" },
      },
      { kind: "component", id: "c", component: { id: "c", type: "table", data: { rows: [] } } },
    ],
    state: "done",
  });
  assertEquals(normalize({ data: "[DONE]" }), []);
});

Deno.test("normalize() reports errors and aborts of every format", () => {
  const error = answerOf([{ type: "error", errorText: "The model failed." }]);
  assertEquals([error.state, error.error], ["failed", "The model failed."]);
  const vanna = answerOf([{ type: "error", data: { message: "No database." } }]);
  assertEquals([vanna.state, vanna.error], ["failed", "No database."]);
  assertEquals(answerOf([{ type: "abort" }]).state, "stopped");
  assertEquals(
    answerOf([{ run: "r", code: "too_long", detail: "Too long." }], "failed").error,
    "Too long.",
  );
  assertEquals(answerOf([{ run: "r" }], "stopped").state, "stopped");
});

/** The component types of Vanna 2.0. */
const VANNA_TYPES = [
  ...["text", "card", "container", "status_card", "progress_display", "log_viewer", "badge"],
  ...["icon_text", "task_list", "progress_bar", "button", "button_group", "table", "dataframe"],
  ...["chart", "code_block", "status_indicator", "notification", "alert", "artifact"],
  ...["status_bar_update", "task_tracker_update", "chat_input_update", "tool_execution"],
];

for (const type of VANNA_TYPES) {
  Deno.test(`normalize() keeps a Vanna component of type ${type} with its data`, () => {
    const rich = {
      id: "c",
      type,
      lifecycle: "create",
      data: { content: "<b>x</b>" },
      children: [],
    };
    const answer = answerOf([{ rich, conversation_id: "1", request_id: "2", timestamp: 3 }]);
    assertEquals(answer.parts, [{ kind: "component", id: "c", component: rich }]);
  });
}

Deno.test("reduceMessage() applies the operations of Vanna's components", () => {
  const create = (id: string) => ({
    rich: { id, type: "badge", lifecycle: "create", data: { label: id, count: 1 } },
  });
  const change = (rich: Readonly<Record<string, unknown>>) => ({ rich });
  const ids = ({ parts }: Message) => parts.map((part) => part.kind === "component" ? part.id : "");
  const two = [create("a"), create("b")];
  const dataOf = ({ parts }: Message, index: number) => {
    const part = parts[index];
    return part?.kind === "component" ? part.component["data"] : undefined;
  };

  const updated = answerOf([
    ...two,
    change({ operation: "update", target_id: "a", updates: { count: 2 } }),
  ]);
  assertEquals(dataOf(updated, 0), { label: "a", count: 2 });
  const replaced = answerOf([
    ...two,
    change({
      operation: "replace",
      target_id: "a",
      component: { id: "a", type: "alert", data: { level: "info" } },
    }),
  ]);
  assertEquals(dataOf(replaced, 0), { level: "info" });
  assertEquals(ids(answerOf([...two, change({ operation: "remove", target_id: "a" })])), ["b"]);
  assertEquals(
    ids(answerOf([...two, change({ operation: "reorder", target_id: "b", position: 0 })])),
    ["b", "a"],
  );
  const bulk = answerOf([
    ...two,
    change({
      operation: "bulk_update",
      target_id: "*",
      updates: { a: { count: 5 }, b: { count: 6 } },
    }),
  ]);
  assertEquals([dataOf(bulk, 0), dataOf(bulk, 1)], [{ label: "a", count: 5 }, {
    label: "b",
    count: 6,
  }]);
  assertEquals(ids(answerOf([...two, change({ operation: "remove", target_id: "unknown" })])), [
    "a",
    "b",
  ]);
});

Deno.test("normalize() reads the plain text of a Vanna chunk without a component, and its end", () => {
  const answer = answerOf([{ simple: { type: "text", text: "Gold rose." } }, {
    type: "completion",
  }]);
  assertEquals([messageText(answer), answer.state], ["Gold rose.", "done"]);
});

Deno.test("normalize() refuses data that is not JSON", () => {
  assertThrows(() => normalize({ data: "{" }), SyntaxError);
});

Deno.test("normalize() reads a bulk_update of Vanna that names no component", () => {
  const answer = answerOf([
    { rich: { id: "c", type: "badge", lifecycle: "create", data: { text: "Old" } } },
    { rich: { operation: "bulk_update", updates: { c: { text: "New" } } } },
  ]);
  assertEquals(answer.parts.map((part) => part.kind === "component" && part.component.data), [
    { text: "New" },
  ]);
});

Deno.test("reduceMessage() keeps the text around a component without content", () => {
  for (const data of [{ id: "c", operation: "update", component: null }, { id: "c" }, undefined]) {
    const answer = answerOf([
      { type: "text-delta", delta: "Before. " },
      { type: "data-component", data },
      { type: "text-delta", delta: "After." },
      { type: "finish" },
    ]);
    assertEquals([messageText(answer), answer.state], ["Before. After.", "done"]);
  }
});
