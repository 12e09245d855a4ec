/**
 * A chat server whose responses a test controls, and a client that sends it one message.
 *
 * @module
 */
import { stream } from "../../lib/client/client/post.js";
import type { LiveEvent } from "../../lib/client/client/types.js";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";

/** The URL of the chat. */
export const CHAT_URL = "https://edge.test/v1/chat";

/** One request, as the server sees it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A response with a stream that the test writes. */
export interface ChatStream {
  readonly response: Response;
  write(text: string): void;
  /** Breaks the connection. */
  cut(): void;
  /** Ends the stream cleanly. */
  end(): void;
  /** True once the client has cancelled the stream. */
  readonly isCancelled: boolean;
}

/** The requests of a client, and what it has delivered. */
export interface Chat {
  readonly clock: ManualClock;
  readonly requests: readonly ReceivedRequest[];
  /** One list for each call of `onEvents`: the texts of tokens, and the types of other events. */
  readonly batches: readonly (readonly string[])[];
  /** The type of the terminal event. Rejected if the client fails. */
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

/** Creates a stream. @param headers By default, a `Location` at which the stream resumes. */
export function createChatStream(
  headers: HeadersInit = { location: "/v1/chat/7/stream" },
): ChatStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (streamController) => void (controller = streamController),
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

/** Creates a refusal with a problem document. */
export function createProblem(status: number, detail: string, headers: HeadersInit = {}): Response {
  const response = Response.json({ status, detail }, { status, headers });
  response.headers.set("content-type", "application/problem+json");
  return response;
}

/** Converts a response to one of `fetch`, which has a URL and breaks when its request is aborted. */
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

/**
 * Sends a message to a server. Full jitter is off: every delay is as long as its bound.
 *
 * @param responses One for each request. "lost" fails as an unreachable server, as do all requests after the last response.
 *   "silent" never responds.
 */
export function startChat(
  responses: readonly (Response | "lost" | "silent")[],
  options: Partial<Parameters<typeof stream>[1]> = {},
): Chat {
  const clock = createManualClock();
  const requests: ReceivedRequest[] = [];
  const batches: string[][] = [];
  const pendingResponses = [...responses];

  async function fetchFromTest(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const { method, url, headers } = request;
    requests.push({ method, url, headers, body: await request.clone().text() });
    const response = pendingResponses.shift();
    if (response === undefined || response === "lost") throw new TypeError("Failed to fetch");
    if (response === "silent") {
      return await new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    }
    return asFetched(request, response);
  }

  const terminalEvent = stream(CHAT_URL, {
    body: { question: "?" },
    onEvents: (events) => batches.push(events.map(summarise)),
    ...options,
  }, { ...clock, random: () => 1, fetch: fetchFromTest });
  const end = terminalEvent.then(({ type }) => type);
  end.catch(() => {}); // Otherwise a rejection before the test awaits it would be uncaught.
  return { clock, requests, batches, end };
}
