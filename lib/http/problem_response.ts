/**
 * Problems as responses: `application/problem+json` (RFC 9457).
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { Problem, type ProblemStatus } from "../core/problem.ts";

/** The shape of a problem, for the API's document. */
export const ProblemSchema = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: "What is wrong, and what to do about it." }),
  code: z.string().meta({
    description: "For programs: it does not change.",
    example: "unknown_topic",
  }),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
}).meta({ id: "Problem" });

const MEANINGS: Readonly<Record<ProblemStatus, string>> = {
  400: "Bad parameters or data",
  401: "No token, or a bad one",
  403: "Not allowed",
  404: "Unknown",
  409: "In conflict with what is",
  413: "Too large",
  414: "The URL is too long",
  415: "Not JSON",
  422: "Well-formed, but not something we take",
  429: "This caller's share is used up; `Retry-After` says how long",
  500: "Our fault",
  503: "Our capacity is used up, or we are going; `Retry-After` says how long",
};

/** Declares the problems a route may answer with. */
export function problems(...statuses: readonly ProblemStatus[]) {
  return Object.fromEntries(statuses.map((status) => [status, {
    description: MEANINGS[status],
    content: { "application/problem+json": { schema: ProblemSchema } },
  }]));
}

/** Makes a problem of whatever was thrown. What we did not expect says nothing of its inside. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof HTTPException && thrown.status === 413) {
    return new Problem(413, "body_too_large", "The body is too large.");
  }
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new Problem(400, "bad_request", "The request cannot be read.");
  }
  return new Problem(500, "internal_error", "Something went wrong on our side.", { cause: thrown });
}

/** The response a problem is sent as. */
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
