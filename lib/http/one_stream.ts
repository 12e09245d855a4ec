/**
 * The stream of one thing that is somebody's.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "zod";
import type { Topic } from "../core/topic.ts";
import type { Caller } from "./auth.ts";
import type { Env } from "./client_address.ts";
import { streamInput, type StreamQuery } from "./query_params.ts";
import { type Door, openByStore, streamResponse } from "./stream_response.ts";

/** What is followed. */
export interface Followed {
  readonly topic: Topic;
  /** Where the same can be had as JSON. */
  readonly pollUrl: string;
  /** Throws where it is not there, or not the caller's: `findOne()` does. */
  find(caller: Caller): Promise<unknown>;
}

/** Opens the stream of one thing, once it is found to be the caller's. @throws {Problem} As `streamResponse()`, and `find()`. */
export async function oneStream(
  c: Context<Env>,
  door: Door,
  query: z.infer<typeof StreamQuery>,
  { topic, pollUrl, find }: Followed,
): Promise<Response> {
  return await openByStore(c, door, pollUrl, async () => {
    const caller = await door.callers.ofStream(c);
    await find(caller);
    return await streamResponse(c, door, {
      ...streamInput(query, c.req.header("last-event-id")),
      caller,
      wishes: [{ topic, tags: null }],
      pollUrl,
    });
  });
}
