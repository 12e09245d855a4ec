/**
 * Poll delays: the time that a response tells a polling client to wait.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** The delay between two polls of a resource whose next change cannot be predicted, in seconds. */
export const POLL_DELAY_S = 5;

/** The delay before the next poll of a resource. */
export const PollDelay = z.int().meta({ description: "Seconds before the next poll." });

/** The delay before the next poll of a resource that ends. */
export const PollDelayToEnd = z.int().meta({
  description: "Seconds before the next poll; 0 once it has ended.",
});
