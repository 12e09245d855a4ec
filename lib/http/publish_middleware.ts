/**
 * The middleware of publishing routes: the publisher's right and rate, the limits of a body, idempotency keys.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../core/problem.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import type { IdempotencyKey } from "../store/event_log.ts";
import type { AppEnv } from "./app_env.ts";
import type { Principal } from "./auth.ts";
import { authorizePublisher } from "./authorize.ts";
import { limitBody } from "./body_limit.ts";
import { sha256 } from "./crypto.ts";
import { consume, principalKey, PUBLICATIONS } from "./rate_limits.ts";

/** The `Idempotency-Key` header: at most 128 printable characters. */
export const IdempotencyHeader = z.string().regex(/^[\x20-\x7e]{1,128}$/).optional().meta({
  description:
    "A repeated key within 24 hours is the same publication, and returns the first answer.",
});

/** The headers of a route that takes an `Idempotency-Key`. */
export const IdempotencyHeaders = z.object({ "idempotency-key": IdempotencyHeader });

/** The key of the publisher, who is the only one, because there is one publisher's token. */
const PUBLISHER = "publisher";

/** The most bytes of a body beyond its event, for names and braces. */
const MAX_OVERHEAD_BYTES = 4096;

/** The most bytes of JSON for one byte of an event: `\u0041` for `A`. The hub measures the event itself. */
const MAX_ESCAPE_BYTES = 6;

/** The services of a publishing route. */
export interface PublisherContext {
  readonly config: { readonly PUBLISH_TOKEN?: string | undefined };
  /** The rate limit of the publisher. */
  readonly publishRate: RateLimit;
}

/**
 * Consumes one publication of the publisher's rate.
 *
 * @throws {Problem} 429 `publishing_too_often`.
 */
export function consumePublication(c: Context<AppEnv>, rate: RateLimit): void {
  consume(c, rate, PUBLISHER, PUBLICATIONS);
}

/**
 * Checks that a body is declared as JSON.
 *
 * @throws {Problem} 415 `not_json`.
 */
function checkJson(c: Context<AppEnv>): void {
  const type = c.req.header("content-type") ?? "";
  if (/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return;
  const detail = "The body must be JSON. Send `Content-Type: application/json`.";
  throw new Problem(415, "not_json", detail);
}

/**
 * The middleware that refuses requests whose body is not declared as JSON.
 *
 * @throws {Problem} 415 `not_json`.
 */
export const requireJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  checkJson(c);
  await next();
};

/**
 * Creates the middleware of a publishing route: it checks the publisher's token and the declared type of the body, then
 * consumes one publication.
 *
 * @param options `hasBody` is false for routes without a body. DELETE never has one.
 * @throws {Problem} 401 or 403 as `authorizePublisher()`; 415 `not_json`; 429 `publishing_too_often`.
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

/**
 * Creates the middleware that limits a body to the size of the largest event in its longest spelling.
 *
 * @param maxEventBytes The setting MAX_EVENT_BYTES.
 * @throws {HTTPException} 413.
 */
export function eventBodyLimit(maxEventBytes: number): MiddlewareHandler<AppEnv> {
  return limitBody(maxEventBytes * MAX_ESCAPE_BYTES + MAX_OVERHEAD_BYTES);
}

/** Returns the scope of a caller's idempotency keys. Equal keys of different callers are different publications. */
export function idempotencyScope(
  c: Context<AppEnv>,
  principal: Principal,
  clientIpHeader: string | undefined,
): string {
  return principal.kind === "publisher" ? PUBLISHER : principalKey(c, principal, clientIpHeader);
}

/**
 * Returns the idempotency key of a request: the scope, the route and the header, with a fingerprint of the body. Returns
 * undefined without the header.
 *
 * @param header The value of the header `Idempotency-Key`.
 * @param scope As of {@linkcode idempotencyScope}.
 */
export async function readIdempotencyKey(
  c: Context<AppEnv>,
  header: string | undefined,
  scope = PUBLISHER,
): Promise<IdempotencyKey | undefined> {
  if (header === undefined) return undefined;
  return {
    key: `${scope} ${c.req.method} ${c.req.path} ${header}`,
    fingerprint: sha256(await c.req.text()),
  };
}
