import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { SIMULATED_MODEL } from "../../lib/demo/model.ts";
import { createDemoAt } from "../demo/support.ts";

const FRIDAY = Date.UTC(2026, 10, 20, 15, 30);

/** Asks the demo's model with OpenAI's own client. */
async function ask(content: string) {
  const { runtime, clock } = createDemoAt(FRIDAY);
  const client = new OpenAI({
    baseURL: SIMULATED_MODEL.url,
    apiKey: "a-key",
    maxRetries: 0,
    timeout: 10_000,
    fetch: (url, init) => runtime.fetch(new URL(String(url)), init ?? {}),
  });
  const stream = client.chat.completions.stream({
    model: SIMULATED_MODEL.name,
    messages: [{ role: "user", content }],
    stream_options: { include_usage: true },
  });
  const completion = stream.finalChatCompletion();
  let isSettled = false;
  const settle = () => void (isSettled = true);
  completion.then(settle, settle);
  // The client sends its request later than it is asked to.
  while (!isSettled) await clock.advance(1000);
  return await completion;
}

Deno.test("OpenAI's client reads the simulated model: text, tool calls and usage", async () => {
  const { choices, usage } = await ask("How is gold doing?");
  const [choice] = choices;
  assert(choice !== undefined);
  assert(choice.message.content?.startsWith("Gold is at $"));
  assertEquals(choice.finish_reason, "tool_calls");
  const calls = choice.message.tool_calls ?? [];
  assertEquals(calls.map((call) => call.type === "function" && call.function.name), [
    "show_table",
    "show_chart",
  ]);
  assert((usage?.completion_tokens ?? 0) > 50);
});

Deno.test("OpenAI's client reports an answer of the simulated model that is cut, and its error", async () => {
  await assertRejects(() => ask("How is gold doing? /cut"), Error, "finish_reason");
  await assertRejects(() => ask("How is gold doing? /error"), Error, "memory");
});
