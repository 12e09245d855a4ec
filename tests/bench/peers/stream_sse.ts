/**
 * A peer: Hono's `streamSSE` on Deno, as its documentation shows it: each client a stream, each event written to each.
 *
 * It prints its port. Publishing waits for all writes, which is the only backpressure there is.
 *
 * @module
 */
import { Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { print } from "../../support/print.ts";

function createPeer(): Hono {
  const app = new Hono();
  const streams = new Set<SSEStreamingApi>();
  let id = 0;

  app.get("/stream", (c) =>
    streamSSE(c, async (stream) => {
      const { promise: left, resolve } = Promise.withResolvers<void>();
      stream.onAbort(resolve);
      streams.add(stream);
      await stream.writeSSE({ event: "sync", data: "{}" });
      await left;
      streams.delete(stream);
    }));

  app.post("/events", async (c) => {
    const event = { id: String(++id), event: "tick", data: JSON.stringify(await c.req.json()) };
    await Promise.all([...streams].map((stream) => stream.writeSSE(event)));
    return c.json({ id: event.id }, 202);
  });
  return app;
}

if (import.meta.main) {
  const onListen = ({ port }: Deno.NetAddr) => print(JSON.stringify({ port }));
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, createPeer().fetch);
}
