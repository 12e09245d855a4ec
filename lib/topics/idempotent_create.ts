/**
 * A request to begin something that comes again.
 *
 * @module
 */
import { z } from "zod";
import { IDEMPOTENCY_KEY_MS, type IdempotencyKey, keyReused } from "../store/event_log.ts";
import type { Store } from "../store/store.ts";

/** Where it is remembered what a request began. */
function keyOf(key: string): string {
  return `once:${key}`;
}

/** What was begun, as it is remembered under a key. @throws {Problem} 422 `idempotency_key_reused`. */
function firstOf<Kept>(Kept: z.ZodType<Kept>, text: string, fingerprint: string): Kept {
  const mark = z.object({ fingerprint: z.string(), first: Kept }).parse(JSON.parse(text));
  if (mark.fingerprint === fingerprint) return mark.first;
  throw keyReused();
}

/**
 * What the first of several like requests began: the one that is offered, where this is the first.
 *
 * @param Kept The shape of what is begun.
 * @throws {Problem} 422 `idempotency_key_reused`, where the body differs.
 */
export async function createdOnce<Kept>(
  store: Pick<Store, "cas">,
  Kept: z.ZodType<Kept>,
  { key, fingerprint }: IdempotencyKey,
  offered: Kept,
): Promise<Kept> {
  const text = JSON.stringify({ fingerprint, first: offered });
  const held = await store.cas(keyOf(key), null, text, IDEMPOTENCY_KEY_MS);
  return firstOf(Kept, held ?? text, fingerprint);
}

/**
 * What a request began that came before: null where it did not.
 *
 * @throws {Problem} 422 `idempotency_key_reused`, where the body differs.
 */
export async function begunBy<Kept>(
  store: Pick<Store, "get">,
  Kept: z.ZodType<Kept>,
  { key, fingerprint }: IdempotencyKey,
): Promise<Kept | null> {
  const text = await store.get(keyOf(key));
  return text === null ? null : firstOf(Kept, text, fingerprint);
}
