/**
 * Entity tags of JSON answers.
 *
 * @module
 */
import { sha256 } from "./hash.ts";

/** A weak tag of what a client would see differ. */
export async function etagOf(value: unknown): Promise<string> {
  return `W/"${(await sha256(JSON.stringify(value))).slice(0, 24)}"`;
}

/** Whether `If-None-Match` names a tag: compared weakly (RFC 9110, 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return (ifNoneMatch ?? "").split(",").some((tag) =>
    tag.trim() === "*" || opaque(tag) === opaque(etag)
  );
}
