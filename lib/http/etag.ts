/**
 * Entity tags of responses.
 *
 * @module
 */
import type { Context } from "hono";
import type { AppEnv } from "./app_env.ts";
import { sha256 } from "./crypto.ts";

/** Returns the weak entity tag of a value, which depends on its JSON. */
export function etagOf(value: unknown): string {
  return `W/"${sha256(JSON.stringify(value)).slice(0, 24)}"`;
}

/** Returns true if `If-None-Match` names a tag, by weak comparison (RFC 9110, 13.1.2). */
export function etagMatches(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return (ifNoneMatch ?? "").split(",").some((tag) =>
    tag.trim() === "*" || opaque(tag) === opaque(etag)
  );
}

/**
 * Sets the entity tag of a response, and compares it with the one that the client sent.
 *
 * @returns True if the client has this content. The status must then be 304.
 */
export function revalidate(
  c: Context<AppEnv>,
  content: unknown,
  cacheControl: "no-cache" | "private, no-cache",
): boolean {
  const etag = etagOf(content);
  c.header("etag", etag);
  c.header("cache-control", cacheControl);
  return etagMatches(c.req.header("if-none-match"), etag);
}
