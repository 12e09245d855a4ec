/**
 * A proxy as bad as some in offices: it holds the bytes of a stream back until the stream has ended. It lets them through
 * on demand, and can be aimed at another server, as a load balancer would be.
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
  /** The paths that were asked for, with their queries, in order. */
  readonly asked: readonly string[];
}

function isStream({ headers }: IncomingMessage): boolean {
  return headers["content-type"]?.startsWith("text/event-stream") ?? false;
}

/** Hands an answer on: as it comes, or all of it at its end. */
function handOn(answer: IncomingMessage, response: ServerResponse, isHeld: boolean): void {
  const held: Uint8Array[] = [];
  answer.on("data", (bytes: Uint8Array) => {
    if (isHeld) held.push(bytes);
    else response.write(bytes);
  });
  answer.on("end", () => {
    for (const each of held) response.write(each);
    response.end();
  });
  // Cut there, so cut here.
  answer.on("error", () => response.destroy());
  answer.on("close", () => answer.complete || response.destroy());
}

/** Starts a proxy on 127.0.0.1. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  const asked: string[] = [];
  const streams = new Set<ServerResponse>();

  const server = createServer((asking, response) => {
    const { method, url = "/", headers } = asking;
    asked.push(url);
    const onward = request(`${proxy.target}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      if (isStream(answer)) streams.add(response);
      handOn(answer, response, isStream(answer) && proxy.isHolding);
    });
    onward.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end("The server cannot be reached");
    });
    // A client that hangs up here hangs up there.
    response.on("close", () => {
      streams.delete(response);
      onward.destroy();
    });
    asking.pipe(onward);
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
      for (const each of streams) each.destroy();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return proxy;
}
