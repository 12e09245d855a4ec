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

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const PERMANENT: ReadonlySet<number> = new Set([301, 308]);
const MAX_REDIRECTS = 3;

/** The headers that may follow a redirect to another origin. All others might be secrets. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set(["accept", "accept-language", "user-agent"]);

/** The options of a request. */
export interface RequestOptions {
  /** The upstream's name, for messages. */
  readonly title: string;
  /** The deadline of the whole call, redirects and body included. */
  readonly timeoutMs?: number;
  /** The largest body, after decompression. */
  readonly maxBytes?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A pattern that the content type must match. JSON by default. */
  readonly accept?: RegExp;
}

/** A usable answer. */
export interface Fetched {
  /** Null if it has not changed (304), after a request with `if-none-match` or `if-modified-since`. */
  readonly text: string | null;
  readonly headers: Headers;
  /** The target of the leading permanent redirects (301, 308), null if the first answer was none. */
  readonly movedTo: string | null;
}

/** The head of an answer, and the redirects that led to it. */
interface Reached {
  readonly response: Response;
  readonly movedTo: string | null;
}

/**
 * Fetches text.
 *
 * @throws {UpstreamFailure} Of every kind but `shape` and `waiting`. Nothing else is thrown.
 */
export async function fetchText(
  runtime: Runtime,
  options: RequestOptions,
  url: string,
): Promise<string> {
  const { text } = await fetchAnswer(runtime, options, url);
  if (text !== null) return text;
  throw new UpstreamFailure("http", `${options.title} refused: HTTP 304`, { status: 304 });
}

/**
 * Fetches text with its headers, for conditional requests and permanent redirects.
 *
 * @throws {UpstreamFailure} Of every kind but `shape` and `waiting`. Nothing else is thrown.
 */
export async function fetchAnswer(
  runtime: Runtime,
  options: RequestOptions,
  url: string,
): Promise<Fetched> {
  const { title, timeoutMs = 8000, maxBytes = 1_048_576 } = options;
  const late = () =>
    new UpstreamFailure("timeout", `${title} did not answer within ${timeoutMs / 1000} s`);
  try {
    return await withDeadline(runtime.clock, timeoutMs, late, async (signal) => {
      const { response, movedTo } = await follow(runtime, options, url, signal);
      const { status, headers } = response;
      if (status === 304 && isConditional(options)) {
        discard(response);
        return { text: null, headers, movedTo };
      }
      const failure = refusalOf(response, options, runtime.clock.now());
      if (failure === null) {
        return { text: await readText(response, signal, { title, maxBytes }), headers, movedTo };
      }
      discard(response);
      throw failure;
    });
  } catch (thrown) {
    throw asFailure(thrown, "network", `The connection to ${title} failed`);
  }
}

function isConditional({ headers }: RequestOptions): boolean {
  const sent = new Headers(headers);
  return sent.has("if-none-match") || sent.has("if-modified-since");
}

/** Follows redirects. Each target passes the SSRF guard. */
async function follow(
  { fetch, resolve }: Runtime,
  { title, headers: given = {} }: RequestOptions,
  start: string,
  signal: AbortSignal,
): Promise<Reached> {
  let url = URL.parse(start);
  if (url === null) throw new UpstreamFailure("blocked", `${title} was not called: no URL`);
  let headers = new Headers(given);
  let movedTo: string | null = null;
  let isPermanent = true;
  for (let hop = 0;; hop++) {
    await guardTarget(url, resolve, title);
    signal.throwIfAborted();
    const response = await fetch(url, { headers, redirect: "manual", signal });
    if (signal.aborted) discard(response); // it came too late, from a fetch that does not heed its signal
    signal.throwIfAborted();
    if (!REDIRECTS.has(response.status)) return { response, movedTo };
    discard(response);
    const next = targetOf(response, url);
    if (next === null || hop === MAX_REDIRECTS) {
      const { status } = response;
      throw new UpstreamFailure("http", `${title} redirected us to nowhere`, { status });
    }
    if (next.origin !== url.origin) {
      headers = new Headers([...headers].filter(([name]) => HARMLESS_HEADERS.has(name)));
    }
    url = next;
    isPermanent &&= PERMANENT.has(response.status);
    if (isPermanent) movedTo = url.href;
  }
}

function targetOf({ headers }: Response, base: URL): URL | null {
  const location = headers.get("location");
  return location === null ? null : URL.parse(location, base);
}

/** Returns the failure of an answer, by its status and content type; null if it is usable. */
function refusalOf(
  { ok, status, headers }: Response,
  { title, accept = /^application\/(?:[\w.+-]+\+)?json\b/i }: RequestOptions,
  now: number,
): UpstreamFailure | null {
  if (!ok) {
    const retryAfterMs = parseRetryAfter(headers.get("retry-after"), now);
    return new UpstreamFailure("http", `${title} refused: HTTP ${status}`, {
      status,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    });
  }
  const type = headers.get("content-type") ?? "";
  if (accept.test(type)) return null;
  const got = /^[\w.+-]{1,40}\/[\w.+-]{1,80}/.exec(type)?.[0] ?? "content of no known type";
  return new UpstreamFailure("type", `${title} answered with ${got}, which we did not ask for`, {
    status,
  });
}
