/**
 * The stream of one thing that is somebody's.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "zod";
import type { Topic } from "../core/topic.ts";
import type { Principal } from "./auth.ts";
import type { AppEnv } from "./client_address.ts";
import { streamInput, type StreamQuery } from "./query_params.ts";
import { type StreamOpener, streamResponse, withStoreFallback } from "./stream_response.ts";

/** What is followed. */
export interface StreamedResource {
  readonly topic: Topic;
  /** Where the same can be had as JSON. */
  readonly pollUrl: string;
  /** Throws where it is not there, or not the caller's: `findOne()` does. */
  find(principal: Principal): Promise<unknown>;
}

/** Opens the stream of one thing, once it is found to be the caller's. @throws {Problem} As `streamResponse()`, and `find()`. */
export async function resourceStream(
  c: Context<AppEnv>,
  streamOpener: StreamOpener,
  query: z.infer<typeof StreamQuery>,
  { topic, pollUrl, find }: StreamedResource,
): Promise<Response> {
  return await withStoreFallback(c, streamOpener, pollUrl, async () => {
    const principal = await streamOpener.authenticator.authenticateStream(c);
    await find(principal);
    return await streamResponse(c, streamOpener, {
      ...streamInput(query, c.req.header("last-event-id")),
      principal,
      filters: [{ topic, tags: null }],
      pollUrl,
    });
  });
}
