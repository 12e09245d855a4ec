/**
 * A chat server that answers each request with the next of the given answers.
 *
 * @module
 */
import { stream } from "../../lib/client/client/post.js";
import type { LiveEvent } from "../../lib/client/client/types.js";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";

/** The URL of the chat. */
export const CHAT = "https://edge.test/v1/chat";

/** One request, as the server sees it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A stream that the server writes. */
export interface Answer {
  readonly response: Response;
  write(text: string): void;
  /** Breaks the connection. */
  cut(): void;
  /** Ends the stream cleanly. */
  end(): void;
  readonly isCancelled: boolean;
}

/** The requests of a client, and its results. */
export interface Chat {
  readonly clock: ManualClock;
  readonly requests: readonly ReceivedRequest[];
  /** The delivered events, a list for each call. */
  readonly batches: readonly (readonly string[])[];
  readonly end: Promise<string>;
}

/** Writes a token frame with an id. */
export function token(id: number, text: string): string {
  return frame("token", { text }, id);
}

/** Writes a frame of any type. */
export function frame(type: string, data: unknown, id?: number): string {
  const idLine = id === undefined ? "" : `id: 1-${id}\n`;
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n${idLine}\n`;
}

/** Creates a stream that resumes at its `Location`. */
export function answer(headers: HeadersInit = { location: "/v1/chat/7/stream" }): Answer {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (each) => void (controller = each),
    cancel: () => void (isCancelled = true),
  });
  const response = new Response(body, { headers });
  response.headers.set("content-type", "text/event-stream");
  return {
    response,
    write: (text) => controller?.enqueue(new TextEncoder().encode(text)),
    cut: () => controller?.error(new TypeError("network error")),
    end: () => controller?.close(),
    get isCancelled() {
      return isCancelled;
    },
  };
}

/** Creates a refusal. */
export function problem(status: number, detail: string, headers: HeadersInit = {}): Response {
  const response = Response.json({ status, detail }, { status, headers });
  response.headers.set("content-type", "application/problem+json");
  return response;
}

/** Converts an answer to one of `fetch`: with its URL, and broken by the signal of its request. */
function asFetched({ url, signal }: Request, { body, status, headers }: Response): Response {
  const pipe = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  body?.pipeTo(pipe.writable, { signal }).catch(() => {}); // The reader receives the error.
  const response = new Response(body && pipe.readable, { status, headers });
  Object.defineProperty(response, "url", { value: url });
  return response;
}

/** Returns the text of a token, or the type of another event. */
function summarise({ type, data }: LiveEvent): string {
  const isText = typeof data === "object" && data !== null && "text" in data;
  return isText ? String(data.text) : type;
}

/** Sends a POST to a server with these answers: "lost" cannot be reached, "silent" never answers. */
export function startChat(
  answers: readonly (Response | "lost" | "silent")[],
  options: Partial<Parameters<typeof stream>[1]> = {},
): Chat {
  const clock = createManualClock();
  const requests: ReceivedRequest[] = [];
  const batches: string[][] = [];
  const left = [...answers];

  async function play(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const { method, url, headers } = request;
    requests.push({ method, url, headers, body: await request.clone().text() });
    const next = left.shift();
    if (next === undefined || next === "lost") throw new TypeError("Failed to fetch");
    if (next === "silent") {
      return await new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    }
    return asFetched(request, next);
  }

  const end = stream(CHAT, {
    body: { question: "?" },
    onEvents: (events) => batches.push(events.map(summarise)),
    ...options,
  }, { ...clock, random: () => 1, fetch: play });
  const settled = end.then(({ type }) => type);
  settled.catch(() => {}); // The test awaits it.
  return { clock, requests, batches, end: settled };
}
