/**
 * What every publishing route shares: the publisher's rate, and keys that make a repeated request one publication.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../core/problem.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import type { IdempotencyKey } from "../store/event_log.ts";
import { limitBody } from "./body_limit.ts";
import { type Principal, principalKey } from "./auth.ts";
import type { AppEnv } from "./client_address.ts";
import { sha256 } from "./crypto.ts";
import { authorizePublisher } from "./authorize.ts";
import { consume, PUBLICATIONS } from "./rate_limits.ts";

/** The `Idempotency-Key` header: at most 128 printable characters. */
export const IdempotencyHeader = z.string().regex(/^[\x20-\x7e]{1,128}$/).optional().meta({
  description:
    "The same key again within 24 hours is the same publication: the first answer comes again.",
});

/** The headers of a route that takes an `Idempotency-Key`. */
export const IdempotencyHeaders = z.object({ "idempotency-key": IdempotencyHeader });

/** There is one publisher's token, so there is one publisher. */
const PUBLISHER = "publisher";

/**
 * Counts a publication, and tells what is left of the publisher's share.
 *
 * @throws {Problem} 429 `publishing_too_often`.
 */
export function consumePublication(c: Context<AppEnv>, rate: RateLimit): void {
  consume(c, rate, PUBLISHER, PUBLICATIONS);
}

/** Refuses a body that is not declared as JSON. @throws {Problem} 415 `not_json`. */
function checkJson(c: Context<AppEnv>): void {
  const type = c.req.header("content-type") ?? "";
  if (/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return;
  const detail = "The body is to be JSON: Content-Type: application/json.";
  throw new Problem(415, "not_json", detail);
}

/** Refuses requests whose body is not declared as JSON. @throws {Problem} 415 `not_json`. */
export const requireJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  checkJson(c);
  await next();
};

/** Whose keys a publication comes under: the publisher's, or a user's. */
export function publisherKey(
  c: Context<AppEnv>,
  principal: Principal,
  header: string | undefined,
): string {
  return principal.kind === "publisher" ? PUBLISHER : principalKey(c, principal, header);
}

/**
 * What makes this request one with an earlier one: who publishes, route and key; the body tells them apart.
 *
 * @param who As of {@linkcode publisherKey}.
 */
export async function idempotencyKeyOf(
  c: Context<AppEnv>,
  key: string | undefined,
  who = PUBLISHER,
): Promise<IdempotencyKey | undefined> {
  if (key === undefined) return undefined;
  return {
    key: `${who} ${c.req.method} ${c.req.path} ${key}`,
    fingerprint: sha256(await c.req.text()),
  };
}

/** What publishing asks of the services. */
export interface PublisherContext {
  readonly config: { readonly PUBLISH_TOKEN?: string | undefined };
  /** What one publisher may publish. */
  readonly publishRate: RateLimit;
}

/**
 * What every publishing route begins with: the publisher's right, a body of JSON where it takes one, the rate.
 *
 * @throws {Problem} 401, 403, 415, 429.
 */
export function requirePublisher(
  { config, publishRate }: PublisherContext,
  { hasBody = true } = {},
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    authorizePublisher(c, config.PUBLISH_TOKEN);
    if (hasBody && c.req.method !== "DELETE") checkJson(c);
    consumePublication(c, publishRate);
    await next();
  };
}

/** What a body takes beyond its event: names and braces. */
const BODY_SLACK_BYTES = 4096;

/** The most bytes JSON may write for one byte of ours: `\u0041` for `A`. The event itself is measured when it is published. */
const ESCAPED_BYTES = 6;

/**
 * Takes bodies as large as one that holds the largest event may be.
 *
 * @param bytes The setting MAX_EVENT_BYTES.
 * @throws {Problem} 413.
 */
export function eventBodyLimit(bytes: number): MiddlewareHandler<AppEnv> {
  return limitBody(bytes * ESCAPED_BYTES + BODY_SLACK_BYTES);
}
