/**
 * Cross-origin resource sharing (Fetch standard, "CORS protocol").
 *
 * @module
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Config } from "../core/config.ts";

/** The CORS headers of this server. */
export interface Cors {
  /** Answers an `OPTIONS` request. */
  handlePreflight(request: Request): Response | Promise<Response>;
  /** Sets the headers of any other answer, unless it has `access-control-allow-origin` already. */
  setHeaders(request: Request, response: Response): void;
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

/** A day. */
const PREFLIGHT_AGE_S = 86_400;

/**
 * Creates the CORS policy. Pages of listed origins may send cookies; with `*` no page may.
 *
 * Hono answers preflights. The headers of answers are set here, on the answer itself: Hono's middleware would set them on
 * a copy of it, behind a chain of promises.
 *
 * @param origins The origins of the pages; `*` allows every origin.
 */
export function createCors(origins: Config["ALLOWED_ORIGINS"]): Cors {
  const preflights = new Hono().use(cors({
    origin: origins,
    credentials: origins !== "*",
    allowMethods: METHODS,
    allowHeaders: REQUEST_HEADERS,
    maxAge: PREFLIGHT_AGE_S,
  }));

  return {
    handlePreflight: (request) => preflights.fetch(request),
    setHeaders({ method, headers: requested }, { headers }) {
      if (method === "OPTIONS" || headers.has("access-control-allow-origin")) return;
      headers.set("access-control-expose-headers", RESPONSE_HEADERS);
      if (origins === "*") return headers.set("access-control-allow-origin", "*");
      headers.append("vary", "Origin");
      const origin = requested.get("origin");
      if (origin === null || !origins.includes(origin)) return;
      headers.set("access-control-allow-origin", origin);
      headers.set("access-control-allow-credentials", "true");
    },
  };
}
