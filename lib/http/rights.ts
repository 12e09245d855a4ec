/**
 * Who may do what.
 *
 * @module
 */
import type { Context } from "hono";
import { Problem } from "../core/problem.ts";
import type { Topic } from "../core/topic.ts";
import type { Env } from "./connection.ts";
import { isSame } from "./hash.ts";

/**
 * Checks that a request comes from a publisher.
 *
 * @throws {Problem} 403 `publishing_off` where no token is set, 401 `bad_token` where none or another came.
 */
export function requirePublisher(c: Context<Env>, token: string | undefined): void {
  if (token === undefined) {
    throw new Problem(403, "publishing_off", "Publishing is off: set PUBLISH_TOKEN to turn it on.");
  }
  const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
  if (!isSame(token, given)) {
    throw new Problem(401, "bad_token", "A publisher's token is needed: Authorization: Bearer …", {
      headers: { "www-authenticate": "Bearer" },
    });
  }
}

/**
 * Checks that a request may follow these topics.
 *
 * @throws {Problem} 401 `private_topic`, naming it.
 */
export function requireReader(topics: readonly Topic[]): void {
  const secret = topics.find(({ isPrivate }) => isPrivate);
  if (!secret) return;
  throw new Problem(
    401,
    "private_topic",
    `The topic ${secret.name} is private: a token is needed.`,
    {
      headers: { "www-authenticate": "Bearer" },
    },
  );
}
