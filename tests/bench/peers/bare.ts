/**
 * A peer: the least that `Deno.serve` can do with a stream. It writes one frame and then nothing, ever.
 *
 * It prints its port. What a stream weighs here, and what opening it takes, is the runtime's own.
 *
 * @module
 */
import { print } from "../../support/print.ts";

const FRAME = new TextEncoder().encode("event: sync\ndata: {}\n\n");

class BareStream implements UnderlyingDefaultSource<Uint8Array> {
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    controller.enqueue(FRAME);
  }
}

if (import.meta.main) {
  const onListen = ({ port }: Deno.NetAddr) => print(JSON.stringify({ port }));
  const headers = { "content-type": "text/event-stream" };
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen },
    () => new Response(new ReadableStream(new BareStream()), { headers }),
  );
}
