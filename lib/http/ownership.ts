/**
 * Lookups of resources that have an owner.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Topic } from "../core/topic.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import { type TopicCaller, type TopicRegistry, unknownTopic } from "../topics/registry.ts";
import { type Resource, unknownResource } from "../topics/resource.ts";
import type { AppEnv } from "./app_env.ts";
import type { Principal } from "./auth.ts";
import { authorizeReader, isOwner } from "./authorize.ts";
import { consumeLookup, principalKey } from "./rate_limits.ts";

/** The owner of a resource: the `sub` of a user's token. */
export const Owner = z.string().min(1).max(256).meta({
  description: "The `sub` of the owner.",
});

/** The path parameter of one resource. */
export const IdParams = z.object({ id: z.string().meta({ example: "3k1v9q…" }) });

/** The security requirement of a resource's routes in the API's document: a user's token or the publisher's. */
export const READER_SECURITY = [{ user: [] }, { publisher: [] }];

/** The services that a lookup needs. */
export interface LookupContext {
  /** Limits the lookups of one client that find nothing. */
  readonly lookups: RateLimit;
  readonly config: { readonly CLIENT_IP_HEADER?: string | undefined };
}

/** The services that a lookup of topics needs. */
export interface OwnershipContext extends LookupContext {
  readonly registry: Pick<TopicRegistry, "resolve">;
}

/**
 * Finds a resource that the caller owns. A publisher owns all. The store is not read if the token does not permit it.
 *
 * @throws {Problem} 401 or 403 as `authorizeReader()`; 404 `unknown_<noun>`, also for a resource of another owner; 429
 * `lookups_too_often`.
 */
export async function findResource<R extends object>(
  c: Context<AppEnv>,
  { lookups, config }: LookupContext,
  principal: Principal,
  resource: Pick<Resource<R>, "noun" | "rightTo" | "get" | "ownerOf">,
  id: string,
): Promise<R> {
  authorizeReader(principal, [{ name: resource.rightTo(id), access: "owned" }]);
  const record = await resource.get(id);
  if (record !== null && isOwner(principal, resource.ownerOf(record))) return record;
  consumeLookup(c, lookups, principalKey(c, principal, config.CLIENT_IP_HEADER));
  throw unknownResource(resource.noun);
}

/** Returns a principal as owners are compared with it. */
function topicCaller(principal: Principal): TopicCaller {
  return {
    owner: "sub" in principal ? principal.sub : undefined,
    owns: (owner) => isOwner(principal, owner),
  };
}

/** The topics of a request that exist for the principal, and the names of the others. */
export interface LookupResult {
  readonly topics: readonly Topic[];
  readonly gone: readonly string[];
}

/**
 * Finds the topics that exist for the principal, with a read for each topic that has an owner, after the checks that need no store. A
 * topic of another user counts as missing, and each missing topic consumes a lookup. Publishers own all.
 *
 * @param options `mayBeGone` is true if missing topics are only listed, because a client with a cursor may outlive some of
 * its topics.
 * @throws {Problem} 401 or 403 as `authorizeReader()`; 404 `unknown_topic`, naming the first missing topic; 429 `lookups_too_often`.
 */
export async function findOwned(
  c: Context<AppEnv>,
  { registry, lookups, config }: OwnershipContext,
  principal: Principal,
  requested: readonly Topic[],
  { mayBeGone }: { readonly mayBeGone: boolean },
): Promise<LookupResult> {
  authorizeReader(principal, requested);
  const caller = topicCaller(principal);
  const topics = await Promise.all(requested.map((topic) => registry.resolve(topic, caller)));
  const missing = requested.filter((_, i) => topics[i] === null).map(({ name }) => name);
  const key = principalKey(c, principal, config.CLIENT_IP_HEADER);
  for (const _ of missing) consumeLookup(c, lookups, key);
  const [first] = missing;
  if (first !== undefined && !mayBeGone) throw unknownTopic(first);
  return { topics: topics.filter((topic) => topic !== null), gone: missing };
}
