/**
 * The router every route file begins with.
 *
 * @module
 */
import { OpenAPIHono, type z } from "@hono/zod-openapi";
import { Problem } from "../core/problem.ts";
import type { AppEnv } from "./client_address.ts";
import { problemResponse } from "./problem_response.ts";

/** What does not fit its schema, every field named. @param target What was read: `json`, or where parameters stand. */
export function badParameters(target: string, { issues }: Pick<z.ZodError, "issues">): Problem {
  const errors = issues.flatMap((issue) => {
    const { path, message } = issue;
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [];
    return unknown.length > 0
      ? unknown.map((key) => ({ field: [...path, key].join("."), detail: "Unknown" }))
      : [{ field: path.join(".") || target, detail: message }];
  });
  const detail = `The ${target === "json" ? "body" : "parameters"} cannot be used.`;
  return new Problem(400, "bad_parameters", detail, { errors });
}

/** Creates a router that answers what does not fit its schemas with a problem that names every field. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook(result) {
      return result.success
        ? undefined
        : problemResponse(badParameters(result.target, result.error));
    },
  });
}
