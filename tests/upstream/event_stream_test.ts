import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { type EventStreamOptions, postForMessages } from "../../lib/upstream/event_stream.ts";
import { createNetwork, endless, failureOf, json, type TestNetwork } from "./support.ts";

const MODEL_URL = new URL("http://192.168.1.2:8080/answer?key=secret");
const OPTIONS: EventStreamOptions = {
  title: "Example",
  headers: {},
  firstByteTimeoutMs: 5000,
  silenceTimeoutMs: 1000,
  totalTimeoutMs: 10_000,
};
const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };

function post({ runtime }: TestNetwork, signal = new AbortController().signal) {
  return postForMessages(runtime, OPTIONS, MODEL_URL, "{}", signal);
}

async function readAll(messages: AsyncIterable<string>): Promise<string[]> {
  return await Array.fromAsync(messages);
}

/** Creates an event stream to which a test sends. */
function openStream() {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(started) {
      controller = started;
    },
  });
  return {
    response: new Response(body, EVENT_STREAM),
    send: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    close: () => controller?.close(),
  };
}

Deno.test("postForMessages() iterates over the data of events, and over the one text of a JSON response", async () => {
  const events = openStream();
  events.send("\uFEFFdata: 1\n\nevent: x\ndata: 2\ndata: 3\n\n: comment\n\nid: 4\n\ndata: 5");
  events.close();
  const responses = [events.response, json({ a: 1 })];
  const network = createNetwork(() => responses.shift() ?? json(null));
  assertEquals(await readAll(post(network)), ["1", "2\n3"]);
  assertEquals(await readAll(post(network)), ['{"a":1}']);
  assertEquals(network.clock.timers, 0);
});

Deno.test("postForMessages() posts to a private address over http", async () => {
  const inits: RequestInit[] = [];
  const network = createNetwork((_, init) => {
    inits.push(init);
    return json(1);
  }, ["10.0.0.1"]);
  await readAll(post(network));
  assertEquals(network.calls[0]?.url, MODEL_URL.href);
  assertEquals([inits[0]?.method, inits[0]?.body, inits[0]?.redirect], ["POST", "{}", "manual"]);
});

Deno.test("postForMessages() waits longer for the first byte than for others, and a comment is a sign of life", async () => {
  const stream = openStream();
  const network = createNetwork(() => stream.response);
  const messages = readAll(post(network));
  await network.clock.advance(4999);
  stream.send("data: 1\n\n");
  await network.clock.advance(999);
  stream.send(": ping\n");
  await network.clock.advance(999);
  stream.send("data: 2\n\n");
  stream.close();
  assertEquals(await messages, ["1", "2"]);
});

Deno.test("postForMessages() ends after a silence, by monotonic time", async () => {
  const stream = openStream();
  const network = createNetwork(() => stream.response);
  const failure = failureOf(readAll(post(network)));
  await network.clock.advance(10);
  stream.send("data: 1\n\n");
  network.clock.shiftWallClock(3_600_000);
  await network.clock.advance(6000);
  assertEquals((await failure).kind, "timeout");
  assertEquals((await failure).message, "Example sent nothing for 1 s");
  assertEquals(network.clock.timers, 0);
});

Deno.test("postForMessages() counts no time in which its caller handles a message", async () => {
  const stream = openStream();
  const network = createNetwork(() => stream.response);
  const messages = post(network);
  stream.send("data: 1\n\n");
  assertEquals((await messages.next()).value, "1");
  await network.clock.advance(9000);
  const next = messages.next();
  stream.send("data: 2\n\n");
  assertEquals((await next).value, "2");
  await messages.return();
  assertEquals(network.clock.timers, 0);
});

Deno.test("postForMessages() ends a response that goes on forever", async () => {
  const stream = openStream();
  const network = createNetwork(() => stream.response);
  const failure = failureOf(readAll(post(network)));
  for (let s = 0; s < 11; s++) {
    stream.send("data: 1\n\n");
    await network.clock.advance(900);
  }
  await network.clock.advance(100);
  assertEquals((await failure).message, "Example did not complete its answer within 10 s");
});

Deno.test("postForMessages() does not wait for a fetch that ignores its signal, and cancels its late response", async () => {
  const late = Promise.withResolvers<Response>();
  const network = createNetwork(() => late.promise);
  const failure = failureOf(readAll(post(network)));
  await network.clock.advance(5000);
  assertEquals((await failure).message, "Example sent nothing for 5 s");
  const { state, response } = endless([], EVENT_STREAM);
  late.resolve(response);
  await network.clock.advance(0);
  assert(state.isCancelled);
});

Deno.test("postForMessages() throws the reason of its signal, before, while and after it awaits the response", async () => {
  const reason = new Error("stopped");
  const pending = Promise.withResolvers<Response>();
  for (
    const [respond, advanceMs] of [
      [() => json(1), null],
      [() => pending.promise, 10],
      [() => endless([], EVENT_STREAM).response, 10],
    ] as const
  ) {
    const network = createNetwork(respond);
    const controller = new AbortController();
    if (advanceMs === null) controller.abort(reason);
    const messages = readAll(post(network, controller.signal));
    const rejection = assertRejects(() => messages, Error, "stopped");
    await network.clock.advance(advanceMs ?? 0);
    controller.abort(reason);
    await rejection;
    assertEquals(network.clock.timers, 0);
    assertEquals(network.calls.length, advanceMs === null ? 0 : 1);
  }
});

Deno.test("postForMessages() bounds a message and a JSON response", async () => {
  const piece = "x".repeat(1_000_000);
  for (const init of [EVENT_STREAM, { headers: { "content-type": "application/json" } }]) {
    const { state, response } = endless(["data: ", piece, piece, piece], init);
    const failure = await failureOf(readAll(post(createNetwork(() => response))));
    assertEquals(failure.kind, "too_large");
    assert(state.isCancelled);
  }
});

Deno.test("postForMessages() fails on a status other than 2xx and on other types, cancels the body, and shows nothing of it", async () => {
  const cases = [
    [{ status: 401 }, "http", 401],
    [{ status: 302, headers: { location: "https://secret.example/" } }, "http", 302],
    [{ headers: { "content-type": "text/html" } }, "type", 200],
  ] as const;
  for (const [init, kind, status] of cases) {
    const { state, response } = endless(["secret"], init);
    const network = createNetwork(() => response);
    const failure = await failureOf(readAll(post(network)));
    assertEquals([failure.kind, failure.status, network.calls.length], [kind, status, 1]);
    assertFalse(failure.message.includes("secret"));
    assert(state.isCancelled);
    assertEquals(network.clock.timers, 0);
  }
});

Deno.test("postForMessages() reports a broken connection without its URL", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  const responses = [
    () => Promise.reject(new TypeError(`error sending request for ${MODEL_URL}`)),
    () => new Response(broken, EVENT_STREAM),
  ];
  for (const respond of responses) {
    const network = createNetwork(respond);
    const { kind, message } = await failureOf(readAll(post(network)));
    assertEquals([kind, message], ["network", "The connection to Example failed"]);
    assertEquals(network.clock.timers, 0);
  }
});
