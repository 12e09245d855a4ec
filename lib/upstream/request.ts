/**
 * One GET of text from a host we do not trust.
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

/** How an upstream is asked. */
export interface RequestOptions {
  /** The upstream's name, for people. */
  readonly title: string;
  /** For the whole call, redirects and body included. */
  readonly timeoutMs?: number;
  /** Of the body, after decompression. */
  readonly maxBytes?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the content type must match. JSON where it is not given. */
  readonly accept?: RegExp;
}

/** An answer that can be used. */
export interface Fetched {
  /** Null where it has not changed (304): only whoever sent `if-none-match` or `if-modified-since` is told so. */
  readonly text: string | null;
  readonly headers: Headers;
  /** Where permanent redirects lead (301, 308), up to the first that is not: null where the first hop was none. */
  readonly movedTo: string | null;
}

/** An answer's head, and the way to it. */
interface Reached {
  readonly response: Response;
  readonly movedTo: string | null;
}

/**
 * Fetches text.
 *
 * @throws {UpstreamFailure} Always of this class: of every kind but `shape` and `waiting`.
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
 * Fetches text with what is said about it: for who asks whether it has changed, or where it has gone.
 *
 * @throws {UpstreamFailure} Always of this class: of every kind but `shape` and `waiting`.
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
      const problem = refusal(response, options, runtime.clock.now());
      if (problem === null) {
        return { text: await readText(response, signal, { title, maxBytes }), headers, movedTo };
      }
      discard(response);
      throw problem;
    });
  } catch (thrown) {
    throw asFailure(thrown, "network", `The connection to ${title} failed`);
  }
}

function isConditional({ headers }: RequestOptions): boolean {
  const sent = new Headers(headers);
  return sent.has("if-none-match") || sent.has("if-modified-since");
}

/** Follows redirects, each judged as if it had been asked for in the first place. */
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

/** What is wrong with an answer before its body is looked at: null where nothing is. */
function refusal(
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
