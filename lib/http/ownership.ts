/**
 * Lookups of resources that have an owner.
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

/** The owner of a resource: a `sub`, as long as a token's may be. */
export const Owner = z.string().min(1).max(256).meta({
  description: "The `sub` of the user it is for.",
});

/** The path parameter of one resource. */
export const IdParams = z.object({ id: z.string().meta({ example: "3k1v9q…" }) });

/** The callers of a resource's routes, in the API's document. */
export const READER_SECURITY = [{ user: [] }, { publisher: [] }];

/** The services that a lookup needs. */
export interface LookupContext {
  /** Limits the lookups of one client that find nothing. */
  readonly lookups: RateLimit;
  readonly config: { readonly CLIENT_IP_HEADER?: string | undefined };
}

/** The services that a lookup of topics needs. */
export interface OwnershipContext extends LookupContext {
  readonly registry: Pick<TopicRegistry, "ownerOf">;
}

/** A lookup of one resource. */
export interface Lookup<Kept> {
  /** The name of its topic, such as `operations/…`. */
  readonly name: string;
  look(): Promise<Kept | null>;
  ownerOf(kept: Kept): string;
  /** The problem of an unknown resource, and of another user's. */
  readonly unknown: Problem;
}

/**
 * Finds a resource that the principal may see. The store is not read if the token does not allow it.
 *
 * @throws {Problem} 401 or 403 as `authorizeReader()`; `unknown`; 429 `lookups_too_often`.
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

/** The topics of a request that exist for the principal, and the names of the others. */
export interface LookupResult {
  readonly topics: readonly Topic[];
  readonly gone: readonly string[];
}

/**
 * Finds the topics that the principal owns, with one read for each, after the checks that need no store. Another user's
 * topic is as unknown as one that does not exist. Publishers own all.
 *
 * @param mayBeGone True continues without the missing topics: a client with a cursor may outlive some of its topics.
 * @throws {Problem} 401 or 403 as `authorizeReader()`; 404 `unknown_topic`, naming the first; 429 `lookups_too_often`.
 */
export async function findOwned(
  c: Context<AppEnv>,
  { registry, lookups, config }: OwnershipContext,
  principal: Principal,
  all: readonly Topic[],
  mayBeGone: boolean,
): Promise<LookupResult> {
  authorizeReader(principal, all);
  const exists = await Promise.all(all.map(async (topic) => {
    if (topic.access !== "owned") return true;
    const owner = await registry.ownerOf(topic);
    return owner !== null && isOwner(principal, owner);
  }));
  const missing = all.filter((_, i) => !exists[i]).map(({ name }) => name);
  const key = principalKey(c, principal, config.CLIENT_IP_HEADER);
  for (const _ of missing) consumeLookup(c, lookups, key);
  const [first] = missing;
  if (first !== undefined && !mayBeGone) throw unknownTopic(first);
  return { topics: all.filter((_, i) => exists[i]), gone: missing };
}
