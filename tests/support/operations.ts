/**
 * A publisher of operations, over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { requestAsPublisher } from "./publisher.ts";

/** The fields of an operation that tests read. */
export const OPERATION = z.object({
  id: z.string(),
  state: z.string(),
  progress: z.number().nullable(),
});

/** Creates an operation. @returns Its path. */
export async function createOperation(
  origin: string,
  more: { readonly ttl_s?: number } = {},
): Promise<string> {
  const body = { kind: "export", owner: "ann", ...more };
  return `/v1/operations/${
    (await requestAsPublisher(OPERATION, "POST", `${origin}/v1/operations`, body)).id
  }`;
}

/** Reports progress. Fails if the report is refused. */
export async function reportOperation(origin: string, path: string, body: unknown) {
  return await requestAsPublisher(OPERATION, "PATCH", origin + path, body);
}

/** Reads an operation. */
export async function readOperation(origin: string, path: string) {
  return await requestAsPublisher(OPERATION, "GET", origin + path);
}
