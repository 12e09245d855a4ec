/**
 * A publisher of sessions, over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { OF_PUBLISHER } from "./operations.ts";
import { parse } from "./shapes.ts";

const SESSION = z.object({ id: z.string() });

async function send(url: string, method: string, body: unknown) {
  const answer = await fetch(url, {
    method,
    headers: { ...OF_PUBLISHER, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`);
  return parse(SESSION, text);
}

/** Begins a session of ann's. @returns Its path. */
export async function beginSession(origin: string): Promise<string> {
  return `/v1/sessions/${(await send(`${origin}/v1/sessions`, "POST", { owner: "ann" })).id}`;
}

/** Says where one is. Fails where that is refused. */
export async function changeSession(origin: string, path: string, body: unknown): Promise<void> {
  await send(origin + path, "PATCH", body);
}
