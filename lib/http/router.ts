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
      const errors = result.error.issues.flatMap((issue) => {
        const { path, message } = issue;
        const unknown = issue.code === "unrecognized_keys" ? issue.keys : [];
        return unknown.length > 0
          ? unknown.map((key) => ({ field: [...path, key].join("."), detail: "Unknown" }))
          : [{ field: path.join(".") || result.target, detail: message }];
      });
      const detail = `The ${result.target === "json" ? "body" : "parameters"} cannot be used.`;
      return problemResponse(new Problem(400, "bad_parameters", detail, { errors }));
    },
  });
}
