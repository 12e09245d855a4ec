import { assertEquals } from "@std/assert";
import { fetchText } from "../../lib/upstream/request.ts";
import { PATIENCE_MS, within } from "../support/within.ts";
import { createNetwork, failureOf } from "./support.ts";

/** Runs a task against a real server that replaces every host. */
async function withServer(
  handler: () => Response,
  task: (fetch: (init: RequestInit) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  try {
    await task((init) => fetch(`http://127.0.0.1:${server.addr.port}/`, init));
  } finally {
    await server.shutdown();
  }
}

const headers = { "content-type": "application/json" };

Deno.test("fetchText() disconnects from a slow body at the deadline", async () => {
  const hungUp = Promise.withResolvers<void>();
  const drip = () =>
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("[")),
      cancel: () => hungUp.resolve(),
    });
  await withServer(() => new Response(drip(), { headers }), async (fetch) => {
    const answered = Promise.withResolvers<void>();
    const { runtime, clock } = createNetwork(async (_call, init) => {
      // Without the signal, only the reader can disconnect.
      const { signal: _, ...rest } = init;
      const response = await fetch(rest);
      answered.resolve();
      return response;
    });
    const failure = failureOf(fetchText(runtime, { title: "Example" }, "https://example.com/"));
    await within(PATIENCE_MS, "the answer's head", answered.promise);
    await clock.advance(8000);
    assertEquals((await failure).kind, "timeout");
    await within(PATIENCE_MS, "the hang-up", hungUp.promise);
  });
});

Deno.test("fetchText() counts bytes after decompression", async () => {
  const zeros = new Blob([new Uint8Array(1_000_000)]).stream();
  const bomb = await new Response(zeros.pipeThrough(new CompressionStream("gzip"))).bytes();
  const answer = () => new Response(bomb, { headers: { ...headers, "content-encoding": "gzip" } });
  await withServer(answer, async (fetch) => {
    const { runtime } = createNetwork((_call, init) => fetch(init));
    const options = { title: "Example", maxBytes: 10_000 };
    assertEquals(
      (await failureOf(fetchText(runtime, options, "https://example.com/"))).kind,
      "too_large",
    );
  });
});
