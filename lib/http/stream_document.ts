/**
 * Streams in the API's document: OpenAPI 3.2 describes each frame by `itemSchema`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** A frame, as a parser hands it on. */
const FrameSchema = z.object({
  id: z.string().optional().meta({
    description: "Grows. The last one seen is the client's cursor.",
  }),
  event: z.string().meta({ example: "quote" }),
  data: z.string().meta({ description: "JSON" }),
  retry: z.int().optional().meta({ description: "Milliseconds until a client comes back." }),
}).meta({ id: "Frame" });

/** Declares a stream. @param frames Which frames come, in words. */
export function streamContent(frames: string) {
  return {
    description: `A stream of server-sent events: ${frames}. ` +
      "Where a budget is full: one frame `busy`, and the end.",
    content: { "text/event-stream": { itemSchema: FrameSchema } },
  };
}
