/**
 * A peer: the least that `Deno.serve` can do with streams. Each POST is one frame, whose bytes are written to all.
 *
 * It prints its port. It has no rights, no log, no resume and no limits: the cost of a stream, of opening it and of
 * writing to it is the runtime's own.
 *
 * @module
 */
import { print } from "../../support/print.ts";

const utf8 = new TextEncoder();
const OPENING = utf8.encode("event: sync\ndata: {}\n\n");

const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

class BareStream implements UnderlyingDefaultSource<Uint8Array> {
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    streams.add(controller);
    controller.enqueue(OPENING);
  }

  cancel(): void {
    if (this.#controller) streams.delete(this.#controller);
  }
}

async function publish(request: Request): Promise<Response> {
  const frame = utf8.encode(`id: ${Date.now()}\nevent: tick\ndata: ${await request.text()}\n\n`);
  for (const stream of streams) if ((stream.desiredSize ?? 0) > 0) stream.enqueue(frame);
  return new Response(null, { status: 202 });
}

function open(): Response {
  const headers = { "content-type": "text/event-stream" };
  return new Response(new ReadableStream(new BareStream()), { headers });
}

if (import.meta.main) {
  const onListen = ({ port }: Deno.NetAddr) => print(JSON.stringify({ port }));
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen },
    (request) => request.method === "POST" ? publish(request) : open(),
  );
}
