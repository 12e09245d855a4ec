import { assert, assertEquals } from "@std/assert";
import { ChatClient, fetchServerSentEvents } from "@tanstack/ai-client";
import type { RunEnd } from "../../lib/topics/chat/part.ts";
import { until } from "../support/within.ts";
import { answerOf } from "./clients.ts";
import { createFakeServer } from "./fake_server.ts";
import { UI_CHATS, type UiChat } from "./ui_chats.ts";

const DONE: RunEnd = { type: "done", finishReason: "stop", usage: null };

/** Waits until a chat shows a text. */
async function untilText(chat: UiChat, text: string): Promise<void> {
  await until(
    `a chat that shows ${text}`,
    () => answerOf(chat.messages, undefined).text.includes(text) || undefined,
    { deadlineMs: 3_000, everyMs: 1 },
  );
}

/** The version that appends a replay to the parts it has, if it resumes without a reload. Nothing on the wire tells it not to. */
const KEEPS_PARTS = "ai 5";

for (const { name, create } of UI_CHATS) {
  const resumedText = name === KEEPS_PARTS
    ? "it repeats what it has shown"
    : "the answer shows once";
  Deno.test(`${name} resumes after a cut: ${resumedText}`, async () => {
    const { wire, nextRun } = createFakeServer();
    const chat = create(wire, { id: "chat-1" });
    const sent = chat.sendMessage({ text: "How is gold doing?" });
    const run = await nextRun();
    run.add({ kind: "reasoning", text: "Gold." }, { kind: "text", text: "Gold is " });
    await untilText(chat, "Gold is");
    wire.cut();
    await sent;
    assertEquals(chat.status, "error");
    run.add({ kind: "text", text: "up " });
    const resumed = chat.resumeStream();
    await untilText(chat, "up");
    run.add({ kind: "text", text: "by 1%." });
    run.finish(DONE);
    await resumed;
    const { text, reasoning, error } = answerOf(chat.messages, chat.error);
    const once = ["Gold is up by 1%.", "Gold.", null];
    const twice = ["Gold is Gold is up by 1%.", "Gold.Gold.", null];
    assertEquals([text, reasoning, error], name === KEEPS_PARTS ? twice : once);
    assertEquals(chat.messages.length, 2);
  });

  for (const stored of ["half of the answer", "the question alone", "nothing"] as const) {
    Deno.test(`${name} shows the whole answer once after a reload with ${stored}`, async () => {
      const { wire, nextRun } = createFakeServer();
      const before = create(wire, { id: "chat-1" });
      const sent = before.sendMessage({ text: "How is gold doing?" });
      const run = await nextRun();
      run.add({ kind: "text", text: "Gold is " });
      await untilText(before, "Gold is");
      const count = { "half of the answer": 2, "the question alone": 1, nothing: 0 }[stored];
      const messages = before.messages.slice(0, count);
      wire.cut();
      await sent;
      const reloaded = create(wire, { id: "chat-1", messages });
      const resumed = reloaded.resumeStream();
      await untilText(reloaded, "Gold is");
      run.add({ kind: "text", text: "up." });
      run.finish(DONE);
      await resumed;
      assertEquals(answerOf(reloaded.messages, reloaded.error).text, "Gold is up.");
      assertEquals(reloaded.messages.length, Math.max(count, count === 0 ? 1 : 2));
      // A finished run is replayed too.
      const again = create(wire, { id: "chat-1", messages: reloaded.messages });
      await again.resumeStream();
      assertEquals(again.messages, reloaded.messages);
    });
  }

  Deno.test(`${name} shows nothing on a device that resumes an unknown chat`, async () => {
    const { wire } = createFakeServer();
    const chat = create(wire, { id: "chat-1" });
    await chat.resumeStream();
    assertEquals([chat.status, chat.messages.length], ["ready", 0]);
  });

  Deno.test(`${name} replaces an answer that the user repeats`, async () => {
    const { wire, nextRun, inputs } = createFakeServer();
    const chat = create(wire, { id: "chat-1" });
    for (const [i, ask] of [() => chat.sendMessage({ text: "Gold?" }), chat.regenerate].entries()) {
      const asked = ask();
      const run = await nextRun();
      run.add({ kind: "text", text: `Answer ${i}` });
      run.finish(DONE);
      await asked;
    }
    assertEquals(answerOf(chat.messages, chat.error).text, "Answer 1");
    assertEquals(chat.messages.length, 2);
    assertEquals(inputs[1]?.messages, [{ role: "user", text: "Gold?" }]);
  });

  Deno.test(`${name} continues its message after a tool's result`, async () => {
    const { wire, nextRun, inputs } = createFakeServer();
    const chat = create(wire, { id: "chat-1", isAutomatic: true });
    const sent = chat.sendMessage({ text: "Gold?" });
    const first = await nextRun();
    first.add(
      { kind: "text", text: "I look it up. " },
      { kind: "tool", id: "call-1", name: "look_up", text: '{"symbol":"XAU-USD"}' },
    );
    first.finish({ type: "done", finishReason: "tool_calls", usage: null });
    await sent;
    chat.addToolResult({
      tool: "look_up" as never,
      toolCallId: "call-1",
      output: { price: "4200" } as never,
    });
    const second = await nextRun();
    second.add({ kind: "text", text: "4200." });
    second.finish(DONE);
    await until("an answer to the tool's result", () => chat.status === "ready" || undefined);
    assertEquals(answerOf(chat.messages, chat.error).text, "I look it up. 4200.");
    assertEquals(chat.messages.length, 2);
    assert(inputs[1]?.messages.some(({ role }) => role === "tool"));
  });
}

Deno.test("tanstack resumes after each cut by itself, without a second run, and shows the answer once", async () => {
  const { wire, nextRun } = createFakeServer();
  const connection = fetchServerSentEvents("http://localhost/v1/chat/agui", {
    fetchClient: wire.fetch,
    reconnect: { delayMs: 0 },
  });
  const client = new ChatClient({ connection, threadId: "chat-1" });
  const sent = client.sendMessage("How is gold doing?");
  const run = await nextRun();
  const shown = () =>
    client.getMessages().filter(({ role }) => role === "assistant").flatMap(({ parts }) => parts)
      .map((part) => part.type === "text" || part.type === "thinking" ? part.content : part.type);
  run.add({ kind: "reasoning", text: "Gold " });
  for (const [i, text] of ["metal.", "It is ", "up ", "by 1%."].entries()) {
    await until("a connection", () => wire.requests.length > i || undefined);
    run.add({ kind: i === 0 ? "reasoning" : "text", text });
    await until(`a client that shows ${text}`, () => shown().join().includes(text) || undefined);
    wire.cut();
  }
  run.finish(DONE);
  await sent;
  assertEquals(shown(), ["Gold metal.", "It is up by 1%."]);
  assertEquals(client.getError(), undefined);
  const cursors = wire.requests.map(({ headers }) => headers.get("last-event-id"));
  assertEquals(cursors.map((cursor) => cursor === null), [true, false, false, false, false]);
  client.dispose();
});
