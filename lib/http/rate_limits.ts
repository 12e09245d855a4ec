/**
 * Rate-limit policies, the keys under which they count, and the headers that report them.
 *
 * @module
 */
import type { Context } from "hono";
import { Problem } from "../core/problem.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import type { AppEnv } from "./app_env.ts";
import type { Principal } from "./auth.ts";
import { clientKey } from "./client_address.ts";

/** A rate-limit policy. */
interface RateLimitPolicy {
  /** The name in the `RateLimit` headers. */
  readonly name: string;
  /** The code of the problem when the limit is exhausted. */
  readonly code: string;
  /** The counted actions, as the problem names them: "The limit is 60 … per minute." */
  readonly unit: string;
}

/** Publications of the publisher, and tickets that are issued to it. */
export const PUBLICATIONS: RateLimitPolicy = {
  name: "publications",
  code: "publishing_too_often",
  unit: "publications",
};

/** Tickets of one user. They share the rate of opening streams (`OPENS_PER_MINUTE`). */
export const TICKETS: RateLimitPolicy = {
  name: "tickets",
  code: "tickets_too_often",
  unit: "tickets",
};

/** Tasks that one user requests. */
export const USER_TASKS: RateLimitPolicy = {
  name: "tasks",
  code: "tasks_too_often",
  unit: "tasks",
};

/** The tasks of one user per minute. All users share one queue, which no single user should fill. */
export const TASKS_PER_MINUTE = 120;

/** Demo operations that one client starts, and tickets for them. Clients may know the name and the code, so both stay. */
export const DEMO_OPERATIONS: RateLimitPolicy = {
  name: "rehearsals",
  code: "rehearsals_too_often",
  unit: "demo operations, and tickets for them,",
};

/** Lookups of one client for resources that are unknown, or another user's. */
const LOOKUPS: RateLimitPolicy = {
  name: "lookups",
  code: "lookups_too_often",
  unit: "lookups of unknown resources",
};

/** The failed lookups of one client per minute: enough for typing errors, too few for guessing. */
export const LOOKUPS_PER_MINUTE = 60;

/**
 * Returns the key under which limits count a request: the user, else the address.
 *
 * @param clientIpHeader See {@linkcode clientKey}.
 */
export function principalKey(
  c: Context<AppEnv>,
  principal: Principal,
  clientIpHeader: string | undefined,
): string {
  const isUser = principal.kind === "user" || principal.kind === "ticket";
  return isUser && principal.sub !== undefined
    ? `user ${principal.sub}`
    : clientKey(c, clientIpHeader);
}

/** The state of a limit, as the `RateLimit` headers report it. */
interface ReportedLimit {
  readonly name: string;
  readonly limit: number;
  /** The window in seconds. A limit on concurrent streams has none. */
  readonly windowS?: number;
  readonly remaining: number;
  readonly retryAfterMs: number;
}

/** Creates the headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11). */
export function rateLimitHeaders(
  { name, limit, windowS, remaining, retryAfterMs }: ReportedLimit,
): Record<"ratelimit-policy" | "ratelimit", string> {
  const window = windowS === undefined ? "" : `;w=${windowS}`;
  return {
    "ratelimit-policy": `"${name}";q=${limit}${window}`,
    "ratelimit": `"${name}";r=${remaining};t=${Math.ceil(retryAfterMs / 1000)}`,
  };
}

/**
 * Consumes one attempt, and sets the headers that report the remaining ones.
 *
 * @throws {Problem} 429: the limit is exhausted.
 */
export function consume(
  c: Context<AppEnv>,
  rate: RateLimit,
  key: string,
  policy: RateLimitPolicy,
): void {
  const { isAllowed, limit, remaining, retryAfterMs } = rate.consume(key);
  if (limit === 0) return; // 0 is no limit, so there is nothing to report
  const { name, code, unit } = policy;
  const headers = rateLimitHeaders({ name, limit, windowS: 60, remaining, retryAfterMs });
  if (!isAllowed) {
    const detail =
      `The limit is ${limit} ${unit} per minute. Try again after the delay in \`Retry-After\`.`;
    throw new Problem(429, code, detail, { retryAfterMs, headers });
  }
  for (const [header, value] of Object.entries(headers)) c.header(header, value);
}

/**
 * Consumes a lookup that found nothing. Call it before the 404 is thrown, which is the same for an unknown resource and one
 * of another user.
 *
 * @param key The client's: see {@linkcode principalKey}.
 * @throws {Problem} 429 `lookups_too_often`.
 */
export function consumeLookup(c: Context<AppEnv>, rate: RateLimit, key: string): void {
  consume(c, rate, key, LOOKUPS);
}
