/**
 * Who may do what.
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
 * @throws {Problem} 403 `publishing_off` where no token is set, 401 `bad_token` where none or another came.
 */
export function authorizePublisher(c: Context<AppEnv>, token: string | undefined): void {
  if (token === undefined) {
    throw new Problem(403, "publishing_off", "Publishing is off: set PUBLISH_TOKEN to turn it on.");
  }
  if (!isSameSecret(token, bearerOf(c) ?? "")) {
    throw unauthorized("bad_token", "A publisher's token is needed: Authorization: Bearer …");
  }
}

/**
 * Checks that a caller may read all these topics.
 *
 * @throws {Problem} 401 `private_topic` or 403 `topic_not_allowed`, naming the first it may not read.
 */
export function authorizeReader(
  principal: Principal,
  topics: readonly Pick<Topic, "name" | "access">[],
): void {
  const refused = topics.find((topic) => !canRead(principal, topic));
  if (!refused) return;
  const { name } = refused;
  if (principal.kind === "anonymous") {
    throw unauthorized("private_topic", `The topic ${name} is private: a token is needed.`);
  }
  throw new Problem(403, "topic_not_allowed", `The token is not for the topic ${name}.`);
}
