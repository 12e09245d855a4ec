/**
 * The answers of simulated upstreams, with and without faults.
 *
 * @module
 */
import type { Act } from "./script.ts";
import type { SimulatedUpstream } from "./simulated.ts";

/** A latency above every deadline. */
const SLOW_MS = 60_000;

const HTML = "text/html; charset=utf-8";

const PAGE = `<!doctype html><title>Just a moment</title><p>Checking that you are no robot.</p>`;

function typed(body: string, type: string, init: ResponseInit): Response {
  return new Response(body, { ...init, headers: { ...init.headers, "content-type": type } });
}

/** Returns the latency of an answer, in milliseconds. @param share From 0 (the least latency) to 1 (the most). */
export function latencyOf(
  { latencyMs }: SimulatedUpstream,
  act: Act | null,
  share: number,
): number {
  if (act?.fault === "slow") return SLOW_MS;
  const { least, most } = latencyMs;
  return least + share * (most - least);
}

/** Returns the answer at a time, in milliseconds since the epoch. */
export function answerOf(
  upstream: SimulatedUpstream,
  act: Act | null,
  url: URL,
  now: number,
): Response {
  const sound = (ms: number) => {
    const { status, body } = upstream.answer(url, ms);
    return { text: JSON.stringify(body), status };
  };
  switch (act?.fault) {
    case "limit": {
      const headers = { "retry-after": String(Math.max(1, Math.ceil((act.to - now) / 1000))) };
      return typed("Too Many Requests\r\n", "text/plain", { status: 429, headers });
    }
    case "outage":
      return typed("<h1>Service Unavailable</h1>", HTML, { status: 503 });
    case "html":
      return typed(PAGE, HTML, { status: 200 });
    case "garbage": {
      const { text, status } = sound(now);
      return typed(text.slice(0, text.length / 2), "application/json", { status });
    }
    default: {
      const { text, status } = sound(act?.fault === "stale" ? act.from : now);
      return typed(text, "application/json", { status });
    }
  }
}
