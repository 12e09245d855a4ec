/**
 * Digests, derived keys, and the comparison of secrets.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Returns the SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Derives a key for one use from a secret. A signature made with it is worthless for every other use. */
export function deriveKey(use: string, secret: string): string {
  return sha256(`${use} ${secret}`);
}

/**
 * Compares a text with a secret. The time it takes depends on the length of the given text alone, which the caller knows.
 * A digest of each, or a call to `node:crypto`, would cost more than the rest of a publisher's authorization.
 */
export function isSameSecret(secret: string, given: string): boolean {
  let difference = secret.length ^ given.length;
  for (let i = 0; i < given.length; i++) {
    difference |= given.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  }
  return difference === 0;
}
