import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { z } from "zod";
import type { ChatRequest } from "../../../../lib/topics/chat/upstream.ts";
import { createOpenAiUpstream } from "../../../../lib/topics/chat/upstreams/openai.ts";
import { createNetwork, endless, json } from "../../../upstream/support.ts";
import {
  type Answer,
  DONE_FRAME,
  eventStream,
  failureOfAnswer,
  framesOf,
  QUESTION,
  readAnswer,
} from "./support.ts";

const OPTIONS = { url: "http://10.0.0.7:11434/v1", model: "llama", apiKey: "secret" };

function createUpstreamOf(respond: () => Response | Promise<Response>) {
  const requests: { readonly url: string; readonly init: RequestInit }[] = [];
  const { runtime, clock } = createNetwork(({ url }, init) => {
    requests.push({ url, init });
    return respond();
  });
  return { upstream: createOpenAiUpstream(runtime, OPTIONS), requests, clock };
}

function answerOf(response: Response, request?: ChatRequest): Promise<Answer> {
  return readAnswer(createUpstreamOf(() => response).upstream, request);
}

/** Returns a chunk with a delta, and with a finish reason if it ends the answer. */
function chunk(delta: Readonly<Record<string, unknown>>, finishReason: string | null = null) {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
}

function toolChunk(call: Readonly<Record<string, unknown>>) {
  return chunk({ tool_calls: [call] });
}

const STOP = chunk({}, "stop");

/** Returns the parts of a stream that ends well. */
async function partsOf(values: readonly unknown[], request?: ChatRequest) {
  return (await answerOf(eventStream([framesOf(...values, STOP), DONE_FRAME]), request)).parts;
}

Deno.test("answer() streams text, and ends with the reason and the usage", async () => {
  const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
  const frames = framesOf(
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Gold is " }),
    chunk({ content: "up." }),
    STOP,
    { choices: [], usage },
  );
  assertEquals(await answerOf(eventStream([frames, DONE_FRAME])), {
    parts: [{ kind: "text", text: "Gold is up." }],
    finish: {
      kind: "finish",
      finishReason: "stop",
      usage: { input_tokens: 9, output_tokens: 2 },
    },
  });
});

Deno.test("answer() reads reasoning by both of its names, once", async () => {
  const parts = await partsOf([
    chunk({ reasoning_content: "Let " }),
    chunk({ reasoning: "me " }),
    chunk({ reasoning_content: "think.", reasoning: "think." }),
    chunk({ content: "Up." }),
  ]);
  assertEquals(parts, [
    { kind: "reasoning", text: "Let me think." },
    { kind: "text", text: "Up." },
  ]);
});

Deno.test("answer() passes a refusal of the model on as text", async () => {
  assertEquals(await partsOf([chunk({ content: null, refusal: "I cannot." })]), [
    { kind: "text", text: "I cannot." },
  ]);
});

Deno.test("answer() keeps parallel tool calls apart by their index", async () => {
  const parts = await partsOf([
    toolChunk({ index: 0, id: "a", function: { name: "price", arguments: "" } }),
    toolChunk({ index: 1, id: "b", function: { name: "news", arguments: '{"q"' } }),
    toolChunk({ index: 0, function: { arguments: '{"s":1}' } }),
    toolChunk({ index: 1, function: { arguments: ":2}" } }),
  ]);
  const textOf = (id: string) =>
    parts.flatMap((part) => part.kind === "tool" && part.id === id ? [part.text] : []).join("");
  assertEquals([textOf("a"), textOf("b")], ['{"s":1}', '{"q":2}']);
  assertEquals(new Set(parts.map((part) => part.kind === "tool" && part.name)).size, 2);
});

Deno.test("answer() starts a new call for a new id, even at an index that is in use", async () => {
  const parts = await partsOf([
    toolChunk({ index: 0, id: "a", function: { name: "price", arguments: "{}" } }),
    toolChunk({ index: 0, id: "b", function: { name: "price", arguments: "{}" } }),
  ]);
  assertEquals(parts.map((part) => part.kind === "tool" && part.id), ["a", "b"]);
});

Deno.test("answer() announces a call without arguments, and gives a call without an id one", async () => {
  const parts = await partsOf([toolChunk({ index: 0, function: { name: "list" } })]);
  assert(parts[0]?.kind === "tool");
  assertEquals([parts[0].name, parts[0].text], ["list", ""]);
  assert(parts[0].id.length > 10);
});

const TABLE = { title: "Prices", columns: [{ key: "name", title: "Name" }], rows: [] };
const TABLE_CALLS = [
  toolChunk({
    index: 0,
    id: "t",
    function: { name: "show_table", arguments: '{"title":"Prices",' },
  }),
  toolChunk({ index: 1, id: "c", function: { name: "show_chart", arguments: '{"data"' } }),
  toolChunk({ index: 0, function: { arguments: JSON.stringify(TABLE).slice(18) } }),
  toolChunk({ index: 1, function: { arguments: ":[]}" } }),
];

Deno.test("answer() turns calls of show_table and show_chart into components, after which nothing is awaited", async () => {
  const frames = framesOf(...TABLE_CALLS, chunk({ content: "There." }), chunk({}, "tool_calls"));
  const { parts, finish } = await answerOf(eventStream([frames]));
  assertEquals(parts, [
    {
      kind: "component",
      id: "t",
      operation: "create",
      component: { id: "t", type: "table", lifecycle: "create", data: TABLE },
    },
    {
      kind: "component",
      id: "c",
      operation: "create",
      component: { id: "c", type: "chart", lifecycle: "create", data: { data: [] } },
    },
    { kind: "text", text: "There." },
  ]);
  assertEquals(finish?.finishReason, "stop");
});

Deno.test("answer() leaves a call of show_table to a client that offers the tool", async () => {
  const frames = framesOf(...TABLE_CALLS, chunk({}, "tool_calls"));
  const { parts, finish } = await answerOf(eventStream([frames]), {
    ...QUESTION,
    tools: [{ name: "show_table" }],
  });
  assert(parts.some((part) => part.kind === "tool" && part.name === "show_table"));
  assert(parts.some((part) => part.kind === "component" && part.id === "c"));
  assertEquals(finish?.finishReason, "tool_calls");
});

Deno.test("answer() fails on a component whose arguments are not an object, and drops one that the token limit cut", async () => {
  const call = toolChunk({ index: 0, id: "t", function: { name: "show_table", arguments: "[" } });
  const failure = await failureOfAnswer(answerOf(eventStream([framesOf(call, STOP)])));
  assertEquals(failure.code, "upstream_failed");
  const cut = await answerOf(eventStream([framesOf(call, chunk({}, "length"))]));
  assertEquals(cut.parts, []);
  assertEquals(cut.finish?.finishReason, "length");
});

Deno.test("answer() fails on components whose arguments exceed an answer, and does not wait for their end", async () => {
  const name = "show_table";
  const call = (index: number, text: string) =>
    toolChunk({ index, id: `call_${index}`, function: { name, arguments: text } });
  const piece = `{"rows":"${"x".repeat(65_000)}`;
  for (
    const frames of [[0, 0, 0, 0, 0], [0, 1, 2, 3, 4]].map((all) => all.map((n) => call(n, piece)))
  ) {
    const failure = await failureOfAnswer(answerOf(eventStream([framesOf(...frames)])));
    assertEquals(failure.code, "too_long");
  }
});

Deno.test("answer() parses the arguments of an incomplete component once, however much text follows", async () => {
  const TEXTS = 100;
  const half = '{"rows":["only half';
  const frames = [
    toolChunk({ index: 0, id: "c", function: { name: "show_table", arguments: half } }),
    ...Array.from({ length: TEXTS }, () => chunk({ content: "x" })),
    chunk({}, "length"),
  ];
  const { parse } = JSON;
  let parses = 0;
  JSON.parse = (text, ...rest) => {
    if (text === half) parses++;
    return parse(text, ...rest);
  };
  try {
    const { parts } = await answerOf(eventStream([framesOf(...frames), DONE_FRAME]));
    assertEquals(parts, [{ kind: "text", text: "x".repeat(TEXTS) }]);
  } finally {
    JSON.parse = parse;
  }
  assertEquals(parses, 1);
});

Deno.test("answer() maps finish reasons, and calls an unknown one other", async () => {
  const reasons = {
    stop: "stop",
    length: "length",
    content_filter: "content_filter",
    function_call: "stop",
    eos: "other",
  };
  for (const [reason, expected] of Object.entries(reasons)) {
    const { finish } = await answerOf(eventStream([framesOf(chunk({}, reason))]));
    assertEquals(finish?.finishReason, expected, reason);
  }
  const call = toolChunk({ index: 0, id: "a", function: { name: "price", arguments: "{}" } });
  const { finish } = await answerOf(eventStream([framesOf(call, chunk({}, "tool_calls"))]));
  assertEquals(finish?.finishReason, "tool_calls");
});

Deno.test("answer() has no finish without a finish reason, with or without [DONE]", async () => {
  for (const end of ["", DONE_FRAME, framesOf(chunk({}, ""))]) {
    const { parts, finish } = await answerOf(
      eventStream([framesOf(chunk({ content: "Go" })), end]),
    );
    assertEquals([parts.length, finish], [1, null]);
  }
});

Deno.test("answer() reads a finish reason that comes with the last text, and needs no [DONE]", async () => {
  const { parts, finish } = await answerOf(
    eventStream([framesOf(chunk({ content: "Up." }, "stop"))]),
  );
  assertEquals(parts, [{ kind: "text", text: "Up." }]);
  assertEquals(finish, { kind: "finish", finishReason: "stop", usage: null });
});

Deno.test("answer() reads nothing after [DONE]", async () => {
  const { parts } = await answerOf(
    eventStream([framesOf(STOP), DONE_FRAME, framesOf(chunk({ content: "more" }))]),
  );
  assertEquals(parts, []);
});

Deno.test("answer() ignores comments, CRLF, empty data, unknown fields, other choices and chunks without one", async () => {
  const frames = [
    ": OPENROUTER PROCESSING\r\n\r\n",
    "data:\r\n\r\n",
    framesOf(
      { choices: [], prompt_filter_results: [] },
      { choices: [{ index: 1, delta: { content: "other" } }] },
      { ...chunk({ content: "Up.", annotations: [] }), service_tier: "default", x: null },
      STOP,
    ).replaceAll("\n", "\r\n"),
    DONE_FRAME.replaceAll("\n", "\r\n"),
  ];
  assertEquals((await answerOf(eventStream(frames))).parts, [{ kind: "text", text: "Up." }]);
});

Deno.test("answer() reads a whole completion of an upstream that does not stream", async () => {
  const message = {
    role: "assistant",
    content: "Up.",
    reasoning_content: "Hm.",
    tool_calls: [
      { id: "a", type: "function", function: { name: "price", arguments: "{}" } },
      { id: "b", type: "function", function: { name: "news", arguments: "{}" } },
    ],
  };
  const completion = {
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: "tool_calls" }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  };
  assertEquals(await answerOf(json(completion)), {
    parts: [
      { kind: "reasoning", text: "Hm." },
      { kind: "text", text: "Up." },
      { kind: "tool", id: "a", name: "price", text: "{}" },
      { kind: "tool", id: "b", name: "news", text: "{}" },
    ],
    finish: {
      kind: "finish",
      finishReason: "tool_calls",
      usage: { input_tokens: 1, output_tokens: 2 },
    },
  });
});

const ERRORS: Readonly<Record<string, () => Response>> = {
  "an error in the stream": () =>
    eventStream([framesOf(chunk({ content: "Go" }), { error: { message: "secret" } })]),
  "an error object of vLLM": () => eventStream([framesOf({ object: "error", message: "secret" })]),
  "a finish reason `error`": () => eventStream([framesOf(chunk({}, "error"))]),
  "an error with 200": () => json({ error: { message: "secret" } }),
  "data that is not JSON": () => eventStream(["data: {secret\n\n"]),
  "data of another shape": () => eventStream([framesOf({ choices: "secret" })]),
  "a tool call without a name": () =>
    eventStream([framesOf(toolChunk({ index: 0, function: { arguments: "secret" } }))]),
  "a page": () => new Response("<p>secret", { headers: { "content-type": "text/html" } }),
  "no content type": () => new Response(new Uint8Array([115])),
};

for (const [error, respond] of Object.entries(ERRORS)) {
  Deno.test(`answer() reports ${error} in words of its own`, async () => {
    const { code, message } = await failureOfAnswer(answerOf(respond()));
    assertEquals(code, "upstream_failed");
    assertFalse(message.includes("secret"));
    assert(message.startsWith("The model's service "), message);
  });
}

Deno.test("answer() reports a refusal by its status, and says what to do", async () => {
  const cases = [[401, "CHAT_API_KEY"], [404, "CHAT_MODEL"], [429, "later"], [
    500,
    "later",
  ]] as const;
  for (const [status, advice] of cases) {
    const failure = await failureOfAnswer(answerOf(json({ error: "secret" }, { status })));
    assertEquals(failure.code, "upstream_refused");
    assert(failure.message.includes(`HTTP ${status}`) && failure.message.includes(advice));
    assertFalse(failure.message.includes("secret"));
  }
});

Deno.test("answer() follows no redirect, because the request has a key", async () => {
  const { upstream, requests } = createUpstreamOf(() =>
    new Response(null, { status: 307, headers: { location: "https://other.example/" } })
  );
  const failure = await failureOfAnswer(readAnswer(upstream));
  assertEquals([failure.code, requests.length], ["upstream_refused", 1]);
  assert(failure.message.includes("CHAT_UPSTREAM_URL"));
  assertEquals(requests[0]?.init.redirect, "manual");
});

Deno.test("answer() is complete if the connection breaks after the finish reason, and fails if it breaks before", async () => {
  const breakAfter = (frames: string) => {
    let isSent = false;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (isSent) return controller.error(new TypeError("reset by secret"));
        isSent = true;
        controller.enqueue(new TextEncoder().encode(frames));
      },
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  assertEquals((await answerOf(breakAfter(framesOf(STOP)))).finish?.finishReason, "stop");
  const failure = await failureOfAnswer(answerOf(breakAfter(framesOf(chunk({ content: "Go" })))));
  assertEquals(failure.code, "upstream_failed");
  assertFalse(failure.message.includes("secret"));
});

Deno.test("answer() times out without a first byte, and after a silence", async () => {
  for (const pieces of [[], [": ok\n\n"]]) {
    const { state, response } = endless(pieces, {
      headers: { "content-type": "text/event-stream" },
    });
    const { upstream, clock } = createUpstreamOf(() => response);
    const failure = failureOfAnswer(readAnswer(upstream));
    await clock.advance(59_999);
    assertFalse(state.isCancelled);
    await clock.advance(1);
    assertEquals((await failure).code, "upstream_timeout");
    assert(state.isCancelled);
    assertEquals(clock.timers, 0);
  }
});

Deno.test("answer() ends with its signal, and cancels the request", async () => {
  const { state, response } = endless([framesOf(chunk({ content: "Go" }))], {
    headers: { "content-type": "text/event-stream" },
  });
  const { upstream, requests, clock } = createUpstreamOf(() => response);
  const controller = new AbortController();
  const answer = readAnswer(upstream, QUESTION, controller.signal);
  await clock.advance(1000);
  controller.abort(new Error("stopped"));
  await assertRejects(() => answer, Error, "stopped");
  assert(state.isCancelled);
  assert(requests[0]?.init.signal?.aborted);
  assertEquals(clock.timers, 0);
});

Deno.test("answer() cancels the request when its reader returns", async () => {
  const { state, response } = endless([framesOf(chunk({ content: "Go" }))], {
    headers: { "content-type": "text/event-stream" },
  });
  const { upstream, clock } = createUpstreamOf(() => response);
  for await (const part of upstream.answer(QUESTION, new AbortController().signal)) {
    assertEquals(part, { kind: "text", text: "Go" });
    break;
  }
  assert(state.isCancelled);
  assertEquals(clock.timers, 0);
});

const WireRequest = z.object({
  model: z.string(),
  messages: z.array(z.unknown()),
  tools: z.array(z.unknown()).optional(),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.literal(true) }),
});

Deno.test("answer() sends the conversation with its tools, the model and the key, also to a private address", async () => {
  const { upstream, requests } = createUpstreamOf(() => eventStream([framesOf(STOP)]));
  await readAnswer(upstream, {
    ...QUESTION,
    messages: [
      { role: "system", text: "Be brief." },
      { role: "user", text: "Gold?" },
      { role: "assistant", text: "", toolCalls: [{ id: "a", name: "price", input: "{}" }] },
      { role: "tool", text: "4165", toolCallId: "a" },
    ],
    tools: [{ name: "price", description: "A price", parameters: { type: "object" } }],
  });
  const [request] = requests;
  assert(request !== undefined);
  assertEquals(request.url, "http://10.0.0.7:11434/v1/chat/completions");
  const headers = new Headers(request.init.headers);
  assertEquals(headers.get("authorization"), "Bearer secret");
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(WireRequest.parse(JSON.parse(String(request.init.body))), {
    model: "llama",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Gold?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "a", type: "function", function: { name: "price", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "a", content: "4165" },
    ],
    tools: [{
      type: "function",
      function: { name: "price", description: "A price", parameters: { type: "object" } },
    }],
    stream: true,
    stream_options: { include_usage: true },
  });
});

Deno.test("createOpenAiUpstream() takes the URL of the endpoint as well as its base", async () => {
  const urls = {
    "https://api.example.com/v1/": "https://api.example.com/v1/chat/completions",
    "https://api.example.com/v1/chat/completions": "https://api.example.com/v1/chat/completions",
    "https://api.example.com/deployments/x/chat/completions?api-version=1":
      "https://api.example.com/deployments/x/chat/completions?api-version=1",
  };
  for (const [url, expected] of Object.entries(urls)) {
    const { runtime, calls } = createNetwork(() => eventStream([framesOf(STOP)]));
    await readAnswer(createOpenAiUpstream(runtime, { url, model: "m" }));
    assertEquals(calls[0]?.url, expected);
    assertEquals(calls[0]?.headers.get("authorization"), null);
  }
});
