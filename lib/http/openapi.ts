/**
 * JSON answers in the API's document.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";

/** Declares an answer of JSON. */
export function jsonContent<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}
