import { assert, assertEquals, assertFalse, assertNotEquals } from "@std/assert";
import { z } from "zod";
import type { ChatPart } from "../../../../lib/topics/chat/part.ts";
import { createVannaUpstream } from "../../../../lib/topics/chat/upstreams/vanna.ts";
import { createNetwork, json } from "../../../upstream/support.ts";
import {
  type Answer,
  DONE_FRAME,
  eventStream,
  failureOfAnswer,
  framesOf,
  QUESTION,
  readAnswer,
} from "./support.ts";

const OPTIONS = { url: "http://vanna.internal:8000", model: "vanna" };

function answerOf(response: Response): Promise<Answer> {
  const { runtime } = createNetwork(() => response);
  return readAnswer(createVannaUpstream(runtime, OPTIONS));
}

/** Returns a chunk as Vanna sends it. */
function chunkOf(rich: unknown, simple: unknown = null) {
  return { rich, simple, conversation_id: "c", request_id: "r", timestamp: 1_769_990_400.5 };
}

/** Returns a rich component with its fields in `data`, as Vanna serialises it. */
function component(
  type: string,
  data: Readonly<Record<string, unknown>>,
  { id = `${type}-1`, lifecycle = "create" } = {},
) {
  return {
    id,
    type,
    lifecycle,
    children: [],
    timestamp: "2026-02-02T00:00:00.000000",
    visible: true,
    interactive: false,
    data,
  };
}

function text(content: string, { id = "text-1", lifecycle = "create" } = {}) {
  return chunkOf(component("text", { content, markdown: true }, { id, lifecycle }));
}

async function partsOf(...messages: readonly unknown[]): Promise<readonly ChatPart[]> {
  return (await answerOf(eventStream([framesOf(...messages), DONE_FRAME]))).parts;
}

/** All component types of Vanna 2.0 besides `text`, and the legacy one. */
const COMPONENT_TYPES = [
  ...["card", "container", "status_card", "progress_display", "log_viewer", "badge", "icon_text"],
  ...["task_list", "progress_bar", "button", "button_group", "table", "dataframe", "chart"],
  ...["code_block", "status_indicator", "notification", "alert", "artifact", "status_bar_update"],
  ...["task_tracker_update", "chat_input_update", "tool_execution"],
];

for (const type of COMPONENT_TYPES) {
  Deno.test(`answer() passes a component of type ${type} on with all its fields, in each of its lifecycles`, async () => {
    for (const lifecycle of ["create", "update", "replace", "remove"] as const) {
      // The task tracker has an operation of its own, which is not one of the component.
      const rich = component(type, { operation: "add_task", title: "Gold", rows: [1] }, {
        lifecycle,
      });
      assertEquals(await partsOf(chunkOf(rich)), [
        { kind: "component", id: `${type}-1`, operation: lifecycle, component: rich },
      ]);
    }
  });
}

Deno.test("answer() passes an unknown type of component on", async () => {
  const rich = component("map", { places: [] });
  const [part] = await partsOf(chunkOf(rich));
  assert(part?.kind === "component");
  assertEquals(part.component, rich);
});

Deno.test("answer() passes every operation on the component tree on", async () => {
  for (
    const operation of ["create", "update", "replace", "remove", "reorder", "bulk_update"] as const
  ) {
    const change = {
      operation,
      target_id: "card-1",
      component: operation === "remove" ? null : component("card", { title: "Gold" }),
      updates: { title: "Gold" },
      position: { index: 0, anchor_id: null, relation: "after" },
      timestamp: "2026-02-02T00:00:00.000000",
      batch_id: null,
    };
    assertEquals(await partsOf(chunkOf(change)), [
      { kind: "component", id: "card-1", operation, component: change },
    ]);
  }
});

Deno.test("answer() adds the simple counterpart of a component to it", async () => {
  const rich = component("dataframe", { data: [{ price: 4165 }] });
  const simple = { type: "text", text: "1 row", semantic_type: null, metadata: null };
  const [part] = await partsOf(chunkOf(rich, simple));
  assert(part?.kind === "component");
  assertEquals(part.component, { ...rich, simple });
});

Deno.test("answer() makes text of a text component, each in a paragraph, without its simple counterpart", async () => {
  const simple = { type: "text", text: "Gold." };
  const first = chunkOf(component("text", { content: "Gold.", markdown: true }), simple);
  assertEquals(await partsOf(first, text("Silver.", { id: "text-2" })), [
    { kind: "text", text: "Gold.\n\nSilver." },
  ]);
});

Deno.test("answer() makes text of simple components that come alone, with links as in Markdown", async () => {
  const parts = await partsOf(
    chunkOf({}, { type: "text", text: "Gold." }),
    chunkOf(null, { type: "link", url: "https://a.example/", text: "Read" }),
    chunkOf(null, { type: "image", url: "https://a.example/x.png", alt_text: "Chart" }),
  );
  assertEquals(parts, [{
    kind: "text",
    text: "Gold.\n\n[Read](https://a.example/)\n\n![Chart](https://a.example/x.png)",
  }]);
});

Deno.test("answer() continues the text of a component that grows, as a component or as a change of the tree", async () => {
  const update = { lifecycle: "update" };
  const change = chunkOf({
    operation: "update",
    target_id: "text-1",
    component: component("text", { content: "Gold is up." }, update),
    updates: { content: "Gold is up." },
  });
  const parts = await partsOf(text(""), text("Gold", update), text("Gold is", update), change);
  assertEquals(parts, [{ kind: "text", text: "Gold is up." }]);
});

Deno.test("answer() reports text that changes or goes as a change of its component", async () => {
  const kinds = async (...messages: readonly unknown[]) =>
    (await partsOf(text("Gold"), ...messages)).map((part) =>
      part.kind === "component" ? part.operation : part.kind
    );
  assertEquals(await kinds(text("Silver", { lifecycle: "replace" })), ["text", "replace"]);
  assertEquals(await kinds(text("Gold", { lifecycle: "remove" })), ["text", "remove"]);
  const later = text("Later.", { id: "text-2" });
  assertEquals(await kinds(later, text("Gold is up", { lifecycle: "update" })), ["text", "update"]);
});

Deno.test("answer() ends with [DONE] or a completion, and has no finish without", async () => {
  const finish = { kind: "finish", finishReason: "stop", usage: null } as const;
  const endOf = async (end: string) =>
    (await answerOf(eventStream([framesOf(text("Gold")), end]))).finish;
  assertEquals(await endOf(DONE_FRAME), finish);
  assertEquals(await endOf(framesOf({ type: "completion", data: { status: "done" } })), finish);
  assertEquals(await endOf(""), null);
});

const ERRORS: Readonly<Record<string, () => Response>> = {
  "an error in the stream": () =>
    eventStream([framesOf(text("Go"), { type: "error", data: { message: "secret" } })]),
  "data that is not JSON": () => eventStream(["data: secret\n\n"]),
  "a message that is no object": () => eventStream([framesOf("secret")]),
  "a component without an id": () => eventStream([framesOf(chunkOf({ type: "secret" }))]),
  "an unknown operation": () => eventStream([framesOf(chunkOf({ operation: "secret" }))]),
  "a text component without content": () =>
    eventStream([framesOf(chunkOf(component("text", { secret: 1 })))]),
  "a simple component of an unknown type": () =>
    eventStream([framesOf(chunkOf({}, { type: "secret" }))]),
};

for (const [error, respond] of Object.entries(ERRORS)) {
  Deno.test(`answer() of Vanna reports ${error} in words of its own`, async () => {
    const { code, message } = await failureOfAnswer(answerOf(respond()));
    assertEquals(code, "upstream_failed");
    assertFalse(message.includes("secret"));
  });
}

Deno.test("answer() of Vanna has no finish if the response is JSON without an answer", async () => {
  assertEquals(await answerOf(json({ detail: "secret" })), { parts: [], finish: null });
});

const VannaRequest = z.strictObject({
  message: z.string(),
  conversation_id: z.string().regex(/^chat_[0-9a-f]{32}$/),
  user_id: z.string(),
});

Deno.test("answer() of Vanna sends the last question, in a conversation of the owner alone", async () => {
  const bodies: z.infer<typeof VannaRequest>[] = [];
  const { runtime, calls } = createNetwork((_, { body }) => {
    bodies.push(VannaRequest.parse(JSON.parse(String(body))));
    return eventStream([DONE_FRAME]);
  });
  const upstream = createVannaUpstream(runtime, { ...OPTIONS, apiKey: "secret" });
  const messages = [
    ...QUESTION.messages,
    { role: "assistant", text: "Up." },
    { role: "user", text: "And silver?" },
  ] as const;
  await readAnswer(upstream, { ...QUESTION, messages });
  await readAnswer(upstream, { ...QUESTION, owner: "bob" });
  await readAnswer(upstream, QUESTION);
  const [first, other, same] = bodies;
  assertEquals([first?.message, first?.user_id], ["And silver?", "ada"]);
  assertNotEquals(first?.conversation_id, other?.conversation_id);
  assertEquals(first?.conversation_id, same?.conversation_id);
  assertEquals(calls[0]?.url, "http://vanna.internal:8000/api/vanna/v2/chat_sse");
  assertEquals(calls[0]?.headers.get("authorization"), "Bearer secret");
});
