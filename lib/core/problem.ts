/**
 * Problem details of RFC 9457.
 *
 * @module
 */

/** The most characters of a caller's invalid value that a problem repeats. */
export const MAX_REPEATED_CHARACTERS = 80;

/** The error of one field or parameter. */
export interface FieldError {
  /** The name of a parameter, or the path in a body, such as `data.price`. */
  readonly field: string;
  readonly detail: string;
}

/** The optional parts of a problem. */
export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  /** The delay before the caller should retry, in milliseconds. It is sent as `Retry-After`, in whole seconds. */
  readonly retryAfterMs?: number;
  /** Further response headers, such as `RateLimit`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const TITLES = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  413: "Content too large",
  414: "URI too long",
  415: "Unsupported media type",
  422: "Unprocessable content",
  429: "Too many requests",
  500: "Internal error",
  503: "Service unavailable",
} as const;

/** A status that a {@linkcode Problem} may have. */
export type ProblemStatus = keyof typeof TITLES;

/** The body of a problem: `application/problem+json`. */
export interface ProblemBody {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: ProblemStatus;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly FieldError[];
}

/**
 * An error that the caller may read. The message says what happened and what to do. It never contains a stack, a token or
 * the body of an upstream. `code` is for programs and does not change.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: ProblemStatus;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: ProblemStatus, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.options = options;
  }

  /** Returns the body of the response. */
  toJSON(): ProblemBody {
    const { errors } = this.options;
    return {
      type: "about:blank",
      title: TITLES[this.status],
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(errors ? { errors } : {}),
    };
  }
}
