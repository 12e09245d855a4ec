/**
 * Fragments of the API's document: the content of JSON responses and of streams.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** Declares a JSON response. */
export function jsonContent<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}

/** Declares a JSON response with an `ETag`. */
export function taggedJsonContent<Schema extends z.ZodType>(description: string, schema: Schema) {
  const headers = { etag: { schema: { type: "string" as const } } };
  return { ...jsonContent(description, schema), headers };
}

/** One frame, as a parser of server-sent events returns it. */
const FrameSchema = z.object({
  id: z.string().optional().meta({
    description: "Increases. The last id received is the client's cursor.",
  }),
  event: z.string().meta({ example: "quote" }),
  data: z.string().meta({ description: "JSON" }),
  retry: z.int().optional().meta({ description: "Milliseconds before the client reconnects." }),
}).meta({ id: "Frame" });

/**
 * Declares a stream: OpenAPI 3.2 describes each of its frames by `itemSchema`.
 *
 * @param frames The event types of the stream, in words.
 */
export function streamContent(frames: string) {
  return {
    description: `A stream of server-sent events: ${frames}. ` +
      "If a limit is exhausted: one frame `busy`, then the end.",
    content: { "text/event-stream": { itemSchema: FrameSchema } },
  };
}
