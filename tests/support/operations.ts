/**
 * A publisher of operations, over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { PUBLISH_TOKEN } from "./publisher.ts";
import { parse } from "./shapes.ts";

/** The headers of a publisher. */
export const OF_PUBLISHER = { authorization: `Bearer ${PUBLISH_TOKEN}` };

/** What tests look at of an operation. */
export const OPERATION = z.object({
  id: z.string(),
  state: z.string(),
  progress: z.number().nullable(),
});

async function send(url: string, method: string, body: unknown) {
  const answer = await fetch(url, {
    method,
    headers: { ...OF_PUBLISHER, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`);
  return parse(OPERATION, text);
}

/** Begins an operation. @returns Its path. */
export async function begin(
  origin: string,
  more: { readonly ttl_s?: number } = {},
): Promise<string> {
  const body = { kind: "export", owner: "ann", ...more };
  return `/v1/operations/${(await send(`${origin}/v1/operations`, "POST", body)).id}`;
}

/** Reports how one is going. Fails where that is refused. */
export async function report(origin: string, path: string, body: unknown) {
  return await send(origin + path, "PATCH", body);
}

/** Looks at one. */
export async function check(origin: string, path: string) {
  const answer = await fetch(origin + path, { headers: OF_PUBLISHER });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}: ${text}`);
  return parse(OPERATION, text);
}
