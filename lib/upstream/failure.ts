/**
 * What goes wrong at an upstream, in words for people and for programs.
 *
 * @module
 */

/**
 * | kind        | means                                                      |
 * | ----------- | ---------------------------------------------------------- |
 * | `timeout`   | no whole answer before the deadline                        |
 * | `too_large` | more bytes than we take                                    |
 * | `blocked`   | a URL we do not call: not https, not public                |
 * | `network`   | no connection, or one that broke                           |
 * | `http`      | a status other than 2xx, or redirects that lead nowhere    |
 * | `type`      | a content type that was not asked for                      |
 * | `shape`     | content that could not be parsed                           |
 * | `waiting`   | no call was made, since the upstream is left alone         |
 */
export type FailureKind =
  | "timeout"
  | "too_large"
  | "blocked"
  | "network"
  | "http"
  | "type"
  | "shape"
  | "waiting";

/** What a failure carries beyond its kind and message. */
export interface FailureOptions {
  /** The HTTP status, where there was one. A parser sets it for a refusal that came with 200. */
  readonly status?: number;
  /** How long the upstream wants to be left alone. */
  readonly retryAfterMs?: number;
  /** What was thrown. It may name the whole URL, so it is for debuggers, never for logs. */
  readonly cause?: unknown;
}

/** An upstream that gave no usable answer. The message is for people: it never holds a body, a query or a token. */
export class UpstreamFailure extends Error {
  override readonly name = "UpstreamFailure";
  readonly kind: FailureKind;
  readonly status: number | null;
  /** How long to leave the upstream alone, where that is known. */
  readonly retryAfterMs: number | null;

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** A failure as it is; whatever else was thrown as a failure of this kind. */
export function asFailure(thrown: unknown, kind: FailureKind, message: string): UpstreamFailure {
  return thrown instanceof UpstreamFailure
    ? thrown
    : new UpstreamFailure(kind, message, { cause: thrown });
}
