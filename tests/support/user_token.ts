/**
 * Users' tokens, signed independently of the server.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** The secret of users' tokens in all tests. */
export const AUTH_SECRET = "a-secret-of-thirty-two-bytes-or-more";

/** Differences from a valid token. */
export interface TokenOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly secret?: string;
  readonly hash?: "sha256" | "sha512";
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Signs claims, whatever they are. */
export function signToken(
  claims: unknown,
  { header = { alg: "HS256", typ: "JWT" }, secret = AUTH_SECRET, hash = "sha256" }: TokenOptions =
    {},
): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}
