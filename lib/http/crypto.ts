/**
 * Digests, derived keys, and the comparison of secrets.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Returns the SHA-256 digest of a text in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Derives a key for one use from a secret. A signature made with it is worthless for every other use. */
export function deriveKey(use: string, secret: string): string {
  return sha256(`${use} ${secret}`);
}

/**
 * Compares a candidate with a secret. The time depends only on the length of the candidate, which the caller knows. Digests
 * or a call to `node:crypto` would cost more than the rest of a publisher's authorization.
 */
export function isSameSecret(secret: string, candidate: string): boolean {
  let difference = secret.length ^ candidate.length;
  for (let i = 0; i < candidate.length; i++) {
    difference |= candidate.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  }
  return difference === 0;
}
