/**
 * The responses of simulated upstreams, with and without faults.
 *
 * @module
 */
import type { Act } from "./script.ts";
import { latencyAt, type SimulatedUpstream } from "./simulated_upstream.ts";

/** A latency above every deadline. */
const SLOW_MS = 60_000;

const HTML = "text/html; charset=utf-8";

/** A page like those that a CDN sends in place of a response. */
const INTERSTITIAL =
  `<!doctype html><title>Just a moment</title><p>Checking that you are not a robot.</p>`;

function createResponse(body: string, contentType: string, init: ResponseInit): Response {
  return new Response(body, {
    ...init,
    headers: { ...init.headers, "content-type": contentType },
  });
}

/**
 * Returns the latency of a response, in ms.
 *
 * @param act The fault in progress, or null.
 * @param share The position in the upstream's range of latencies, from 0 to 1.
 */
export function latencyOf(
  { latencyMs }: SimulatedUpstream,
  act: Act | null,
  share: number,
): number {
  return act?.fault === "slow" ? SLOW_MS : latencyAt(latencyMs, share);
}

/**
 * Returns the wall time in ms whose prices a response contains, null if it contains none.
 *
 * @param act The fault in progress, or null.
 */
export function servedTime(act: Act | null, now: number): number | null {
  if (act === null) return now;
  return act.fault === "stale" ? act.startsAt : null;
}

/**
 * Responds for an upstream, with the fault in progress.
 *
 * @param act The fault in progress, or null.
 * @param now Wall time in ms.
 */
export function respondWithFault(
  upstream: SimulatedUpstream,
  act: Act | null,
  url: URL,
  now: number,
): Response {
  const respondAt = (at: number) => {
    const { status, body } = upstream.respond(url, at);
    return { json: JSON.stringify(body), status };
  };
  switch (act?.fault) {
    case "limit": {
      const retryAfterS = Math.max(1, Math.ceil((act.endsAt - now) / 1000));
      const headers = { "retry-after": String(retryAfterS) };
      return createResponse("Too Many Requests\r\n", "text/plain", { status: 429, headers });
    }
    case "outage":
      return createResponse("<h1>Service Unavailable</h1>", HTML, { status: 503 });
    case "html":
      return createResponse(INTERSTITIAL, HTML, { status: 200 });
    case "garbage": {
      const { json, status } = respondAt(now);
      return createResponse(json.slice(0, json.length / 2), "application/json", { status });
    }
    default: {
      const { json, status } = respondAt(servedTime(act, now) ?? now);
      return createResponse(json, "application/json", { status });
    }
  }
}
