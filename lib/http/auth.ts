/**
 * Authentication: the principal of a request, by a publisher's token, a user's token, or a ticket.
 *
 * Nothing here reads the store. A bad token is refused with 401; it never counts as none.
 *
 * @module
 */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import type { Config } from "../core/config.ts";
import { Problem } from "../core/problem.ts";
import { type AppEnv, clientKey } from "./client_address.ts";
import { isSameSecret } from "./crypto.ts";
import type { Topic } from "../core/topic.ts";
import { verifyJwt } from "./jwt.ts";
import type { TicketRights, Tickets } from "./tickets.ts";

/** An authenticated caller and its rights. */
export type Principal =
  | { readonly kind: "publisher" }
  | {
    readonly kind: "user";
    /** The user's id, as the operator's site names it. */
    readonly sub: string;
    /** Exact names or `prefix/*`; null stands for all topics that the user owns. */
    readonly topics: readonly string[] | null;
    /** The expiry of the token, in ms since the epoch. */
    readonly endsAt: number;
  }
  /** A ticket without `sub` is a publisher's. `ticket` is consumed when the stream opens. */
  | { readonly kind: "ticket"; readonly ticket: string } & TicketRights
  | { readonly kind: "anonymous" };

/** Authenticates requests. */
export interface Authenticator {
  /**
   * Authenticates a request that is not for a stream. It answers synchronously if there is no token to verify.
   *
   * @throws {Problem} 401 `bad_token` or `token_expired`; 400 `token_in_url`: a token or a ticket is in the query.
   */
  authenticate(c: Context<AppEnv>): Principal | Promise<Principal>;
  /**
   * Authenticates a request for a stream, which may bring a ticket. The ticket is not consumed yet.
   *
   * @throws {Problem} As `authenticate()`; 401 `bad_ticket`; 400 `two_tokens`: a ticket comes with a token.
   */
  authenticateStream(c: Context<AppEnv>): Principal | Promise<Principal>;
}

/** The secrets and settings of an authenticator. */
export interface AuthenticatorOptions {
  readonly clock: Clock;
  readonly tickets: Pick<Tickets, "read">;
  /** The secret of users' tokens. Without it there are no users. */
  readonly secret: string | undefined;
  /** The publishers' token. Without it there are no publishers. */
  readonly publishToken: string | undefined;
  readonly allowedOrigins: Config["ALLOWED_ORIGINS"];
}

/** The cookie that holds a user's token. */
const TOKEN_COOKIE = "edgetape";

/** The query parameters that other servers accept tokens in. URLs end up in logs and histories. */
const TOKEN_PARAMETERS = ["access_token", "token", "auth_token", "id_token", "jwt"];

const UserClaims = z.object({
  sub: z.string().min(1).max(256),
  topics: z.array(z.string()).optional(),
});

/** Creates a 401 problem, which asks for a token. */
export function unauthorized(code: string, detail: string): Problem {
  return new Problem(401, code, detail, { headers: { "www-authenticate": "Bearer" } });
}

/** Returns true if a list of exact names and `prefix/*` includes a name. */
function includes(list: readonly string[], name: string): boolean {
  return list.some((each) =>
    each === name || /.\/\*$/.test(each) && name.startsWith(each.slice(0, -1))
  );
}

/**
 * Returns true if a principal may read a topic, as far as its token says. The owner of an owned topic is checked
 * separately: {@linkcode isOwner}.
 */
export function canRead(
  principal: Principal,
  { name, access }: Pick<Topic, "name" | "access">,
): boolean {
  if (access === "public" || principal.kind === "publisher") return true;
  if (principal.kind === "anonymous") return false;
  if (access === "publishers" && principal.sub !== undefined) return false;
  return principal.topics === null ? access === "owned" : includes(principal.topics, name);
}

/** Returns true if a principal owns the resources of `owner`. Publishers own all. */
export function isOwner(principal: Principal, owner: string): boolean {
  if (principal.kind === "publisher") return true;
  if (principal.kind === "anonymous") return false;
  return principal.sub === undefined || principal.sub === owner;
}

/**
 * Returns the key under which limits count a request: the user, else the address.
 *
 * @param header As of {@linkcode clientKey}.
 */
export function principalKey(
  c: Context<AppEnv>,
  principal: Principal,
  header: string | undefined,
): string {
  const isUser = principal.kind === "user" || principal.kind === "ticket";
  return isUser && principal.sub !== undefined ? `user ${principal.sub}` : clientKey(c, header);
}

/** Returns the `Bearer` token of a request: empty for another scheme, undefined without the header. */
export function bearerOf(c: Context<AppEnv>): string | undefined {
  const header = c.req.header("authorization");
  if (header === undefined) return undefined;
  return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "";
}

/** Creates an authenticator. */
export function createAuthenticator(
  { clock, tickets, secret, publishToken, allowedOrigins }: AuthenticatorOptions,
): Authenticator {
  async function userOf(token: string): Promise<Principal> {
    const claims = secret === undefined ? null : await verifyJwt(token, secret, clock.now());
    if (claims === "expired") {
      throw unauthorized("token_expired", "The access token has expired. Request a new one.");
    }
    const { data: user } = UserClaims.safeParse(claims);
    if (claims === null || user === undefined) {
      throw unauthorized("bad_token", "The access token is not valid. Request a new one.");
    }
    return {
      kind: "user",
      sub: user.sub,
      topics: user.topics ?? null,
      endsAt: claims.exp * 1000,
    };
  }

  /**
   * Reads the token that a browser sends by itself, for pages of other sites too. So it counts only where nothing is
   * changed (HEAD is GET without its body), and only for pages of listed origins.
   */
  function cookieOf(c: Context<AppEnv>): string | undefined {
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    const origin = c.req.header("origin");
    if (!isRead || allowedOrigins === "*" || origin === undefined) return undefined;
    return allowedOrigins.includes(origin) ? getCookie(c, TOKEN_COOKIE) : undefined;
  }

  function byHeaders(c: Context<AppEnv>): Principal | Promise<Principal> {
    const bearer = bearerOf(c);
    if (bearer !== undefined) {
      const isPublisher = publishToken !== undefined && isSameSecret(publishToken, bearer);
      return isPublisher ? { kind: "publisher" } : userOf(bearer);
    }
    const cookie = cookieOf(c);
    return cookie === undefined ? { kind: "anonymous" } : userOf(cookie);
  }

  async function byTicket(c: Context<AppEnv>, ticket: string): Promise<Principal> {
    if (bearerOf(c) !== undefined) {
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

  function refuseInUrl(c: Context<AppEnv>, ...names: readonly string[]): void {
    const found = names.find((name) => c.req.query(name) !== undefined);
    if (found === undefined) return;
    const detail = found === "ticket"
      ? "`ticket` is accepted by stream routes only."
      : "Tokens are not accepted in URLs. Send `Authorization: Bearer …`, or open a stream with a ticket.";
    throw new Problem(400, "token_in_url", detail, {
      errors: [{ field: found, detail: "not accepted here" }],
    });
  }

  return {
    authenticate(c) {
      refuseInUrl(c, ...TOKEN_PARAMETERS, "ticket");
      return byHeaders(c);
    },
    authenticateStream(c) {
      refuseInUrl(c, ...TOKEN_PARAMETERS);
      const ticket = c.req.query("ticket");
      return ticket === undefined ? byHeaders(c) : byTicket(c, ticket);
    },
  };
}
