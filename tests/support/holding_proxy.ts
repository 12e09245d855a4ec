/**
 * A proxy as bad as some in offices: it holds the bytes of a stream back until the stream has ended. It lets them through
 * when told to, and can be aimed at another server, as a load balancer would be.
 *
 * @module
 */

/** A running proxy. Whoever starts it must dispose of it. */
export interface HoldingProxy extends AsyncDisposable {
  readonly origin: string;
  /** Whether streams that begin from now on are held back: their heads pass, their bytes do not. */
  isHolding: boolean;
  /** The server that requests go to from now on. */
  target: string;
  /** How many streams it carries now. */
  readonly streams: number;
  /** The paths that were asked for, with their queries, in order. */
  readonly asked: readonly string[];
}

/** What belongs to one connection or to the bytes as they were, and not to the answer. */
const OWN_HEADERS = ["connection", "keep-alive", "transfer-encoding", "content-length"];

function isStream(answer: Response): boolean {
  return answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

/** Starts a proxy on 127.0.0.1. */
export function startHoldingProxy(target: string): HoldingProxy {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const ending = new AbortController();
  const asked: string[] = [];
  const carried = new Set<ReadableStreamDefaultReader>();

  /** Hands a stream on, all of it at its end where it is held back. Whoever hangs up here hangs up there. */
  function carry(body: ReadableStream<Uint8Array>, isHeld: boolean): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    const held: Uint8Array[] = [];
    carried.add(reader);

    async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
      for (;;) {
        const { done, value } = await reader.read();
        if (value && !isHeld) return controller.enqueue(value);
        if (value) held.push(value);
        if (!done) continue;
        // Hung up at this end: there is nobody to tell.
        if (!carried.delete(reader)) return;
        for (const each of held) controller.enqueue(each);
        return controller.close();
      }
    }

    return new ReadableStream({
      async pull(controller) {
        try {
          await pull(controller);
        } catch (error) {
          carried.delete(reader);
          controller.error(error);
        }
      },
      cancel(reason) {
        carried.delete(reader);
        return reader.cancel(reason);
      },
    });
  }

  async function handle(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    const headers = new Headers(request.headers);
    headers.delete("host");
    headers.set("accept-encoding", "identity");
    const body = request.body === null ? null : await request.arrayBuffer();
    try {
      const answer = await fetch(`${proxy.target}${pathname}${search}`, {
        method: request.method,
        headers,
        body,
        client,
        redirect: "manual",
        signal: ending.signal,
      });
      const kept = new Headers(answer.headers);
      for (const name of OWN_HEADERS) kept.delete(name);
      const content = answer.body && isStream(answer)
        ? carry(answer.body, proxy.isHolding)
        : answer.body;
      return new Response(content, { status: answer.status, headers: kept });
    } catch {
      return new Response("The server cannot be reached", { status: 502 });
    }
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  const proxy = {
    origin: `http://127.0.0.1:${server.addr.port}`,
    isHolding: false,
    target,
    asked,
    get streams() {
      return carried.size;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await server.shutdown();
      client.close();
    },
  };
  return proxy;
}
