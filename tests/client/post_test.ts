import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CHAT_URL,
  createChatStream,
  createProblem,
  frame,
  startChat,
  token,
} from "./chat_server.ts";

const DONE = frame("done", {}, 9);
const SYNC = frame("sync", { heartbeat_ms: 1000 }, 1);
const MAX_FAILURES = 20;
const MAX_BACKOFF_MS = 30_000;

Deno.test("stream() delivers events every 50 ms, and the last ones immediately", async () => {
  const chatStream = createChatStream();
  const { response, write } = chatStream;
  const { clock, batches, end, requests } = startChat([response]);
  await clock.advance(0);
  write(SYNC + token(2, "a"));
  write(token(3, "b"));
  await clock.advance(49);
  assertEquals(batches, []);
  await clock.advance(1);
  assertEquals(batches, [["a", "b"]]);
  write(token(4, "c") + frame("heartbeat", 1, 4));
  write(DONE + frame("bye", { reason: "finished", retry_ms: 1 }));
  assertEquals(await end, "done");
  assertEquals(batches, [["a", "b"], ["c", "done"]]);
  await clock.advance(0);
  assertEquals([clock.timers, chatStream.isCancelled], [0, true]);
  assertEquals(requests.map(({ method, url, body }) => [method, url, body]), [
    ["POST", CHAT_URL, `{"question":"?"}`],
  ]);
  assertEquals(requests[0]?.headers.get("content-type"), "application/json");
  assertEquals(requests[0]?.headers.get("accept"), "text/event-stream");
});

Deno.test("stream() that is aborted delivers the received events and releases all resources", async () => {
  const { response, write } = createChatStream();
  const abort = new AbortController();
  const { clock, batches, end } = startChat([response], { signal: abort.signal });
  await clock.advance(0);
  write(token(2, "a"));
  await clock.advance(10);
  abort.abort(new Error("enough"));
  await assertRejects(() => end, Error, "enough");
  assertEquals([batches, clock.timers], [[["a"]], 0]);
});

Deno.test("stream() that is aborted during a delay ends immediately", async () => {
  const abort = new AbortController();
  const { clock, requests, end } = startChat(["lost"], { signal: abort.signal });
  await clock.advance(0);
  abort.abort();
  await assertRejects(() => end, DOMException, "abort");
  assertEquals([requests.length, clock.timers], [1, 0]);
});

Deno.test("stream() that is cut resumes at its Location, after the last id, and does not repeat the POST", async () => {
  const [first, second, third] = [createChatStream(), createChatStream(), createChatStream({})];
  const headers = { authorization: "Bearer x" };
  const { clock, requests, batches, end } = startChat(
    [first.response, "lost", second.response, third.response],
    { headers },
  );
  await clock.advance(0);
  first.write(SYNC + token(2, "a") + `event: token\ndata: {"te`);
  await clock.advance(50);
  first.cut();
  await clock.advance(5000);
  second.write(frame("sync", { heartbeat_ms: 1000 }, 2));
  await clock.advance(0);
  second.cut();
  await clock.advance(7000);
  third.write(SYNC.replace("1-1", "1-2") + token(3, "b") + DONE);
  assertEquals(await end, "done");
  assertEquals(batches.flat(), ["a", "b", "done"]);
  const resumedUrl = "https://edge.test/v1/chat/7/stream?last_event_id=1-2";
  assertEquals(requests.map(({ method, url }) => `${method} ${url}`), [
    `POST ${CHAT_URL}`,
    ...Array(3).fill(`GET ${resumedUrl}`),
  ]);
  for (const { headers } of requests) assertEquals(headers.get("authorization"), "Bearer x");
});

Deno.test("stream() resumes at resumeUrl", async () => {
  const [first, second] = [createChatStream({}), createChatStream({})];
  const { clock, requests, end } = startChat([first.response, second.response], {
    resumeUrl: "chat/1",
  });
  await clock.advance(0);
  first.cut();
  await clock.advance(1500);
  second.write(DONE);
  assertEquals(await end, "done");
  assertEquals(requests[1]?.url, "https://edge.test/v1/chat/1");
});

for (
  const [resource, headers] of [
    ["without a Location", {}],
    ["with a Location at another origin", { location: "https://other.test/v1/chat/7" }],
  ] as const
) {
  Deno.test(`stream() ${resource} fails when it is cut, and does not repeat the POST`, async () => {
    const { response, write, cut } = createChatStream(headers);
    const { clock, requests, batches, end } = startChat([response]);
    await clock.advance(0);
    write(token(2, "a"));
    await clock.advance(1);
    cut();
    await assertRejects(() => end, Error, "cut off");
    assertEquals([requests.length, batches], [1, [["a"]]]);
  });
}

Deno.test("stream() repeats the POST with one idempotency key until a server accepts it", async () => {
  const { response, write } = createChatStream();
  const { clock, requests, end } = startChat(["lost", new Response("", { status: 502 }), response]);
  await clock.advance(10_000);
  write(DONE);
  assertEquals(await end, "done");
  assertEquals(requests.map(({ method }) => method), ["POST", "POST", "POST"]);
  const keys = new Set(requests.map(({ headers }) => headers.get("idempotency-key")));
  assertEquals(keys.size, 1);
  assert([...keys].every((key) => key !== null && /^[\d.-]{10,128}$/.test(key)));
});

Deno.test("stream() sends the idempotency key of its headers", async () => {
  const headers = { "Idempotency-Key": "mine" };
  const { clock, requests, end } = startChat([createProblem(404, "No chat")], { headers });
  await assertRejects(() => end);
  assertEquals(requests[0]?.headers.get("idempotency-key"), "mine");
  assertEquals(clock.timers, 0);
});

Deno.test("stream() waits for retry_after_ms of a busy server, and repeats the POST only until a server has accepted it", async () => {
  const [busy, accepted, busyAgain, last] = [
    createChatStream({}),
    createChatStream(),
    createChatStream({}),
    createChatStream({}),
  ];
  const busyFrame = frame("busy", { reason: "isolate", retry_after_ms: 5000 });
  const { clock, requests, end } = startChat(
    [busy, accepted, busyAgain, last].map(({ response }) => response),
  );
  busy.write(busyFrame);
  busy.end();
  await clock.advance(4999);
  assertEquals(requests.length, 1);
  await clock.advance(1);
  assertEquals(requests.length, 2);
  accepted.cut();
  await clock.advance(4000);
  busyAgain.write(busyFrame);
  busyAgain.end();
  await clock.advance(10_000);
  last.write(DONE);
  assertEquals(await end, "done");
  assertEquals(requests.map(({ method }) => method), ["POST", "POST", "GET", "GET"]);
});

Deno.test("stream() waits for Retry-After", async () => {
  const { response, write } = createChatStream();
  const refusal = createProblem(503, "Full", { "retry-after": "7" });
  const { clock, requests, end } = startChat([refusal, response]);
  await clock.advance(6999);
  assertEquals(requests.length, 1);
  await clock.advance(1);
  write(DONE);
  assertEquals(await end, "done");
});

for (const status of [400, 401, 403, 404, 422, 500, 503]) {
  Deno.test(`stream() fails with the server's detail at a ${status}`, async () => {
    const { requests, end, clock } = startChat([createProblem(status, "Set CHAT_UPSTREAM_URL.")]);
    const error = await assertRejects(() => end, Error, "Set CHAT_UPSTREAM_URL.");
    assert("status" in error && error.status === status);
    assertEquals([requests.length, clock.timers], [1, 0]);
  });
}

Deno.test("stream() fails if the response is not a stream", async () => {
  const { end } = startChat([Response.json({})]);
  await assertRejects(() => end, Error, "answered 200");
});

Deno.test("stream() replaces a connection that is silent for 2.5 heartbeats", async () => {
  const [silent, second] = [createChatStream(), createChatStream({})];
  const { clock, requests, end } = startChat([silent.response, second.response]);
  await clock.advance(0);
  silent.write(SYNC);
  await clock.advance(2499);
  assertEquals(silent.isCancelled, false);
  await clock.advance(1501);
  assertEquals([silent.isCancelled, requests.length], [true, 2]);
  second.write(DONE);
  assertEquals(await end, "done");
});

Deno.test("stream() repeats the POST with its idempotency key if no response arrives", async () => {
  const { response, write } = createChatStream();
  const { clock, requests, end } = startChat(["silent", response]);
  await clock.advance(37_500);
  await clock.advance(1500);
  const keys = requests.map(({ method, headers }) => [method, headers.get("idempotency-key")]);
  assertEquals([keys.length, keys[1]], [2, keys[0]]);
  write(DONE);
  assertEquals(await end, "done");
  assertEquals(clock.timers, 0);
});

Deno.test("stream() gives up after 20 consecutive failures", async () => {
  const { clock, requests, end } = startChat([]);
  await clock.advance(MAX_FAILURES * MAX_BACKOFF_MS);
  await assertRejects(() => end, Error, "cannot be reached");
  assertEquals([requests.length, clock.timers], [MAX_FAILURES, 0]);
});
