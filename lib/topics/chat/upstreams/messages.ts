/**
 * Requests to chat upstreams: JSON out, JSON messages back, and failures in this server's words.
 *
 * @module
 */
import type { Runtime } from "../../../core/runtime.ts";
import { postForMessages } from "../../../upstream/event_stream.ts";
import { UpstreamFailure } from "../../../upstream/failure.ts";
import type { FailureCode } from "../part.ts";
import { ChatFailure } from "../upstream.ts";

/** The options of a chat upstream. */
export interface ChatUpstreamOptions {
  /** The URL of the endpoint, or its base. */
  readonly url: string;
  /** The model's name: the upstream's, and the one that clients see. */
  readonly model: string;
  /** The bearer token of the upstream. */
  readonly apiKey?: string | undefined;
}

/** The message that ends a stream, in the place of JSON. */
export const DONE = "[DONE]";

/** The upstream as failures name it. It is not its host, which users need not know. */
const TITLE = "The model's service";

/** The time limits of a run, in milliseconds. */
const LIMITS = {
  firstByteTimeoutMs: 60_000,
  silenceTimeoutMs: 60_000,
  totalTimeoutMs: 600_000,
} as const;

/**
 * Returns the URL of an endpoint.
 *
 * @param url The endpoint itself, or the base to which `path` is added.
 */
export function endpointOf(url: string, path: string): URL {
  const endpoint = new URL(url);
  const base = endpoint.pathname.replace(/\/+$/, "");
  const lastSegment = path.slice(path.lastIndexOf("/"));
  endpoint.pathname = base.endsWith(lastSegment) ? base : base + path;
  return endpoint;
}

/**
 * Sends a request, and iterates over the messages of its response: JSON values, and {@linkcode DONE}.
 *
 * @throws {ChatFailure} The upstream refused, failed or timed out, or sent a message that is not JSON.
 * @throws The reason of the signal, once it is aborted.
 */
export async function* requestMessages(
  runtime: Runtime,
  endpoint: URL,
  apiKey: string | undefined,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const options = {
    title: TITLE,
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    ...LIMITS,
  };
  try {
    const messages = postForMessages(runtime, options, endpoint, JSON.stringify(body), signal);
    for await (const message of messages) {
      const text = message.trim();
      if (text !== "") yield text === DONE ? DONE : parseMessage(text);
    }
  } catch (thrown) {
    throw thrown instanceof UpstreamFailure ? toChatFailure(thrown) : thrown;
  }
}

/** Creates the failure of a message that cannot be used. */
export function malformedMessage(): ChatFailure {
  return new ChatFailure("upstream_failed", `${TITLE} answered in an unknown format.`);
}

/** Creates the failure of an error that the upstream reports in its answer. The report itself is not passed on. */
export function reportedError(): ChatFailure {
  return new ChatFailure("upstream_failed", `${TITLE} reported an error. Try again.`);
}

function parseMessage(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformedMessage();
  }
}

function toChatFailure(failure: UpstreamFailure): ChatFailure {
  const [code, text] = explain(failure);
  return new ChatFailure(code, text);
}

function explain({ kind, message, status }: UpstreamFailure): [code: FailureCode, text: string] {
  switch (kind) {
    case "timeout":
      return ["upstream_timeout", `${message}. Try again.`];
    case "too_large":
      return ["too_long", `${message}.`];
    case "http":
      return [
        "upstream_refused",
        `${TITLE} refused the request: HTTP ${status}. ${advice(status)}`,
      ];
    case "network":
      return ["upstream_failed", `${message}. Try again.`];
    default:
      return ["upstream_failed", `${message}.`];
  }
}

/** Returns what to do after a refusal. */
function advice(status: number | null): string {
  switch (status) {
    case 401:
    case 403:
      return "The operator has to check CHAT_API_KEY.";
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
    case 404:
    case 405:
      return "The operator has to check CHAT_UPSTREAM_URL and CHAT_MODEL.";
    case 429:
      return "It has too many requests. Try again later.";
    default:
      return "Try again later.";
  }
}
