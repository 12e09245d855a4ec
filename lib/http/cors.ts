/**
 * Which pages of other sites may read what is answered (Fetch standard, "CORS protocol").
 *
 * @module
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Config } from "../core/config.ts";

/** What such pages may do. */
export interface Cors {
  /** Answers an `OPTIONS` request. */
  preflight(request: Request): Response | Promise<Response>;
  /** Sets the headers of any other answer, unless it says itself who may read it. */
  allow(request: Request, response: Response): void;
}

const METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"];

const REQUEST_HEADERS = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-none-match",
  "last-event-id",
];

const RESPONSE_HEADERS = "etag,location,retry-after,ratelimit,ratelimit-policy";

/** In seconds: a day. */
const PREFLIGHT_AGE = 86_400;

/**
 * Creates what lets origins in. Listed ones may send cookies; any origin may not.
 *
 * Preflights are Hono's. The headers of answers are set here, on the answer that is there: Hono's middleware would set
 * them on a copy of it, with its body, behind a chain of promises.
 *
 * @param origins Of the pages, `*` where any will do.
 */
export function createCors(origins: Config["ALLOWED_ORIGINS"]): Cors {
  const preflights = new Hono().use(cors({
    origin: origins,
    credentials: origins !== "*",
    allowMethods: METHODS,
    allowHeaders: REQUEST_HEADERS,
    maxAge: PREFLIGHT_AGE,
  }));

  return {
    preflight: (request) => preflights.fetch(request),
    allow({ method, headers: asked }, { headers }) {
      if (method === "OPTIONS" || headers.has("access-control-allow-origin")) return;
      headers.set("access-control-expose-headers", RESPONSE_HEADERS);
      if (origins === "*") return headers.set("access-control-allow-origin", "*");
      headers.append("vary", "Origin");
      const origin = asked.get("origin");
      if (origin === null || !origins.includes(origin)) return;
      headers.set("access-control-allow-origin", origin);
      headers.set("access-control-allow-credentials", "true");
    },
  };
}
