/**
 * Entity tags of JSON answers.
 *
 * @module
 */
import type { Context } from "hono";
import type { AppEnv } from "./client_address.ts";
import { sha256 } from "./crypto.ts";

/** A weak tag of what a client would see differ. */
export function etagOf(value: unknown): string {
  return `W/"${sha256(JSON.stringify(value)).slice(0, 24)}"`;
}

/** Whether `If-None-Match` names a tag: compared weakly (RFC 9110, 13.1.2). */
export function etagMatches(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return (ifNoneMatch ?? "").split(",").some((tag) =>
    tag.trim() === "*" || opaque(tag) === opaque(etag)
  );
}

/**
 * Tags an answer by what of it a client would see differ.
 *
 * @returns Whether the client has it already: it is to be answered 304.
 */
export function isUnchanged(
  c: Context<AppEnv>,
  content: unknown,
  cacheControl: "no-cache" | "private, no-cache",
): boolean {
  const etag = etagOf(content);
  c.header("etag", etag);
  c.header("cache-control", cacheControl);
  return etagMatches(c.req.header("if-none-match"), etag);
}
