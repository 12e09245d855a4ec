/**
 * When it is worth asking again, in the API's document.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** Seconds between two questions, where nothing tells how long it takes. */
export const POLL_S = 5;

/** Of what is worth asking for again and again. */
export const PollDelay = z.int().meta({ description: "Seconds until it is worth asking again." });

/** Of what ends. */
export const PollDelayToEnd = z.int().meta({
  description: "Seconds until it is worth asking again; 0 at the end.",
});
