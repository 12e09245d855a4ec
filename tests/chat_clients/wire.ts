/**
 * A network in the process: `fetch` as real clients expect it, between them and a handler of requests.
 *
 * @module
 */

/** Handles a request, as a server does. */
export type RequestHandler = (request: Request) => Promise<Response> | Response;

/** The connections between clients and a server. */
export interface TestWire {
  /** Sends a request. A broken body rejects as the `fetch` of browsers does. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** The requests so far. */
  readonly requests: readonly Request[];
  /** The number of open responses. */
  readonly openResponses: number;
  /** Breaks all open connections, as a network does that is lost. */
  cut(): void;
}

/**
 * Creates a network to a server.
 *
 * @param headers The headers that every request has.
 */
export function createTestWire(
  handler: RequestHandler,
  headers: Readonly<Record<string, string>> = {},
): TestWire {
  const requests: Request[] = [];
  const open = new Set<() => void>();

  /** Passes a body on until its end, the client's abort, or a cut. */
  function connect(body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream {
    const source = body.getReader();
    let close = (_reason: unknown) => {};
    const cut = () => close(new TypeError("network error"));
    const abort = () => close(signal.reason);
    open.add(cut);
    return new ReadableStream({
      start(controller) {
        close = (reason) => {
          open.delete(cut);
          signal.removeEventListener("abort", abort);
          controller.error(reason);
          source.cancel().catch(() => {});
        };
        if (signal.aborted) abort();
        else signal.addEventListener("abort", abort);
      },
      async pull(controller) {
        try {
          const { done, value } = await source.read();
          if (!open.has(cut)) return;
          if (!done) return controller.enqueue(value);
          open.delete(cut);
          signal.removeEventListener("abort", abort);
          controller.close();
        } catch {
          if (open.has(cut)) cut();
        }
      },
      cancel(reason) {
        open.delete(cut);
        signal.removeEventListener("abort", abort);
        return source.cancel(reason);
      },
    });
  }

  return {
    requests,
    get openResponses() {
      return open.size;
    },
    async fetch(input, init) {
      const url = typeof input === "string" ? new URL(input, "http://localhost") : input;
      const request = new Request(url, init);
      for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
      const signal = init?.signal ?? request.signal;
      requests.push(request.clone());
      const response = await handler(request);
      signal.throwIfAborted();
      if (response.body === null) return response;
      return new Response(connect(response.body, signal), response);
    },
    cut() {
      for (const close of [...open]) close();
    },
  };
}
