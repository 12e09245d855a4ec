import { assert, assertEquals } from "@std/assert";
import type { ChatPart } from "../../lib/topics/chat/part.ts";
import { CLIENTS } from "./clients.ts";
import { createFakeServer } from "./fake_server.ts";

/** An answer in which calls of tools overlap, and a character is cut. */
const PARTS: readonly ChatPart[] = [
  { kind: "reasoning", text: "The user " },
  { kind: "reasoning", text: "means gold." },
  { kind: "text", text: "Gold is " },
  { kind: "text", text: "up \ud83d" },
  { kind: "text", text: "\udcc8\r\nby 1%." },
  {
    kind: "component",
    id: "prices",
    operation: "create",
    component: { type: "table", simple: { type: "text", text: "Gold 4200" } },
  },
  { kind: "component", id: "prices", operation: "update", component: { type: "table" } },
  { kind: "text", text: "Silver?" },
  { kind: "tool", id: "call-1", name: "look_up", text: '{"symbol":' },
  { kind: "tool", id: "call-2", name: "list_all", text: "" },
  { kind: "tool", id: "call-1", name: "look_up", text: '"XAG-USD"}' },
];

const TEXT = "Gold is up \u{1f4c8}\r\nby 1%.";

for (const { name, hasComponents, ask } of CLIENTS) {
  Deno.test(`${name} shows text, reasoning, components and tool calls of an answer`, async () => {
    const { wire, nextRun } = createFakeServer();
    const asked = ask(wire, "How is gold doing?");
    const run = await nextRun();
    for (const part of PARTS) run.add(part);
    run.finish({
      type: "done",
      finishReason: "tool_calls",
      usage: { input_tokens: 10, output_tokens: 20 },
    });
    assertEquals(await asked, {
      text: hasComponents ? `${TEXT}Silver?` : `${TEXT}\n\nGold 4200\n\nSilver?`,
      reasoning: "The user means gold.",
      calls: [
        { id: "call-1", name: "look_up", input: { symbol: "XAG-USD" } },
        { id: "call-2", name: "list_all", input: {} },
      ],
      components: hasComponents ? ["table", "table"] : [],
      error: null,
    });
    assertEquals(wire.openResponses, 0);
  });
}

const DETAIL = "The model's service answered nothing for 60 s. Try again.";

for (const { name, ask } of CLIENTS) {
  Deno.test(`${name} reports that a run failed, in the server's words`, async () => {
    const { wire, nextRun } = createFakeServer();
    const asked = ask(wire, "How is gold doing?");
    const run = await nextRun();
    run.add({ kind: "text", text: "Gold is " }, {
      kind: "tool",
      id: "call-1",
      name: "look_up",
      text: '{"sym',
    });
    run.finish({ type: "failed", code: "upstream_timeout", detail: DETAIL });
    const { text, error } = await asked;
    const isWhole = name === "openai, no stream";
    assertEquals(text, isWhole ? "" : "Gold is ");
    assert(error?.includes(DETAIL), String(error));
    // A repeated request would cost another answer.
    assertEquals(wire.requests.length, 1);
  });

  Deno.test(`${name} takes a stopped run for a complete answer`, async () => {
    const { wire, nextRun } = createFakeServer();
    const asked = ask(wire, "How is gold doing?");
    const run = await nextRun();
    run.add({ kind: "text", text: "Gold is " });
    run.finish({ type: "stopped" });
    const { text, error } = await asked;
    assertEquals([text, error], ["Gold is ", null]);
  });

  Deno.test(`${name} shows an empty answer`, async () => {
    const { wire, nextRun } = createFakeServer();
    const asked = ask(wire, "How is gold doing?");
    const run = await nextRun();
    run.finish({ type: "done", finishReason: "stop", usage: null });
    const { text, error, calls } = await asked;
    assertEquals([text, error, calls], ["", null, []]);
  });
}
