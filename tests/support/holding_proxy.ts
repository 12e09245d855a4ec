/**
 * A proxy that buffers, as some in offices do: it holds the bytes of a stream back until the stream has ended. A test can let
 * them pass, and change the server behind it, as a load balancer does.
 *
 * @module
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** A running proxy. The caller must dispose of it. */
export interface HoldingProxy extends AsyncDisposable {
  readonly origin: string;
  /** True to hold back streams that begin from now on: their heads pass, their bytes do not. */
  isHolding: boolean;
  /** The server that requests go to from now on. */
  target: string;
  /** The number of streams that it carries now. */
  readonly streams: number;
  /** Cuts the streams it carries. */
  cut(): void;
  /** The requested paths with their queries, in order. */
  readonly asked: readonly string[];
}

function isStream({ headers }: IncomingMessage): boolean {
  return headers["content-type"]?.startsWith("text/event-stream") ?? false;
}

/** Forwards a response: as it comes, or, if it is held, all of it at its end. */
function forward(received: IncomingMessage, response: ServerResponse, isHeld: boolean): void {
  const held: Uint8Array[] = [];
  received.on("data", (bytes: Uint8Array) => {
    if (isHeld) held.push(bytes);
    else response.write(bytes);
  });
  received.on("end", () => {
    for (const bytes of held) response.write(bytes);
    response.end();
  });
  // A response that the server cuts is cut for the client too.
  received.on("error", () => response.destroy());
  received.on("close", () => received.complete || response.destroy());
}

/** Starts a proxy on 127.0.0.1. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  const asked: string[] = [];
  const streams = new Set<ServerResponse>();

  const server = createServer((clientRequest, response) => {
    const { method, url = "/", headers } = clientRequest;
    asked.push(url);
    const options = { method, headers, agent: false };
    const serverRequest = request(`${proxy.target}${url}`, options, (received) => {
      response.writeHead(received.statusCode ?? 502, received.headers);
      response.flushHeaders();
      if (isStream(received)) streams.add(response);
      forward(received, response, isStream(received) && proxy.isHolding);
    });
    serverRequest.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end("The server cannot be reached");
    });
    // If the client hangs up, the proxy hangs up on the server.
    response.on("close", () => {
      streams.delete(response);
      serverRequest.destroy();
    });
    clientRequest.pipe(serverRequest);
  });

  const listening = Promise.withResolvers<void>();
  server.on("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen on a port");

  const proxy = {
    origin: `http://127.0.0.1:${address.port}`,
    isHolding: false,
    target,
    asked,
    get streams() {
      return streams.size;
    },
    cut() {
      for (const stream of streams) stream.destroy();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return proxy;
}
