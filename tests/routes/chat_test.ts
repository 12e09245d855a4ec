/** The routes of the chat, over the demo's simulated model. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { SIMULATED_MODEL } from "../../lib/demo/model.ts";
import { type Client, createClient } from "../hub/support.ts";
import { figureIn } from "../metrics/exposition.ts";
import { createAppUnderTest, refusalOf, TOKEN, userOf } from "./support.ts";

/** Settings without a demo: a chat needs a user. */
const WITH_USERS = { DEMO: "0" };

/** A time longer than an answer about one instrument. */
const ANSWER_MS = 10_000;

const PROMPT = "How is gold doing?";

function createTest(env: Readonly<Record<string, string>> = {}) {
  const test = createAppUnderTest(env);
  let turns = 0;

  async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
    const flight = test.app.request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    await test.clock.advance(0);
    return await flight;
  }

  return {
    ...test,
    post,
    /** Asks in the AI SDK's dialect. */
    ask(
      { id = "c", text = PROMPT, messageId = `m${++turns}`, ...rest }: {
        id?: string;
        text?: string;
        messageId?: string;
        trigger?: string;
      } = {},
      headers: Record<string, string> = {},
    ): Promise<Response> {
      const messages = [{ id: messageId, role: "user", parts: [{ type: "text", text }] }];
      return post("/v1/chat", { id, messages, ...rest }, headers);
    },
    async get(path: string, headers: Record<string, string> = {}, method = "GET") {
      const flight = test.app.request(path, { method, headers });
      await test.clock.advance(0);
      return await flight;
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

/** Reads a response as it arrives. */
function read({ status, body }: Response): Client {
  assert(status === 200 && body !== null, `${status}`);
  return createClient(body).live();
}

/** Returns the text of an answer in the AI SDK's dialect or in native frames. */
function textOf({ frames }: Client): string {
  return frames.filter(({ data }) => data.startsWith("{")).map(({ data }) => {
    const { type, kind, delta, text } = JSON.parse(data);
    if (type === "text-delta") return delta;
    return kind === "text" ? text : "";
  }).join("");
}

/** Returns the types of the messages of an answer in the AI SDK's dialect, each run of equal ones once. */
function typesOf({ frames }: Client): string[] {
  const types = frames.map(({ data }) => data === "[DONE]" ? data : JSON.parse(data).type);
  return types.filter((type, i) => type !== types[i - 1]);
}

const EVENT_STREAM = { accept: "text/event-stream" };

Deno.test("POST /v1/chat streams the answer in the AI SDK's dialect, to its end", async () => {
  await using test = createTest();
  const response = await test.ask();
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(response.headers.get("x-vercel-ai-ui-message-stream"), "v1");
  const client = read(response);
  await test.clock.advance(ANSWER_MS);
  assertEquals(typesOf(client), [
    "start",
    "start-step",
    "text-start",
    "text-delta",
    "text-end",
    "data-component",
    "text-start",
    "text-delta",
    "text-end",
    "finish-step",
    "finish",
    "[DONE]",
  ]);
  assertMatch(textOf(client), /^Gold is at \$[\d,.]+ per troy ounce\./);
  assert(client.isEnded && client.frames.every(({ event }) => event === "message"));
});

Deno.test("GET /v1/chat/{id}/stream replays an answer in the middle and after its end, in both formats", async () => {
  await using test = createTest();
  const first = read(await test.ask());
  await test.clock.advance(400);
  const path = "/v1/chat/c/stream";
  const early = await test.get(path);
  assertEquals(early.headers.get("vary"), "Accept");
  const joined = [read(early), read(await test.get(path, EVENT_STREAM))];
  await test.clock.advance(ANSWER_MS);
  joined.push(read(await test.get(path)), read(await test.get(path, EVENT_STREAM)));
  await test.clock.advance(100);
  for (const client of joined) {
    assert(client.isEnded);
    assertEquals(textOf(client), textOf(first));
  }
  const runs = joined.map(({ frames }) => {
    const { messageId, topics } = JSON.parse(frames[0]?.data ?? "");
    return messageId ?? topics;
  });
  const { messageId } = JSON.parse(first.frames[0]?.data ?? "");
  assertEquals(runs, [messageId, ["chat/c"], messageId, ["chat/c"]]);
  assertEquals(joined[3]?.frames.map(({ event }) => event), [
    "sync",
    ...Array(4).fill("part"),
    "done",
    "bye",
  ]);
});

Deno.test("GET /v1/chat/{id}/stream answers 204 for a chat that is unknown, and 404 to a native client", async () => {
  await using test = createTest();
  assertEquals((await test.get("/v1/chat/none/stream")).status, 204);
  const native = await test.get("/v1/chat/none/stream", EVENT_STREAM);
  assertEquals(await refusalOf(native), [404, "unknown_chat"]);
});

Deno.test("GET /v1/chat/{id}/stream answers 204 to a native client that has received the end", async () => {
  await using test = createTest();
  read(await test.ask());
  await test.clock.advance(ANSWER_MS);
  const client = read(await test.get("/v1/chat/c/stream", EVENT_STREAM));
  await test.clock.advance(100);
  const again = await test.get("/v1/chat/c/stream", {
    ...EVENT_STREAM,
    "last-event-id": client.cursor,
  });
  assertEquals(again.status, 204);
});

Deno.test("a repeated message joins its answer, and regenerate-message starts another", async () => {
  await using test = createTest();
  const runOf = async (options: Parameters<typeof test.ask>[0]) => {
    const client = read(await test.ask(options));
    await test.clock.advance(400);
    return JSON.parse(client.frames[0]?.data ?? "").messageId;
  };
  const first = await runOf({ messageId: "m" });
  assertEquals(await runOf({ messageId: "m" }), first);
  const again = await runOf({ messageId: "m", trigger: "regenerate-message" });
  assert(again !== first);
  assertEquals(test.fetched.length, 2);
});

Deno.test("/v1/stream takes chats beside other topics, and names those that are gone", async () => {
  await using test = createTest();
  read(await test.ask());
  const client = await test.follow("/v1/stream?topics=chat/c,news");
  await test.clock.advance(ANSWER_MS);
  assertEquals(client.dataOf("sync").map((sync) => (sync as { topics: string[] }).topics), [
    ["chat/c", "news"],
  ]);
  assertEquals(client.frames.filter(({ event }) => event === "done").length, 1);
  const unknown = await test.get("/v1/stream?topics=chat/none,news", EVENT_STREAM);
  assertEquals(await refusalOf(unknown), [404, "unknown_topic"]);
  const resumed = await test.follow(
    `/v1/stream?topics=chat/none,news&last_event_id=${client.cursor}`,
  );
  const [sync] = resumed.dataOf("sync");
  assertEquals((sync as { gone: string[] }).gone, ["chat/none"]);
});

for (const [method, path] of [["POST", "/v1/chat/c/stop"], ["DELETE", "/v1/chat/c"]] as const) {
  Deno.test(`${method} ${path} stops the answer, again and again`, async () => {
    await using test = createTest();
    const client = read(await test.ask({ text: "/long" }));
    const native = read(await test.get("/v1/chat/c/stream", EVENT_STREAM));
    await test.clock.advance(1000);
    for (let time = 0; time < 2; time++) {
      const response = await test.get(path, {}, method);
      assertEquals([response.status, await response.json()], [200, { success: true }]);
    }
    await test.clock.advance(100);
    assertEquals(native.frames.at(-2)?.event, "stopped");
    assertEquals(JSON.parse(client.frames.at(-2)?.data ?? ""), {
      type: "finish",
      finishReason: "stop",
    });
    assert(client.isEnded && textOf(client) === textOf(native));
  });
}

Deno.test("a stop that names another run has no effect, and one of an unknown chat is refused", async () => {
  await using test = createTest();
  const client = read(await test.ask({ text: "/long" }));
  await test.clock.advance(1000);
  const { messageId } = JSON.parse(client.frames[0]?.data ?? "");
  await test.post("/v1/chat/c/stop", { activeStreamId: "another" });
  await test.clock.advance(100);
  assert(!client.isEnded);
  await test.post("/v1/chat/c/stop", { activeStreamId: messageId, assistantMessage: {} });
  await test.clock.advance(100);
  assert(client.isEnded);
  const unknown = await test.post("/v1/chat/none/stop", "");
  assertEquals(await refusalOf(unknown), [404, "unknown_chat"]);
  assertEquals(await refusalOf(await test.post("/v1/chat/c/stop", "{")), [400, "bad_request"]);
});

Deno.test("POST /v1/chat/completions answers in one piece without `stream`, and /v1/models names the model", async () => {
  await using test = createTest();
  const messages = [{ role: "user", content: PROMPT }];
  const flight = test.post("/v1/chat/completions", { model: "any", messages });
  await test.clock.advance(ANSWER_MS);
  const { object, model, choices } = await (await flight).json();
  assertEquals([object, model, choices[0].finish_reason], [
    "chat.completion",
    SIMULATED_MODEL.name,
    "stop",
  ]);
  assertMatch(choices[0].message.content, /^Gold is at/);
  const { data } = await (await test.get("/v1/models")).json();
  assertEquals(data.map(({ id }: { id: string }) => id), [SIMULATED_MODEL.name]);
});

Deno.test("a client that leaves while it waits for an answer in one piece stops being its reader", async () => {
  await using test = createTest({ CHAT_ORPHAN_S: "5" });
  const client = new AbortController();
  const settled = Promise.withResolvers<void>();
  const messages = [{ role: "user", content: "/long" }];
  const flight = test.app.request("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages }),
    signal: client.signal,
  }, { completed: settled.promise });
  await test.clock.advance(1000);
  assertEquals([test.services.chat.openRuns, test.services.budget.inUse], [1, 1]);
  client.abort();
  assertEquals(await refusalOf(await flight), [503, "run_moved"]);
  settled.resolve(); // the runtime waits for the response, even if nobody does
  await test.clock.advance(0);
  assertEquals(test.services.budget.inUse, 0);
  await test.clock.advance(6000);
  assertEquals(test.services.chat.openRuns, 0);
  assert(!test.lines.join("\n").includes("request failed"), test.lines.join("\n"));
});

Deno.test("POST /v1/chat/agui with Last-Event-ID receives the rest of its run, and never starts one", async () => {
  await using test = createTest();
  const body = {
    threadId: "c",
    runId: "r1",
    messages: [{ id: "m", role: "user", content: PROMPT }],
    tools: [],
    context: [],
    state: {},
  };
  const deltasOf = ({ frames }: Client) =>
    frames.map(({ data }) => JSON.parse(data)).filter(({ type }) => type.endsWith("_CONTENT"))
      .map(({ delta }) => delta).join("");
  const early = await test.post("/v1/chat/agui", body, { "last-event-id": "1-1" });
  assertEquals(await refusalOf(early), [404, "unknown_chat"]);
  const whole = read(await test.post("/v1/chat/agui", body));
  const cut = read(await test.post("/v1/chat/agui", body));
  await test.clock.advance(500);
  await cut.hangUp();
  const rest = read(await test.post("/v1/chat/agui", body, { "last-event-id": cut.cursor }));
  await test.clock.advance(ANSWER_MS);
  assert(deltasOf(cut) !== "");
  assertEquals(deltasOf(cut) + deltasOf(rest), deltasOf(whole));
  assertEquals(JSON.parse(rest.frames.at(-1)?.data ?? "").type, "RUN_FINISHED");
  assertEquals(test.fetched.length, 1);
});

Deno.test("a chat needs a user, whose token includes it; in a demo anyone may chat", async () => {
  await using test = createTest(WITH_USERS);
  const publisher = { authorization: `Bearer ${TOKEN}` };
  const limited = userOf("ann", ["chat/other"]);
  for (const [method, path] of [["GET", "/v1/chat/c/stream"], ["DELETE", "/v1/chat/c"]] as const) {
    const send = (headers: Record<string, string>) => test.get(path, headers, method);
    assertEquals(await refusalOf(await send({})), [401, "token_needed"]);
    assertEquals(await refusalOf(await send(publisher)), [403, "not_a_user"]);
    assertEquals(await refusalOf(await send(limited)), [403, "topic_not_allowed"]);
    assertEquals(await refusalOf(await send({ authorization: "Bearer demo" })), [401, "bad_token"]);
  }
  assertEquals(await refusalOf(await test.ask()), [401, "token_needed"]);
  assertEquals(await refusalOf(await test.ask({}, limited)), [403, "topic_not_allowed"]);
  assertEquals(await refusalOf(await test.get("/v1/models")), [401, "token_needed"]);

  await using demo = createTest();
  for (const headers of [{}, { authorization: "Bearer demo" }]) {
    const client = read(await demo.ask({}, headers));
    await demo.clock.advance(ANSWER_MS);
    assert(client.isEnded);
  }
});

Deno.test("GET /v1/chat/agui replays a run of its owner by the client's id, as HEAD says", async () => {
  await using test = createTest(WITH_USERS);
  const [ann, bob] = [userOf("ann"), userOf("bob")];
  const messages = [{ id: "m", role: "user", content: PROMPT }];
  const whole = read(
    await test.post("/v1/chat/agui", { threadId: "c", runId: "r1", messages }, ann),
  );
  await test.clock.advance(500);
  const path = "/v1/chat/agui?runId=r1";
  const joined = read(await test.get(`${path}&offset=-1`, ann));
  await test.clock.advance(ANSWER_MS);
  const typeOf = ({ data }: { readonly data: string }) => JSON.parse(data).type;
  assertEquals(typeOf(joined.frames[0] ?? { data: "{}" }), "RUN_STARTED");
  assertEquals(joined.frames.at(-1), whole.frames.at(-1));
  const inUse = test.services.budget.inUse;
  const head = await test.get(path, ann, "HEAD");
  assertEquals([head.status, head.body, test.services.budget.inUse], [200, null, inUse]);
  for (const [url, headers] of [[path, bob], ["/v1/chat/agui?runId=r2", ann]] as const) {
    assertEquals(await refusalOf(await test.get(url, headers)), [404, "unknown_chat"]);
  }
  assertEquals((await refusalOf(await test.get(path)))[0], 401);
  const other = await test.get(path, userOf("ann", ["chat/other"]));
  assertEquals((await refusalOf(other))[0], 403);
  assertEquals(test.fetched.length, 1);
});

Deno.test("a chat is its owner's alone, and another user may have one of the same name", async () => {
  await using test = createTest(WITH_USERS);
  const [ann, bob] = [userOf("ann"), userOf("bob")];
  read(await test.ask({}, ann));
  await test.clock.advance(500);
  assertEquals((await test.get("/v1/chat/c/stream", bob)).status, 204);
  const native = await test.get("/v1/chat/c/stream", { ...EVENT_STREAM, ...bob });
  assertEquals(await refusalOf(native), [404, "unknown_chat"]);
  const stop = await test.get("/v1/chat/c", bob, "DELETE");
  assertEquals(await refusalOf(stop), [404, "unknown_chat"]);
  const stream = await test.get("/v1/stream?topics=chat/c", { ...EVENT_STREAM, ...bob });
  assertEquals(await refusalOf(stream), [404, "unknown_topic"]);
  read(await test.ask({}, bob));
  await test.clock.advance(500);
  const own = await test.follow("/v1/stream?topics=chat/c", userOf("ann", ["chat/c"]));
  const bobs = await test.follow("/v1/chat/c/stream", bob);
  const runOf = (client: Client) => JSON.parse(client.frames[1]?.data ?? "").run;
  assert(runOf(own) !== undefined && runOf(own) !== runOf(bobs));
});

Deno.test("a ticket opens the native stream of a chat", async () => {
  await using test = createTest(WITH_USERS);
  const ann = userOf("ann");
  read(await test.ask({}, ann));
  const issued = await test.post("/v1/tickets", { topics: ["chat/c"] }, ann);
  const { ticket } = await issued.json();
  const client = await test.follow(`/v1/chat/c/stream?ticket=${ticket}`);
  await test.clock.advance(ANSWER_MS);
  assertEquals(client.frames.at(-2)?.event, "done");
});

Deno.test("without CHAT_UPSTREAM_URL the chat is off", async () => {
  await using test = createTest({ CHAT_UPSTREAM_URL: "", CHAT_MODEL: "" });
  assertEquals(await refusalOf(await test.ask()), [503, "chat_off"]);
  assertEquals(await refusalOf(await test.get("/v1/models")), [503, "chat_off"]);
});

Deno.test("a request is bounded: its bytes, its messages, the open answers and the streams of its caller", async () => {
  await using test = createTest({ CHAT_RUNS_PER_USER: "2", STREAMS_PER_CLIENT: "3" });
  const large = await test.ask({ text: "x".repeat(1_048_576) });
  assertEquals(await refusalOf(large), [413, "body_too_large"]);
  const message = { id: "m", role: "user", parts: [] };
  const many = await test.post("/v1/chat", { id: "c", messages: Array(201).fill(message) });
  assertEquals(await refusalOf(many), [400, "bad_parameters"]);
  read(await test.ask({ id: "a" }));
  const second = read(await test.ask({ id: "b" }));
  assertEquals(await refusalOf(await test.ask({ id: "c" })), [429, "too_many_runs"]);
  read(await test.get("/v1/chat/a/stream"));
  const full = await test.ask({ id: "a" }, EVENT_STREAM);
  assertEquals(await refusalOf(full), [429, "busy_client"]);
  await second.hangUp();
  const free = await test.get("/v1/chat/b/stream");
  assertEquals(free.status, 200);
  await free.body?.cancel();
});

Deno.test("a failed answer says so, in words of its own", async () => {
  for (const fault of ["/cut", "/error"]) {
    await using test = createTest();
    const client = read(await test.ask({ text: `${PROMPT} ${fault}` }));
    await test.clock.advance(ANSWER_MS);
    const types = typesOf(client);
    assertEquals(types.slice(-4), ["error", "finish-step", "finish", "[DONE]"], fault);
    const messages = [{ role: "user", content: fault }];
    const flight = test.post("/v1/chat/completions", { messages });
    await test.clock.advance(ANSWER_MS);
    assertEquals((await refusalOf(await flight))[0], 503);
  }
});

Deno.test("a preflight of a chat route allows any header, and one of another route does not", async () => {
  await using test = createTest();
  const allowed = async (path: string) => {
    const response = await test.get(path, {
      origin: "https://example.com",
      "access-control-request-method": "POST",
      "access-control-request-headers": "x-stainless-os,authorization",
    }, "OPTIONS");
    return response.headers.get("access-control-allow-headers") ?? "";
  };
  for (const path of ["/v1/chat", "/v1/chat/completions", "/v1/chat/c/stop", "/v1/models"]) {
    assertMatch(await allowed(path), /x-stainless-os/);
  }
  assert(!(await allowed("/v1/news")).includes("x-stainless-os"));
});

Deno.test("HEAD of a chat's stream says whether it exists, and takes no slot", async () => {
  await using test = createTest();
  const client = read(await test.ask());
  await test.clock.advance(ANSWER_MS);
  assert(client.isEnded);
  const inUse = test.services.budget.inUse;
  for (const headers of [{}, EVENT_STREAM]) {
    const response = await test.get("/v1/chat/c/stream", headers, "HEAD");
    assertEquals([response.status, response.body], [200, null]);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
  }
  assertEquals((await test.get("/v1/chat/none/stream", {}, "HEAD")).status, 204);
  assertEquals(test.services.budget.inUse, inUse);
});

Deno.test("neither a log line nor a metric contains a question or an answer", async () => {
  await using test = createTest();
  read(await test.ask({ text: `${PROMPT} the-secret-question /error` }));
  const client = await test.follow("/v1/chat/c/stream");
  await test.clock.advance(ANSWER_MS);
  assertMatch(textOf(client), /Gold is at/);
  const metrics = await (await test.get("/metrics")).text();
  const output = [metrics, ...test.lines].join("\n");
  for (const secret of ["the-secret-question", "How is gold", "Gold is at"]) {
    assert(!output.includes(secret), secret);
  }
});

Deno.test("metrics count the open answers, and each end once by its outcome", async () => {
  await using test = createTest();
  read(await test.ask({ text: "/cut" }));
  read(await test.ask({ id: "d" }));
  const figures = async () => {
    const text = await (await test.get("/metrics")).text();
    const outcomes = ["done", "stopped", "upstream_incomplete", "interrupted"];
    return [
      figureIn(text, "chat_runs_open"),
      ...outcomes.map((outcome) => figureIn(text, "chat_runs_total", { outcome })),
    ];
  };
  assertEquals(await figures(), [2, 0, 0, 0, 0]);
  await test.clock.advance(ANSWER_MS);
  await test.get("/v1/chat/c", {}, "DELETE");
  assertEquals(await figures(), [0, 1, 0, 1, 0]);
});

Deno.test("an isolate that drains fails its answers, and takes no other", async () => {
  await using test = createTest();
  const client = read(await test.ask({ text: "/long" }));
  await test.clock.advance(1000);
  const drained = test.services.drain();
  await test.clock.advance(100);
  await drained;
  assert(client.isEnded);
  assert(typesOf(client).includes("error"));
  assertEquals(await refusalOf(await test.ask()), [503, "busy_drain"]);
});
