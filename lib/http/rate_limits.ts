/**
 * A caller's share of what is counted by the minute.
 *
 * @module
 */
import type { Context } from "hono";
import { Problem } from "../core/problem.ts";
import type { RateLimit } from "../guard/rate_limit.ts";
import type { AppEnv } from "./client_address.ts";

/** What is counted. */
interface RateLimitPolicy {
  /** As the `RateLimit` headers call it. */
  readonly name: string;
  /** Of the problem, where the share is used up. */
  readonly code: string;
  /** In words, as a problem says them: "At most 60 … a minute are taken." */
  readonly words: string;
}

/** Publications of a publisher, and tickets made by one. */
export const PUBLICATIONS: RateLimitPolicy = {
  name: "publications",
  code: "publishing_too_often",
  words: "publications",
};

/** Tickets of one user: as many as streams may be opened. */
export const TICKETS: RateLimitPolicy = {
  name: "tickets",
  code: "tickets_too_often",
  words: "tickets",
};

/** Tasks that one user asks for. */
export const USER_TASKS: RateLimitPolicy = {
  name: "tasks",
  code: "tasks_too_often",
  words: "tasks",
};

/** How many of those a minute: all users share one queue, and one shall not fill it. */
export const TASKS_PER_MINUTE = 120;

/** Operations of the demo that one caller begins, and tickets for them. */
export const DEMO_OPERATIONS: RateLimitPolicy = {
  name: "rehearsals",
  code: "rehearsals_too_often",
  words: "operations of the demo, and tickets for them,",
};

/** Questions of one caller for what is unknown, or another's. */
const LOOKUPS: RateLimitPolicy = {
  name: "lookups",
  code: "lookups_too_often",
  words: "questions for what is not there",
};

/** How many of those a caller may ask a minute: enough to mistype, too few to guess. */
export const LOOKUPS_PER_MINUTE = 60;

/**
 * Counts one, and tells the caller what is left of its share.
 *
 * @throws {Problem} 429, where nothing is.
 */
export function consume(
  c: Context<AppEnv>,
  rate: RateLimit,
  key: string,
  counted: RateLimitPolicy,
): void {
  const { isAllowed, limit, remaining, retryAfterMs } = rate.consume(key);
  if (limit === 0) return;
  const { name, code, words } = counted;
  const headers = {
    "ratelimit-policy": `"${name}";q=${limit};w=60`,
    "ratelimit": `"${name}";r=${remaining};t=${Math.ceil(retryAfterMs / 1000)}`,
  };
  if (!isAllowed) {
    const detail = `At most ${limit} ${words} a minute are taken.`;
    throw new Problem(429, code, detail, { retryAfterMs, headers });
  }
  for (const [header, value] of Object.entries(headers)) c.header(header, value);
}

/**
 * Counts a question that found nothing the caller may see: call it before the 404, the same for unknown and another's.
 *
 * @param key Of the caller: `callerKey()` makes it.
 * @throws {Problem} 429 `lookups_too_often`.
 */
export function consumeLookup(c: Context<AppEnv>, rate: RateLimit, key: string): void {
  consume(c, rate, key, LOOKUPS);
}
