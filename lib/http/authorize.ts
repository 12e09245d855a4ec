/**
 * Authorization: the checks of a principal's rights.
 *
 * @module
 */
import type { Context } from "hono";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import { bearerOf, canRead, type Principal, unauthorized } from "./auth.ts";
import type { AppEnv } from "./client_address.ts";
import { isSameSecret } from "./crypto.ts";

/**
 * Checks that a request comes from a publisher.
 *
 * @throws {Problem} 403 `publishing_off`: no token is set. 401 `bad_token`: the request has none, or another one.
 */
export function authorizePublisher(c: Context<AppEnv>, token: string | undefined): void {
  if (token === undefined) {
    throw new Problem(
      403,
      "publishing_off",
      "Publishing is off. Set `PUBLISH_TOKEN` to turn it on.",
    );
  }
  if (!isSameSecret(token, bearerOf(c) ?? "")) {
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
  topics: readonly Pick<Topic, "name" | "access">[],
): void {
  const refused = topics.find((topic) => !canRead(principal, topic));
  if (!refused) return;
  const { name } = refused;
  if (principal.kind === "anonymous") {
    throw unauthorized("private_topic", `The topic \`${name}\` is private. Send an access token.`);
  }
  throw new Problem(
    403,
    "topic_not_allowed",
    `The access token does not include the topic \`${name}\`.`,
  );
}
