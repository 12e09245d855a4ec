/**
 * A network whose responses a test sets.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import type { Runtime } from "../../lib/core/runtime.ts";
import { UpstreamFailure } from "../../lib/upstream/failure.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";
import { refuseConnection } from "../support/refuse_connection.ts";

/** A request that was sent. */
export interface Call {
  readonly url: string;
  readonly headers: Headers;
}

/** A runtime with its network, and the requests. */
export interface TestNetwork {
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  readonly calls: readonly Call[];
}

/** Creates a network in which `respond` serves every host, and all names resolve to `addresses`, public by default. */
export function createNetwork(
  respond: (call: Call, init: RequestInit) => Response | Promise<Response>,
  addresses: readonly string[] = ["93.184.215.14", "2606:2800:21f::1"],
): TestNetwork {
  const clock = createManualClock();
  const calls: Call[] = [];
  const silent = () => {};
  const runtime: Runtime = {
    clock,
    async fetch(url, init) {
      const call = { url: url.href, headers: new Headers(init.headers) };
      calls.push(call);
      return await respond(call, init);
    },
    random: () => 0.5,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    resolve: () => Promise.resolve([...addresses]),
    connect: refuseConnection,
    readAsset: () => Promise.reject(new Error("no assets here")),
  };
  return { runtime, clock, calls };
}

/** Creates a JSON response. */
export function json(value: unknown, init: ResponseInit = {}): Response {
  return Response.json(value, init);
}

/** Creates a refusal, with or without `Retry-After`. */
export function refusal(status: number, retryAfter?: string): Response {
  return new Response("no", { status, headers: retryAfter ? { "retry-after": retryAfter } : {} });
}

/** Creates a response whose body starts with `chunks` and never ends, and reports if it is cancelled. */
export function endless(chunks: readonly string[], init: ResponseInit = {}) {
  const state = { isCancelled: false };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
    },
    cancel() {
      state.isCancelled = true;
    },
  });
  const headers = { "content-type": "application/json" };
  return { state, response: new Response(body, { headers, ...init }) };
}

/** Returns the failure with which a promise rejects. */
export function failureOf(promise: Promise<unknown>): Promise<UpstreamFailure> {
  return assertRejects(() => promise, UpstreamFailure);
}
