/**
 * Authentication: the principal of a request, by a publisher's token, a user's token, or a ticket.
 *
 * Nothing here reads the store. A bad token is refused with 401; it is never treated as anonymous.
 *
 * @module
 */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import type { Config } from "../core/config.ts";
import { Problem } from "../core/problem.ts";
import type { AppEnv } from "./app_env.ts";
import { isListedOrigin } from "./cors.ts";
import { isSameSecret } from "./crypto.ts";
import { verifyJwt } from "./jwt.ts";
import type { TicketRights, Tickets } from "./tickets.ts";

/** The caller of a request and its rights. */
export type Principal =
  | { readonly kind: "publisher" }
  | {
    readonly kind: "user";
    /** The user's id, as the operator's site names it. */
    readonly sub: string;
    /** Exact names or `prefix/*`; null means all topics that the user owns. */
    readonly topics: readonly string[] | null;
    /** The expiry of the token: wall time, in milliseconds since the Unix epoch. */
    readonly expiresAt: number;
  }
  /** A ticket without `sub` is a publisher's. `ticket` is consumed when the stream opens. */
  | { readonly kind: "ticket"; readonly ticket: string } & TicketRights
  | { readonly kind: "anonymous" };

/** Authenticates requests. */
export interface Authenticator {
  /**
   * Authenticates a request that is not for a stream. The result is a promise only if a user's token must be verified.
   *
   * @throws {Problem} 401 `bad_token` or `token_expired`; 400 `token_in_url`: a token or a ticket is in the query.
   */
  authenticate(c: Context<AppEnv>): Principal | Promise<Principal>;
  /**
   * Authenticates a request for a stream, which may bring a ticket. The ticket is not consumed yet.
   *
   * @throws {Problem} 401 `bad_token` or `token_expired`; 400 `token_in_url`: a token is in the query; 401 `bad_ticket`;
   * 400 `two_tokens`: a ticket comes with an `Authorization` header.
   */
  authenticateStream(c: Context<AppEnv>): Principal | Promise<Principal>;
}

/** The secrets and settings of an authenticator. */
export interface AuthenticatorOptions {
  readonly clock: Clock;
  readonly tickets: Pick<Tickets, "read">;
  /** The secret of users' tokens. Without it every user's token is refused. */
  readonly secret: string | undefined;
  /** The publishers' token. Without it no request is a publisher's. */
  readonly publishToken: string | undefined;
  readonly allowedOrigins: Config["ALLOWED_ORIGINS"];
}

/** The cookie that holds a user's token. */
const TOKEN_COOKIE = "edgetape";

/** The query parameters in which other servers accept tokens. They are refused, because logs and histories keep URLs. */
const TOKEN_PARAMETERS = ["access_token", "token", "auth_token", "id_token", "jwt"];

/** Creates the problem of a token or a ticket in a query: 400 `token_in_url`. @returns Null for another parameter. */
export function tokenInUrl(parameter: string): Problem | null {
  if (parameter !== "ticket" && !TOKEN_PARAMETERS.includes(parameter)) return null;
  const detail = parameter === "ticket"
    ? "`ticket` is accepted by stream routes only."
    : "Tokens are not accepted in URLs. Send `Authorization: Bearer …`, or open a stream with a ticket.";
  return new Problem(400, "token_in_url", detail, {
    errors: [{ field: parameter, detail: "not accepted here" }],
  });
}

const UserClaims = z.object({
  sub: z.string().min(1).max(256),
  topics: z.array(z.string()).optional(),
});

/** Creates a 401 problem. Its `WWW-Authenticate` header asks for a bearer token. */
export function unauthorized(code: string, detail: string): Problem {
  return new Problem(401, code, detail, { headers: { "www-authenticate": "Bearer" } });
}

function badToken(): Problem {
  return unauthorized("bad_token", "The access token is not valid. Request a new one.");
}

/** Returns the token of an `Authorization: Bearer` header: undefined without the header, null if it has another form. */
export function bearerTokenOf(c: Context<AppEnv>): string | null | undefined {
  const header = c.req.header("authorization");
  return header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1] ?? null;
}

/**
 * Refuses a request that has one of these query parameters.
 *
 * @throws {Problem} 400 `token_in_url`.
 */
function refuseParameters(c: Context<AppEnv>, names: readonly string[]): void {
  const parameter = names.find((name) => c.req.query(name) !== undefined);
  const problem = parameter === undefined ? null : tokenInUrl(parameter);
  if (problem !== null) throw problem;
}

/** Creates an authenticator. */
export function createAuthenticator(
  { clock, tickets, secret, publishToken, allowedOrigins }: AuthenticatorOptions,
): Authenticator {
  async function verifyUserToken(token: string): Promise<Principal> {
    const claims = secret === undefined ? null : await verifyJwt(token, secret, clock.now());
    if (claims === null) throw badToken();
    if (claims === "expired") {
      throw unauthorized("token_expired", "The access token has expired. Request a new one.");
    }
    const { data: user } = UserClaims.safeParse(claims);
    if (user === undefined) throw badToken();
    return {
      kind: "user",
      sub: user.sub,
      topics: user.topics ?? null,
      expiresAt: claims.exp * 1000,
    };
  }

  /**
   * Reads the token cookie. A browser sends it with requests of foreign pages too. Against such cross-site request forgery
   * (CSRF), the cookie counts only for methods that change nothing, and only for pages of listed origins.
   */
  function readTokenCookie(c: Context<AppEnv>): string | undefined {
    const isSafeMethod = c.req.method === "GET" || c.req.method === "HEAD";
    const isListed = isListedOrigin(allowedOrigins, c.req.header("origin"));
    return isSafeMethod && isListed ? getCookie(c, TOKEN_COOKIE) : undefined;
  }

  function authenticateByHeaders(c: Context<AppEnv>): Principal | Promise<Principal> {
    const bearer = bearerTokenOf(c);
    if (bearer === null) throw badToken();
    if (bearer !== undefined) {
      const isPublisher = publishToken !== undefined && isSameSecret(publishToken, bearer);
      return isPublisher ? { kind: "publisher" } : verifyUserToken(bearer);
    }
    const cookie = readTokenCookie(c);
    return cookie === undefined ? { kind: "anonymous" } : verifyUserToken(cookie);
  }

  async function authenticateByTicket(c: Context<AppEnv>, ticket: string): Promise<Principal> {
    if (bearerTokenOf(c) !== undefined) {
      throw new Problem(
        400,
        "two_tokens",
        "Send either `ticket` or an `Authorization` header, not both.",
      );
    }
    const rights = await tickets.read(ticket);
    if (!rights) {
      throw unauthorized(
        "bad_ticket",
        "The ticket is not valid or has expired. Request a new one.",
      );
    }
    return { kind: "ticket", ticket, ...rights };
  }

  return {
    authenticate(c) {
      refuseParameters(c, [...TOKEN_PARAMETERS, "ticket"]);
      return authenticateByHeaders(c);
    },
    authenticateStream(c) {
      refuseParameters(c, TOKEN_PARAMETERS);
      const ticket = c.req.query("ticket");
      return ticket === undefined ? authenticateByHeaders(c) : authenticateByTicket(c, ticket);
    },
  };
}
