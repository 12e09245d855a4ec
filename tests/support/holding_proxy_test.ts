import { assertEquals } from "@std/assert";
import { openStream } from "./stream_client.ts";
import { startHoldingProxy } from "./holding_proxy.ts";
import { until } from "./within.ts";

/** A server of one stream, which the test writes and ends. */
function startStream() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    undefined,
    { highWaterMark: 10 },
  );
  const writer = writable.getWriter();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    if (url.endsWith("/json")) return Response.json({ a: 1 });
    return new Response(readable, { headers: { "content-type": "text/event-stream" } });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    tell: (text: string) => writer.write(new TextEncoder().encode(`data: ${text}\n\n`)),
    end: () => writer.close(),
    hungUp: writer.closed.catch(() => {}),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function portOf(origin: string): number {
  return Number(new URL(origin).port);
}

Deno.test("startHoldingProxy() lets a stream through as it comes, and its reader's hang-up too", async () => {
  await using server = startStream();
  await using proxy = await startHoldingProxy(server.origin);
  using stream = await openStream(portOf(proxy.origin), "/stream?a=1");
  await server.tell("one");
  assertEquals((await stream.next())?.data, "one");
  assertEquals([proxy.streams, proxy.asked], [1, ["/stream?a=1"]]);
  stream.hangUp();
  await server.hungUp;
  await until("no stream", () => proxy.streams === 0 || undefined);
});

Deno.test("startHoldingProxy() holds a stream's bytes until it ends, and nothing else", async () => {
  await using server = startStream();
  await using proxy = await startHoldingProxy(server.origin);
  proxy.isHolding = true;
  using stream = await openStream(portOf(proxy.origin), "/stream");
  await server.tell("one");
  await server.tell("two");
  assertEquals(await (await fetch(`${proxy.origin}/json`)).json(), { a: 1 });
  assertEquals(stream.bodyBytes, 0);
  await server.end();
  assertEquals((await stream.rest()).map(({ data }) => data), ["one", "two"]);
  await until("no stream", () => proxy.streams === 0 || undefined);
});

Deno.test("startHoldingProxy() answers 502 without a server, and can be aimed at another", async () => {
  await using server = startStream();
  await using proxy = await startHoldingProxy("http://127.0.0.1:1");
  const answer = await fetch(`${proxy.origin}/json`);
  assertEquals([answer.status, await answer.text()], [502, "The server cannot be reached"]);
  proxy.target = server.origin;
  assertEquals(await (await fetch(`${proxy.origin}/json`)).json(), { a: 1 });
});
