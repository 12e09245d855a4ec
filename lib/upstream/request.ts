/**
 * GET requests for text from untrusted hosts.
 *
 * @module
 */
import { withDeadline } from "../core/deadline.ts";
import type { Runtime } from "../core/runtime.ts";
import { discard, readText } from "./body.ts";
import { parseRetryAfter } from "./cooldown.ts";
import { asFailure, UpstreamFailure } from "./failure.ts";
import { guardTarget } from "./ssrf_guard.ts";

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const PERMANENT_REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 308]);
const MAX_REDIRECTS = 3;

/** The default time limit of a call, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 8000;

/** The default limit of a body, in bytes after decompression. */
const DEFAULT_MAX_BYTES = 1_048_576;

/** The `user-agent` for hosts that refuse requests without a browser's. */
export const BROWSER_USER_AGENT = "Mozilla/5.0 (compatible; Edgetape)";

/** The headers that are sent to another origin after a redirect. All others might be secrets. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set(["accept", "accept-language", "user-agent"]);

/** The options of a request. */
export interface RequestOptions {
  /** The upstream's name, for messages. */
  readonly title: string;
  /** The time limit of the whole call in milliseconds, redirects and body included. */
  readonly timeoutMs?: number;
  /** The largest body, in bytes after decompression. */
  readonly maxBytes?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A pattern that the content type must match. Without it the body must be JSON, whatever its content type. */
  readonly accept?: RegExp;
  /** The charset of the body, whatever the response says. */
  readonly charset?: string | undefined;
}

/** A usable response. */
export interface FetchedResponse {
  /** The body. Null if it has not changed (304), after a request with `if-none-match` or `if-modified-since`. */
  readonly text: string | null;
  readonly headers: Headers;
  /** The target of the leading permanent redirects (301, 308), null if the first response was not one. */
  readonly movedTo: string | null;
}

/** A response whose body is not read, and the target of the leading permanent redirects. */
interface Reached {
  readonly response: Response;
  readonly movedTo: string | null;
}

/**
 * Fetches the text of a URL.
 *
 * @throws {UpstreamFailure} Of every kind but `shape` and `waiting`. Nothing else is thrown.
 */
export async function fetchText(
  runtime: Runtime,
  options: RequestOptions,
  url: string,
): Promise<string> {
  const { text } = await fetchResponse(runtime, options, url);
  if (text !== null) return text;
  throw new UpstreamFailure("http", `${options.title} refused: HTTP 304`, { status: 304 });
}

/**
 * Fetches text with its headers, for conditional requests and permanent redirects.
 *
 * @throws {UpstreamFailure} Of every kind but `shape` and `waiting`. Nothing else is thrown.
 */
export async function fetchResponse(
  runtime: Runtime,
  options: RequestOptions,
  url: string,
): Promise<FetchedResponse> {
  const { title, charset, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = options;
  const createTimeout = () =>
    new UpstreamFailure("timeout", `${title} did not answer within ${timeoutMs / 1000} s`);
  try {
    return await withDeadline(runtime.clock, timeoutMs, createTimeout, async (signal) => {
      const { response, movedTo } = await follow(runtime, options, url, signal);
      const { status, headers } = response;
      if (status === 304 && isConditional(options)) {
        discard(response);
        return { text: null, headers, movedTo };
      }
      const failure = refusalOf(response, options, runtime.clock.now());
      if (failure === null) {
        const text = await readText(response, signal, { title, maxBytes, charset });
        if (options.accept === undefined && !isJson(text, headers)) {
          throw unexpectedType(title, status, headers);
        }
        return { text, headers, movedTo };
      }
      discard(response);
      throw failure;
    });
  } catch (thrown) {
    throw asFailure(thrown, "network", `The connection to ${title} failed`);
  }
}

function isConditional({ headers }: RequestOptions): boolean {
  const requestHeaders = new Headers(headers);
  return requestHeaders.has("if-none-match") || requestHeaders.has("if-modified-since");
}

/** Follows redirects. Each target passes the SSRF guard. */
async function follow(
  { fetch, resolve }: Runtime,
  { title, headers: initialHeaders }: RequestOptions,
  initialUrl: string,
  signal: AbortSignal,
): Promise<Reached> {
  let url = URL.parse(initialUrl);
  if (url === null) {
    throw new UpstreamFailure("blocked", `${title} was not called: its address is not a URL`);
  }
  let headers = new Headers(initialHeaders);
  let movedTo: string | null = null;
  let isPermanent = true;
  for (let hop = 0;; hop++) {
    await guardTarget(url, resolve, title);
    signal.throwIfAborted();
    const response = await fetch(url, { headers, redirect: "manual", signal });
    if (signal.aborted) discard(response); // It came after the deadline, from a fetch that does not heed its signal.
    signal.throwIfAborted();
    if (!REDIRECT_STATUSES.has(response.status)) return { response, movedTo };
    discard(response);
    const target = redirectTargetOf(response, url);
    if (target === null || hop === MAX_REDIRECTS) {
      const { status } = response;
      throw new UpstreamFailure("http", `${title} sent a redirect that was not followed`, {
        status,
      });
    }
    if (target.origin !== url.origin) {
      headers = new Headers([...headers].filter(([name]) => HARMLESS_HEADERS.has(name)));
    }
    url = target;
    isPermanent &&= PERMANENT_REDIRECT_STATUSES.has(response.status);
    if (isPermanent) movedTo = url.href;
  }
}

function redirectTargetOf({ headers }: Response, base: URL): URL | null {
  const location = headers.get("location");
  return location === null ? null : URL.parse(location, base);
}

/** Returns the failure of a response, by its status and an expected content type. Returns null if it may be read. */
function refusalOf(
  { ok, status, headers }: Response,
  { title, accept }: RequestOptions,
  now: number,
): UpstreamFailure | null {
  if (!ok) {
    const retryAfterMs = parseRetryAfter(headers, now);
    return new UpstreamFailure("http", `${title} refused: HTTP ${status}`, {
      status,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    });
  }
  return accept === undefined || accept.test(headers.get("content-type") ?? "")
    ? null
    : unexpectedType(title, status, headers);
}

/** A content type of JSON. */
const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json\b/i;

/** The beginning of a JSON document that a server may send under any content type. */
const JSON_START = /^\s*[[{]/;

/**
 * Tests if a body is JSON. The content decides, because servers send JSON as `text/plain` or `application/octet-stream`, and
 * error pages with any type. A number or a string needs the content type.
 */
function isJson(text: string, headers: Headers): boolean {
  return JSON_START.test(text) || JSON_TYPE.test(headers.get("content-type") ?? "");
}

function unexpectedType(title: string, status: number, headers: Headers): UpstreamFailure {
  const type = headers.get("content-type") ?? "";
  const mediaType = /^[\w.+-]{1,40}\/[\w.+-]{1,80}/.exec(type)?.[0] ?? "content of unknown type";
  const message = `${title} answered with ${mediaType}, which was not requested`;
  return new UpstreamFailure("type", message, { status });
}
