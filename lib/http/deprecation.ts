/**
 * Ways to ask that are to go: their clients are told, their requests counted, their operators warned.
 *
 * @module
 */
import type { Context } from "hono";
import { type Metrics, noMetrics } from "../core/metrics.ts";
import type { Runtime } from "../core/runtime.ts";
import type { AppEnv } from "./client_address.ts";

/** What is to go. */
export interface Deprecated {
  readonly use: string;
  /** Since when, as `Deprecation` says it (RFC 9745): `@` and seconds since the epoch. */
  readonly since: string;
  /** Until when it is sure to be answered, as `Sunset` says it (RFC 8594): a date of HTTP. */
  readonly until: string;
  /** Where it is told what to do instead. */
  readonly guide: string;
}

/**
 * Asking a session's `events` without naming a format: what clients of the old 30-second long poll do. Streams were there
 * with the second quarter of 2026; half a year later it may go.
 */
export const SESSION_LONG_POLL: Deprecated = {
  use: "session_long_poll",
  since: "@1782864000", // 2026-07-01T00:00:00Z
  until: "Thu, 31 Dec 2026 23:59:59 GMT",
  guide: "/openapi.json#/paths/~1v1~1sessions~1%7Bid%7D~1events/get",
};

/** The least time between two lines of the log, in milliseconds. */
const LINE_MS = 60_000;

/** Tells of one deprecated use. */
export interface Deprecation {
  /** Counts a request, HEAD aside, and sets the headers of its answer. @param successor Where to ask instead. */
  tell(c: Context<AppEnv>, successor: string): void;
}

/** Creates what tells of a deprecated use. */
export function createDeprecation(
  { clock, log, metrics = noMetrics }: Pick<Runtime, "clock" | "log"> & {
    readonly metrics?: Pick<Metrics, "deprecated">;
  },
  { use, since, until, guide }: Deprecated,
): Deprecation {
  let count = 0;
  let nextLineAt = -Infinity;

  function counted(): void {
    metrics.deprecated(use);
    count++;
    const now = clock.elapsed();
    if (now < nextLineAt) return;
    nextLineAt = now + LINE_MS;
    log.warn("deprecated use", { use, requests: count, sunset: until });
  }

  return {
    tell(c, successor) {
      if (c.req.method !== "HEAD") counted();
      c.header("deprecation", since);
      c.header("sunset", until);
      c.header("link", `<${guide}>; rel="deprecation", <${successor}>; rel="successor-version"`);
    },
  };
}
