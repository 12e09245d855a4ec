/**
 * Short names for what is long, and whether two secrets are one.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";

const utf8 = new TextEncoder();

/** The SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A key for one use, made of a secret: what is signed with it is worth nothing elsewhere. */
export function keyFor(use: string, secret: string): string {
  return sha256(`${use} ${secret}`);
}

/** Whether two secrets are the same. The time it takes tells nothing of how they differ, nor of how long they are. */
export function isSame(secret: string, given: string): boolean {
  const [ours, theirs] = [utf8.encode(secret), utf8.encode(given)];
  const isAsLong = ours.length === theirs.length;
  return timingSafeEqual(ours, isAsLong ? theirs : ours) && isAsLong;
}
