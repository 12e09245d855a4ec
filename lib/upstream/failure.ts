/**
 * Failures of upstreams: a message for readers, a kind for programs.
 *
 * @module
 */
import type { CALL_OUTCOMES } from "../core/metrics.ts";

/**
 * The kind of a failure.
 *
 * | kind        | means                                                      |
 * | ----------- | ---------------------------------------------------------- |
 * | `timeout`   | no whole response before the deadline                      |
 * | `too_large` | more bytes than the limit                                  |
 * | `blocked`   | a URL that is not called: not https, or not public         |
 * | `network`   | no connection, or one that broke                           |
 * | `http`      | a status other than 2xx, or redirects that lead nowhere    |
 * | `type`      | a content type that was not requested                      |
 * | `shape`     | content that could not be parsed                           |
 * | `waiting`   | no call was made: the breaker is open, or a cool-down runs |
 */
export type FailureKind = Exclude<typeof CALL_OUTCOMES[number], "ok">;

/** The details of a failure. */
export interface FailureOptions {
  /** The HTTP status, if there was one. A parser sets it for a refusal that came with 200. */
  readonly status?: number;
  /** The cool-down that the upstream asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The thrown error. It must not be logged, because it may contain the whole URL. */
  readonly cause?: unknown;
}

/** The failure of a call. The message is shown to readers: it never contains a body, a query or a token. */
export class UpstreamFailure extends Error {
  override readonly name = "UpstreamFailure";
  readonly kind: FailureKind;
  /** The HTTP status, null if there was none. */
  readonly status: number | null;
  /** The milliseconds before the next call, null if unknown. */
  readonly retryAfterMs: number | null;
  /** The failure of the last call, if no further call was made because of it, else null. */
  readonly lastCallFailure: UpstreamFailure | null;

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.lastCallFailure = options.cause instanceof UpstreamFailure ? options.cause : null;
  }
}

/** Returns a failure unchanged, and wraps any other thrown value in a failure of this kind. */
export function asFailure(thrown: unknown, kind: FailureKind, message: string): UpstreamFailure {
  return thrown instanceof UpstreamFailure
    ? thrown
    : new UpstreamFailure(kind, message, { cause: thrown });
}

/** The statuses below 500 that concern the whole host: a bad key, an overload, a limit. Others concern the URL. */
const HOST_STATUSES: ReadonlySet<number> = new Set([401, 407, 408, 421, 425, 429]);

/** The statuses that concern one URL only, whatever pause comes with them. */
const URL_STATUSES: ReadonlySet<number | null> = new Set([400, 404, 410, 414, 422]);

/** Tests if the pause that a failure asks for concerns one URL only. */
export function concernsUrlOnly({ status }: UpstreamFailure): boolean {
  return URL_STATUSES.has(status);
}

/**
 * Tests if a failure concerns the whole host. An answer about the URL (404), in an unknown shape or too large shows that the
 * host works.
 */
export function concernsHost({ kind, status }: UpstreamFailure): boolean {
  switch (kind) {
    case "timeout":
    case "network":
    case "blocked":
    case "type":
      return true;
    case "http":
      return status === null || status >= 500 || HOST_STATUSES.has(status);
    case "too_large":
    case "shape":
    case "waiting":
      return false;
  }
}
