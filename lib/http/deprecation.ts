/**
 * Deprecated uses of routes: headers for clients, a count for metrics, warnings for operators.
 *
 * @module
 */
import type { Context } from "hono";
import { type Metrics, noMetrics } from "../core/metrics.ts";
import type { Runtime } from "../core/runtime.ts";
import type { AppEnv } from "./app_env.ts";

/** A deprecated use. */
export interface Deprecated {
  /** The name of the use in metrics and logs. */
  readonly use: string;
  /** The value of `Deprecation` (RFC 9745): `@`, then the start in seconds since the Unix epoch. */
  readonly since: string;
  /** The value of `Sunset` (RFC 8594): the HTTP date until which the use works. */
  readonly until: string;
  /** The URL of the migration guide. */
  readonly guide: string;
}

/**
 * A request for a session's `events` without a format, as clients of the old 30-second long poll send it. Streams replaced
 * it in the second quarter of 2026, and clients have half a year to migrate.
 */
export const SESSION_LONG_POLL: Deprecated = {
  use: "session_long_poll",
  since: "@1782864000", // 2026-07-01T00:00:00Z
  until: "Thu, 31 Dec 2026 23:59:59 GMT",
  guide: "/openapi.json#/paths/~1v1~1sessions~1%7Bid%7D~1events/get",
};

/** The shortest interval between two warnings, in milliseconds. */
const WARNING_INTERVAL_MS = 60_000;

/** Reports one deprecated use. */
export interface Deprecation {
  /**
   * Counts a request, except HEAD, and sets the headers of the response.
   *
   * @param successor The URL to use instead.
   */
  report(c: Context<AppEnv>, successor: string): void;
}

/** Creates the reporter of a deprecated use. */
export function createDeprecation(
  { clock, log, metrics = noMetrics }: Pick<Runtime, "clock" | "log"> & {
    readonly metrics?: Pick<Metrics, "deprecated">;
  },
  { use, since, until, guide }: Deprecated,
): Deprecation {
  let count = 0;
  let nextWarningAt = -Infinity;

  function countRequest(): void {
    metrics.deprecated(use);
    count++;
    const now = clock.elapsed();
    if (now < nextWarningAt) return;
    nextWarningAt = now + WARNING_INTERVAL_MS;
    log.warn("deprecated use", { use, requests: count, sunset: until });
  }

  return {
    report(c, successor) {
      if (c.req.method !== "HEAD") countRequest();
      c.header("deprecation", since);
      c.header("sunset", until);
      c.header("link", `<${guide}>; rel="deprecation", <${successor}>; rel="successor-version"`);
    },
  };
}
