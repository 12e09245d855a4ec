/**
 * Cross-origin resource sharing (Fetch standard, "CORS protocol").
 *
 * @module
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Config } from "../core/config.ts";

/** The CORS policy of this server. */
export interface Cors {
  /** Creates the response to a preflight, which is an `OPTIONS` request. */
  handlePreflight(request: Request): Response | Promise<Response>;
  /**
   * Sets the CORS headers of a response. It leaves responses to `OPTIONS`, and those that have
   * `access-control-allow-origin` already, unchanged.
   */
  setHeaders(request: Request, response: Response): void;
}

const ALLOWED_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"];

const ALLOWED_HEADERS = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-none-match",
  "last-event-id",
];

const EXPOSED_HEADERS = "etag,location,retry-after,ratelimit,ratelimit-policy";

/** The paths of the chat, whose clients send headers of their own. */
const CHAT_PATHS = /^\/v1\/(chat|models)(\/|$)/;

/** The time for which browsers may cache a preflight: a day. */
const PREFLIGHT_MAX_AGE_S = 86_400;

/**
 * Returns true if the setting names an origin. With `*` no origin is listed: any page may read, but none may send
 * credentials.
 */
export function isListedOrigin(
  allowedOrigins: Config["ALLOWED_ORIGINS"],
  origin: string | null | undefined,
): origin is string {
  return allowedOrigins !== "*" && typeof origin === "string" && allowedOrigins.includes(origin);
}

/**
 * Creates the CORS policy. Pages of listed origins may send cookies; with `*` no page may.
 *
 * Hono handles preflights. The headers of other responses are set here, on the response itself, because Hono's middleware
 * would set them on a copy, behind a chain of promises.
 */
export function createCors(allowedOrigins: Config["ALLOWED_ORIGINS"]): Cors {
  /** @param allowHeaders The headers that a request may have: any if there are none. */
  const createPreflights = (allowHeaders: string[]) =>
    new Hono().use(cors({
      origin: allowedOrigins,
      credentials: allowedOrigins !== "*",
      allowMethods: ALLOWED_METHODS,
      allowHeaders,
      maxAge: PREFLIGHT_MAX_AGE_S,
    }));
  const preflights = createPreflights(ALLOWED_HEADERS);
  const chatPreflights = createPreflights([]);

  return {
    handlePreflight(request) {
      const isChat = CHAT_PATHS.test(new URL(request.url).pathname);
      return (isChat ? chatPreflights : preflights).fetch(request);
    },
    setHeaders(request, { headers }) {
      if (request.method === "OPTIONS" || headers.has("access-control-allow-origin")) return;
      headers.set("access-control-expose-headers", EXPOSED_HEADERS);
      if (allowedOrigins === "*") return headers.set("access-control-allow-origin", "*");
      headers.append("vary", "Origin");
      const origin = request.headers.get("origin");
      if (!isListedOrigin(allowedOrigins, origin)) return;
      headers.set("access-control-allow-origin", origin);
      headers.set("access-control-allow-credentials", "true");
    },
  };
}
