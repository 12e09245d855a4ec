/**
 * What is somebody's: who may know of it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import { type TopicRegistry, unknownTopic } from "../topics/registry.ts";
import { isOwner, type Principal, principalKey } from "./auth.ts";
import type { AppEnv } from "./client_address.ts";
import { authorizeReader } from "./authorize.ts";
import { consumeLookup } from "./rate_limits.ts";

/** Whose something is to be: the `sub` that a user's token has at most. */
export const Owner = z.string().min(1).max(256).meta({
  description: "The `sub` of the user it is for.",
});

/** How one thing is named in a path. */
export const IdParams = z.object({ id: z.string().meta({ example: "3k1v9q…" }) });

/** Who may see it, as the API's document says it. */
export const READER_SECURITY = [{ user: [] }, { publisher: [] }];

/** What finding something takes. */
export interface LookupContext {
  /** What one caller may ask for that is not there. */
  readonly lookups: RateLimit;
  readonly config: { readonly CLIENT_IP_HEADER?: string | undefined };
}

/** What finding out about topics takes. */
export interface OwnershipContext extends LookupContext {
  readonly registry: Pick<TopicRegistry, "ownerOf">;
}

/** One thing that may be there and somebody's. */
export interface Lookup<Kept> {
  /** What the right to it is called, as a topic is: `operations/…`. */
  readonly name: string;
  look(): Promise<Kept | null>;
  ownerOf(kept: Kept): string;
  /** What who may not know of it is told too. */
  readonly unknown: Problem;
}

/**
 * Finds something that is the caller's, or a publisher's. Nothing is read for whom a token forbids it.
 *
 * @throws {Problem} 401 or 403 as of `requireReader()`; what is `unknown`, or 429 `lookups_too_often`.
 */
export async function findResource<Kept>(
  c: Context<AppEnv>,
  { lookups, config }: LookupContext,
  principal: Principal,
  { name, look, ownerOf, unknown }: Lookup<Kept>,
): Promise<Kept> {
  authorizeReader(principal, [{ name, access: "owned" }]);
  const kept = await look();
  if (kept !== null && isOwner(principal, ownerOf(kept))) return kept;
  consumeLookup(c, lookups, principalKey(c, principal, config.CLIENT_IP_HEADER));
  throw unknown;
}

/** Of the topics that were asked for, those the caller can have, and the names of the others. */
export interface LookupResult {
  readonly topics: readonly Topic[];
  readonly gone: readonly string[];
}

/**
 * Finds whose the topics are, one read each, after all that needs no store: what is another's is as unknown as what is not
 * there. Publishers own all.
 *
 * @param mayBeGone Whether to go on without those: who comes back with a cursor may have outlived some.
 * @throws {Problem} 401 or 403 as of `requireReader()`; 404 `unknown_topic`, naming the first, or 429 `lookups_too_often`.
 */
export async function findOwned(
  c: Context<AppEnv>,
  { registry, lookups, config }: OwnershipContext,
  principal: Principal,
  all: readonly Topic[],
  mayBeGone: boolean,
): Promise<LookupResult> {
  authorizeReader(principal, all);
  const isThere = await Promise.all(all.map(async (topic) => {
    if (topic.access !== "owned") return true;
    const owner = await registry.ownerOf(topic);
    return owner !== null && isOwner(principal, owner);
  }));
  const missing = all.filter((_, i) => !isThere[i]).map(({ name }) => name);
  const key = principalKey(c, principal, config.CLIENT_IP_HEADER);
  for (const _ of missing) consumeLookup(c, lookups, key);
  const [first] = missing;
  if (first !== undefined && !mayBeGone) throw unknownTopic(first);
  return { topics: all.filter((_, i) => isThere[i]), gone: missing };
}
