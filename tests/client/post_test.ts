import { assert, assertEquals, assertRejects } from "@std/assert";
import { answer, CHAT, frame, problem, startChat, token } from "./chat_server.ts";

const DONE = frame("done", {}, 9);
const SYNC = frame("sync", { heartbeat_ms: 1000 }, 1);

Deno.test("stream() delivers what came every 50 ms, and the rest at the end at once", async () => {
  const sent = answer();
  const { response, write } = sent;
  const { clock, batches, end, asked } = startChat([response]);
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
  assertEquals([clock.timers, sent.isCancelled], [0, true]);
  assertEquals(asked.map(({ method, url, body }) => [method, url, body]), [
    ["POST", CHAT, `{"question":"?"}`],
  ]);
  assertEquals(asked[0]?.headers.get("content-type"), "application/json");
  assertEquals(asked[0]?.headers.get("accept"), "text/event-stream");
});

Deno.test("stream() that is aborted flushes what came, and lets go of everything", async () => {
  const { response, write } = answer();
  const abort = new AbortController();
  const { clock, batches, end } = startChat([response], { signal: abort.signal });
  await clock.advance(0);
  write(token(2, "a"));
  await clock.advance(10);
  abort.abort(new Error("enough"));
  await assertRejects(() => end, Error, "enough");
  assertEquals([batches, clock.timers], [[["a"]], 0]);
});

Deno.test("stream() that is aborted while it waits for a try ends at once", async () => {
  const abort = new AbortController();
  const { clock, asked, end } = startChat(["lost"], { signal: abort.signal });
  await clock.advance(0);
  abort.abort();
  await assertRejects(() => end, DOMException, "abort");
  assertEquals([asked.length, clock.timers], [1, 0]);
});

Deno.test("stream() that is cut goes on at its Location, after the last id, and is not sent again", async () => {
  const [first, second, third] = [answer(), answer(), answer({})];
  const headers = { authorization: "Bearer x" };
  const { clock, asked, batches, end } = startChat(
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
  const stored = "https://edge.test/v1/chat/7/stream?last_event_id=1-2";
  assertEquals(asked.map(({ method, url }) => `${method} ${url}`), [
    `POST ${CHAT}`,
    ...Array(3).fill(`GET ${stored}`),
  ]);
  for (const each of asked) assertEquals(each.headers.get("authorization"), "Bearer x");
});

Deno.test("stream() goes on where it was told to", async () => {
  const [first, second] = [answer({}), answer({})];
  const { clock, asked, end } = startChat([first.response, second.response], {
    resumeUrl: "chat/1",
  });
  await clock.advance(0);
  first.cut();
  await clock.advance(1500);
  second.write(DONE);
  assertEquals(await end, "done");
  assertEquals(asked[1]?.url, "https://edge.test/v1/chat/1");
});

for (
  const [where, headers] of [
    ["nowhere", {}],
    ["at another origin", { location: "https://other.test/v1/chat/7" }],
  ] as const
) {
  Deno.test(`stream() that is cut and goes on ${where} says so, and is not sent again`, async () => {
    const { response, write, cut } = answer(headers);
    const { clock, asked, batches, end } = startChat([response]);
    await clock.advance(0);
    write(token(2, "a"));
    await clock.advance(1);
    cut();
    await assertRejects(() => end, Error, "cut off");
    assertEquals([asked.length, batches], [1, [["a"]]]);
  });
}

Deno.test("stream() is sent again, under one key, until a server takes it", async () => {
  const { response, write } = answer();
  const { clock, asked, end } = startChat(["lost", new Response("", { status: 502 }), response]);
  await clock.advance(10_000);
  write(DONE);
  assertEquals(await end, "done");
  assertEquals(asked.map(({ method }) => method), ["POST", "POST", "POST"]);
  const keys = new Set(asked.map(({ headers }) => headers.get("idempotency-key")));
  assertEquals(keys.size, 1);
  assert([...keys].every((key) => key !== null && /^[\d.-]{10,128}$/.test(key)));
});

Deno.test("stream() keeps the key it was given", async () => {
  const headers = { "Idempotency-Key": "mine" };
  const { clock, asked, end } = startChat([problem(404, "No chat")], { headers });
  await assertRejects(() => end);
  assertEquals(asked[0]?.headers.get("idempotency-key"), "mine");
  assertEquals(clock.timers, 0);
});

Deno.test("stream() that finds a server busy comes back when it was told to", async () => {
  const [busy, taken, busyAgain, last] = [answer({}), answer(), answer({}), answer({})];
  const words = frame("busy", { reason: "isolate", retry_after_ms: 5000 });
  const { clock, asked, end } = startChat(
    [busy, taken, busyAgain, last].map(({ response }) => response),
  );
  busy.write(words);
  busy.end();
  await clock.advance(4999);
  assertEquals(asked.length, 1);
  await clock.advance(1);
  assertEquals(asked.length, 2);
  taken.cut();
  await clock.advance(4000);
  busyAgain.write(words);
  busyAgain.end();
  await clock.advance(10_000);
  last.write(DONE);
  assertEquals(await end, "done");
  assertEquals(asked.map(({ method }) => method), ["POST", "POST", "GET", "GET"]);
});

Deno.test("stream() waits as long as Retry-After says", async () => {
  const { response, write } = answer();
  const full = problem(503, "Full", { "retry-after": "7" });
  const { clock, asked, end } = startChat([full, response]);
  await clock.advance(6999);
  assertEquals(asked.length, 1);
  await clock.advance(1);
  write(DONE);
  assertEquals(await end, "done");
});

for (const status of [400, 401, 403, 404, 422, 500, 503]) {
  Deno.test(`stream() ends with the server's words where it is refused: ${status}`, async () => {
    const { asked, end, clock } = startChat([problem(status, "Set CHAT_UPSTREAM_URL.")]);
    const error = await assertRejects(() => end, Error, "Set CHAT_UPSTREAM_URL.");
    assert("status" in error && error.status === status);
    assertEquals([asked.length, clock.timers], [1, 0]);
  });
}

Deno.test("stream() refuses an answer that is no stream", async () => {
  const { end } = startChat([Response.json({})]);
  await assertRejects(() => end, Error, "answered 200");
});

Deno.test("stream() replaces a connection that is mute for 2.5 heartbeats", async () => {
  const [mute, second] = [answer(), answer({})];
  const { clock, asked, end } = startChat([mute.response, second.response]);
  await clock.advance(0);
  mute.write(SYNC);
  await clock.advance(2499);
  assertEquals(mute.isCancelled, false);
  await clock.advance(1501);
  assertEquals([mute.isCancelled, asked.length], [true, 2]);
  second.write(DONE);
  assertEquals(await end, "done");
});

Deno.test("stream() is sent again, under its key, where nothing ever answers", async () => {
  const { response, write } = answer();
  const { clock, asked, end } = startChat(["mute", response]);
  await clock.advance(37_500);
  await clock.advance(1500);
  const keys = asked.map(({ method, headers }) => [method, headers.get("idempotency-key")]);
  assertEquals([keys.length, keys[1]], [2, keys[0]]);
  write(DONE);
  assertEquals(await end, "done");
  assertEquals(clock.timers, 0);
});

Deno.test("stream() gives up after 20 failures in a row, and says why", async () => {
  const { clock, asked, end } = startChat([]);
  await clock.advance(20 * 30_000);
  await assertRejects(() => end, Error, "cannot be reached");
  assertEquals([asked.length, clock.timers], [20, 0]);
});
