/**
 * The router every route file begins with.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { Problem } from "../core/problem.ts";
import type { Env } from "./connection.ts";
import { problemResponse } from "./problem_response.ts";

/** Creates a router that answers what does not fit its schemas with a problem that names every field. */
export function createRouter(): OpenAPIHono<Env> {
  return new OpenAPIHono<Env>({
    defaultHook(result) {
      if (result.success) return;
      const errors = result.error.issues.map(({ path, message }) => ({
        field: path.join(".") || result.target,
        detail: message,
      }));
      const detail = `The ${result.target === "json" ? "body" : "parameters"} cannot be used.`;
      return problemResponse(new Problem(400, "bad_parameters", detail, { errors }));
    },
  });
}
