/**
 * An outside world that answers as a test says.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import type { Runtime } from "../../lib/core/runtime.ts";
import { UpstreamFailure } from "../../lib/upstream/failure.ts";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";

/** A call that went out. */
export interface Call {
  readonly url: string;
  readonly headers: Headers;
}

/** The world, and what was asked of it. */
export interface Outside {
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  readonly calls: readonly Call[];
}

/** Creates a world in which `answer` is what every host says, and all names are public unless `addresses` differ. */
export function createOutside(
  answer: (call: Call, init: RequestInit) => Response | Promise<Response>,
  addresses: readonly string[] = ["93.184.215.14", "2606:2800:21f::1"],
): Outside {
  const clock = createManualClock();
  const calls: Call[] = [];
  const silent = () => {};
  const runtime: Runtime = {
    clock,
    async fetch(url, init) {
      const call = { url: url.href, headers: new Headers(init.headers) };
      calls.push(call);
      return await answer(call, init);
    },
    random: () => 0.5,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    resolve: () => Promise.resolve([...addresses]),
    readAsset: () => Promise.reject(new Error("no assets here")),
  };
  return { runtime, clock, calls };
}

/** An answer in JSON. */
export function json(value: unknown, init: ResponseInit = {}): Response {
  return Response.json(value, init);
}

/** A refusal, with or without `Retry-After`. */
export function refusal(status: number, retryAfter?: string): Response {
  return new Response("no", { status, headers: retryAfter ? { "retry-after": retryAfter } : {} });
}

/** An answer whose body starts with `chunks` and then never ends, and whether it was let go of. */
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

/** The failure a promise rejects with. */
export function failureOf(promise: Promise<unknown>): Promise<UpstreamFailure> {
  return assertRejects(() => promise, UpstreamFailure);
}
