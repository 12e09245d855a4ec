/**
 * Refusals for people: RFC 9457 problem details.
 *
 * @module
 */

/** What is wrong with one field or parameter. */
export interface FieldError {
  /** Where: a parameter's name or the path in a body, such as `data.price`. */
  readonly field: string;
  readonly detail: string;
}

/** What a problem carries beyond its status and code. */
export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  /** How long the caller should wait: sent as `Retry-After`, in whole seconds. */
  readonly retryAfterMs?: number;
  /** More response headers, such as `RateLimit`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const TITLES: Readonly<Record<number, string>> = {
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
};

/** The statuses a {@linkcode Problem} may have. */
export type ProblemStatus =
  | 400
  | 401
  | 403
  | 404
  | 409
  | 413
  | 414
  | 415
  | 422
  | 429
  | 500
  | 503;

/** The body of a problem, as `application/problem+json` has it. */
export interface ProblemBody {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: ProblemStatus;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly FieldError[];
}

/**
 * A refusal whose reader is a person on the other side. `detail` says what to do about it and never holds a stack, a
 * token or an upstream's body; `code` is for programs and does not change.
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

  /** What goes over the wire. */
  toJSON(): ProblemBody {
    const { errors } = this.options;
    return {
      type: "about:blank",
      title: TITLES[this.status] ?? "Error",
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(errors ? { errors } : {}),
    };
  }
}
