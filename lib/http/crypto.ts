/**
 * Short names for what is long, and whether two secrets are one.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A key for one use, made of a secret: what is signed with it is worth nothing elsewhere. */
export function deriveKey(use: string, secret: string): string {
  return sha256(`${use} ${secret}`);
}

/**
 * Whether a text is our secret. The time it takes tells what the caller knows: how long the given one is, and no more.
 * A digest of each, or a call to `node:crypto`, would cost more than all else that a publisher's right takes.
 */
export function isSameSecret(secret: string, given: string): boolean {
  let difference = secret.length ^ given.length;
  for (let i = 0; i < given.length; i++) {
    difference |= given.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  }
  return difference === 0;
}
