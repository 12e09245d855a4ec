/**
 * Problems as responses: `application/problem+json` (RFC 9457).
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { Problem, type ProblemStatus } from "../core/problem.ts";

/** The shape of a problem, for the API's document. */
const ProblemSchema = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: "The cause, and what to do about it." }),
  code: z.string().meta({
    description: "A stable code for programs.",
    example: "unknown_topic",
  }),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
}).meta({ id: "Problem" });

const STATUS_TEXTS: Readonly<Record<ProblemStatus, string>> = {
  400: "The parameters or the body are not valid",
  401: "The token is missing or not valid",
  403: "The token does not allow it",
  404: "Unknown, or another user's",
  409: "In conflict with the current state",
  413: "The body is too large",
  414: "The URL is too long",
  415: "The body is not declared as JSON",
  422: "The `Idempotency-Key` was used with another body, or the event is not accepted",
  429: "The caller's limit is exhausted; `Retry-After` has the delay in seconds",
  500: "An error of the server",
  503:
    "The server's capacity is exhausted, or the isolate is draining; `Retry-After` has the delay in seconds",
};

/** Declares the problems with which a route may respond. */
export function problems(...statuses: readonly ProblemStatus[]) {
  return Object.fromEntries(statuses.map((status) => [status, {
    description: STATUS_TEXTS[status],
    content: { "application/problem+json": { schema: ProblemSchema } },
  }]));
}

/** Converts a thrown value to a problem. The problem of an unexpected error contains no detail of it. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof HTTPException && thrown.status === 413) {
    return new Problem(413, "body_too_large", "The body is too large.");
  }
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new Problem(400, "bad_request", "The request cannot be read.");
  }
  return new Problem(
    500,
    "internal_error",
    "The server failed to answer. It is not the request's fault.",
    { cause: thrown },
  );
}

/** Creates the response of a problem. */
export function problemResponse(problem: Problem): Response {
  const { retryAfterMs, headers } = problem.options;
  const response = new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...headers,
    },
  });
  if (retryAfterMs !== undefined) {
    response.headers.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  }
  return response;
}
