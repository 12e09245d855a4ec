/**
 * A publisher of sessions, over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { requestAsPublisher } from "./publisher.ts";

const SESSION = z.object({ id: z.string() });

/** Creates a session of ann's. @returns Its path. */
export async function beginSession(origin: string, token?: string): Promise<string> {
  const { id } = await requestAsPublisher(SESSION, "POST", `${origin}/v1/sessions`, {
    owner: "ann",
  }, token);
  return `/v1/sessions/${id}`;
}

/** Changes a session. Fails if the change is refused. */
export async function changeSession(origin: string, path: string, body: unknown): Promise<void> {
  await requestAsPublisher(SESSION, "PATCH", origin + path, body);
}
