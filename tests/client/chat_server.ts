/**
 * A server of answers to POSTs, played by the test: each request is answered by the next of its answers.
 *
 * @module
 */
import { stream } from "../../lib/client/client/post.js";
import type { LiveEvent } from "../../lib/client/client/types.js";
import { createManualClock, type ManualClock } from "../support/manual_clock.ts";

/** Where the chat is. */
export const CHAT = "https://edge.test/v1/chat";

/** One request, as the server sees it. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A stream the server writes. */
export interface Answer {
  readonly response: Response;
  write(text: string): void;
  /** The connection is lost. */
  cut(): void;
  /** The connection ends in peace. */
  end(): void;
  readonly isCancelled: boolean;
}

/** What a client did, and how it went. */
export interface Chat {
  readonly clock: ManualClock;
  readonly asked: readonly Asked[];
  /** What was delivered, a list for each time. */
  readonly batches: readonly (readonly string[])[];
  readonly end: Promise<string>;
}

/** A frame with an id. */
export function token(id: number, text: string): string {
  return frame("token", { text }, id);
}

/** A frame of any type. */
export function frame(type: string, data: unknown, id?: number): string {
  const place = id === undefined ? "" : `id: 1-${id}\n`;
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n${place}\n`;
}

/** An answer that is a stream. It goes on at its `Location`. */
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

/** A refusal in the server's own words. */
export function problem(status: number, detail: string, headers: HeadersInit = {}): Response {
  const response = Response.json({ status, detail }, { status, headers });
  response.headers.set("content-type", "application/problem+json");
  return response;
}

/** An answer as `fetch` gives it: it knows its URL, and breaks with the signal of its request. */
function given({ url, signal }: Request, { body, status, headers }: Response): Response {
  const pipe = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  body?.pipeTo(pipe.writable, { signal }).catch(() => {}); // The reader is told.
  const response = new Response(body && pipe.readable, { status, headers });
  Object.defineProperty(response, "url", { value: url });
  return response;
}

/** The text of a token, the type of anything else. */
function summarise({ type, data }: LiveEvent): string {
  const isText = typeof data === "object" && data !== null && "text" in data;
  return isText ? String(data.text) : type;
}

/** Sends a POST to a server that answers so: "lost" where it cannot be reached, "mute" where it never says anything. */
export function startChat(
  answers: readonly (Response | "lost" | "mute")[],
  options: Partial<Parameters<typeof stream>[1]> = {},
): Chat {
  const clock = createManualClock();
  const asked: Asked[] = [];
  const batches: string[][] = [];
  const left = [...answers];

  async function play(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body: await request.clone().text() });
    const next = left.shift();
    if (next === undefined || next === "lost") throw new TypeError("Failed to fetch");
    if (next === "mute") {
      return await new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    }
    return given(request, next);
  }

  const end = stream(CHAT, {
    body: { question: "?" },
    onEvents: (events) => batches.push(events.map(summarise)),
    ...options,
  }, { ...clock, random: () => 1, fetch: play });
  const settled = end.then(({ type }) => type);
  settled.catch(() => {}); // Whoever tests it awaits it.
  return { clock, asked, batches, end: settled };
}
