/**
 * A request to begin something that comes again.
 *
 * @module
 */
import { z } from "zod";
import { keyReused, type Once, ONCE_MS } from "../store/event_log.ts";
import type { Store } from "../store/store.ts";

/**
 * What the first of several like requests began: the one that is offered, where this is the first.
 *
 * @param Kept The shape of what is begun.
 * @throws {Problem} 422 `idempotency_key_reused`, where the body differs.
 */
export async function createdOnce<Kept>(
  store: Pick<Store, "swap">,
  Kept: z.ZodType<Kept>,
  { key, fingerprint }: Once,
  offered: Kept,
): Promise<Kept> {
  const Mark = z.object({ fingerprint: z.string(), first: Kept });
  const text = JSON.stringify({ fingerprint, first: offered });
  const held = await store.swap(`once:${key}`, null, text, ONCE_MS);
  const mark = Mark.parse(JSON.parse(held ?? text));
  if (mark.fingerprint === fingerprint) return mark.first;
  throw keyReused();
}
