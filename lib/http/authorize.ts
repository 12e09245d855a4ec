/**
 * Authorization: the rights of a principal.
 *
 * @module
 */
import type { Context } from "hono";
import { Problem } from "../core/problem.ts";
import { type Topic, wireName } from "../core/topic.ts";
import type { AppEnv } from "./app_env.ts";
import { bearerTokenOf, type Principal, unauthorized } from "./auth.ts";
import { isSameSecret } from "./crypto.ts";

/** Returns true if a list of exact names and `prefix/*` includes a name. */
function includesName(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern === name || /.\/\*$/.test(pattern) && name.startsWith(pattern.slice(0, -1))
  );
}

/**
 * Returns true if the token of a principal permits reading a topic. Of an owned topic the owner must be checked as well,
 * with {@linkcode isOwner}.
 */
export function canRead(
  principal: Principal,
  topic: Pick<Topic, "name" | "label" | "access">,
): boolean {
  const { access } = topic;
  if (access === "public" || principal.kind === "publisher") return true;
  if (principal.kind === "anonymous") return false;
  if (access === "publishers" && principal.sub !== undefined) return false;
  return principal.topics === null
    ? access === "owned"
    : includesName(principal.topics, wireName(topic));
}

/** Returns true if a principal owns the resources of `owner`. Publishers own all. */
export function isOwner(principal: Principal, owner: string): boolean {
  if (principal.kind === "publisher") return true;
  if (principal.kind === "anonymous") return false;
  return principal.sub === undefined || principal.sub === owner;
}

/**
 * Checks that a request comes from a publisher.
 *
 * @throws {Problem} 403 `publishing_off`: no token is set. 401 `bad_token`: the request has none, or another one.
 */
export function authorizePublisher(c: Context<AppEnv>, publishToken: string | undefined): void {
  if (publishToken === undefined) {
    throw new Problem(
      403,
      "publishing_off",
      "Publishing is off. Set `PUBLISH_TOKEN` to turn it on.",
    );
  }
  const bearer = bearerTokenOf(c);
  if (!bearer || !isSameSecret(publishToken, bearer)) {
    throw unauthorized(
      "bad_token",
      "This route needs a publisher's token. Send `Authorization: Bearer …`.",
    );
  }
}

/**
 * Checks that a principal may read all these topics.
 *
 * @throws {Problem} 401 `private_topic` or 403 `topic_not_allowed`, naming the first topic that is refused.
 */
export function authorizeReader(
  principal: Principal,
  topics: readonly Pick<Topic, "name" | "label" | "access">[],
): void {
  const refused = topics.find((topic) => !canRead(principal, topic));
  if (!refused) return;
  const name = wireName(refused);
  if (principal.kind === "anonymous") {
    throw unauthorized("private_topic", `The topic \`${name}\` is private. Send an access token.`);
  }
  throw new Problem(
    403,
    "topic_not_allowed",
    `The access token does not include the topic \`${name}\`.`,
  );
}
