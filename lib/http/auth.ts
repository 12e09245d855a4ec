/**
 * Who asks: told by a publisher's token, a user's, or a ticket.
 *
 * Nothing here reads the store, and a token that is bad is 401: nobody falls to less without being told.
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
import { readJwt } from "./jwt.ts";
import type { TicketRights, Tickets } from "./tickets.ts";

/** Who asks, and what that lets them read. */
export type Principal =
  | { readonly kind: "publisher" }
  | {
    readonly kind: "user";
    /** Who it is, as the operator's site names them. */
    readonly sub: string;
    /** Exact names or `prefix/*`; null stands for all topics that the user owns. */
    readonly topics: readonly string[] | null;
    /** When the token ends, in ms since the epoch. */
    readonly endsAt: number;
  }
  /** Of a publisher, where it has no `sub`. `ticket` is what is spent when the stream opens. */
  | { readonly kind: "ticket"; readonly ticket: string } & TicketRights
  | { readonly kind: "anonymous" };

/** Tells who asks. */
export interface Authenticator {
  /**
   * Who asks for something that is no stream: at once, where no token is to be verified.
   *
   * @throws {Problem} 401 `bad_token` or `token_expired`; 400 `token_in_url` where a token is in the query, a ticket too.
   */
  authenticate(c: Context<AppEnv>): Principal | Promise<Principal>;
  /**
   * Who asks for a stream: a ticket may say so. It is not spent yet.
   *
   * @throws {Problem} As `of()`; 401 `bad_ticket`; 400 `two_tokens` where a ticket comes with a token.
   */
  authenticateStream(c: Context<AppEnv>): Principal | Promise<Principal>;
}

/** What callers are told by. */
export interface AuthenticatorOptions {
  readonly clock: Clock;
  readonly tickets: Pick<Tickets, "read">;
  /** Signs users' tokens. Without it there are no users. */
  readonly secret: string | undefined;
  /** The publishers'. Without it there are none. */
  readonly publishToken: string | undefined;
  readonly allowedOrigins: Config["ALLOWED_ORIGINS"];
}

/** The cookie that holds a user's token. */
const COOKIE = "edgetape";

/** Names under which others take tokens in a URL. URLs end in logs and histories. */
const TOKEN_PARAMETERS = ["access_token", "token", "auth_token", "id_token", "jwt"];

const UserClaims = z.object({
  sub: z.string().min(1).max(256),
  topics: z.array(z.string()).optional(),
});

/** A 401: who knows better comes with a token. */
export function unauthorized(code: string, detail: string): Problem {
  return new Problem(401, code, detail, { headers: { "www-authenticate": "Bearer" } });
}

/** Whether a list of exact names and `prefix/*` has a name. */
function includes(list: readonly string[], name: string): boolean {
  return list.some((each) =>
    each === name || /.\/\*$/.test(each) && name.startsWith(each.slice(0, -1))
  );
}

/** Tests if a caller may read a topic, as far as its token says. The owner of an owned topic is checked apart: {@linkcode isOwner}. */
export function canRead(
  principal: Principal,
  { name, access }: Pick<Topic, "name" | "access">,
): boolean {
  if (access === "public" || principal.kind === "publisher") return true;
  if (principal.kind === "anonymous") return false;
  if (access === "publishers" && principal.sub !== undefined) return false;
  return principal.topics === null ? access === "owned" : includes(principal.topics, name);
}

/** Whether what is `owner`'s is the caller's too: publishers own all. */
export function isOwner(principal: Principal, owner: string): boolean {
  if (principal.kind === "publisher") return true;
  if (principal.kind === "anonymous") return false;
  return principal.sub === undefined || principal.sub === owner;
}

/** Whom a request counts for: the user, else the address. @param header As of {@linkcode clientKey}. */
export function principalKey(
  c: Context<AppEnv>,
  principal: Principal,
  header: string | undefined,
): string {
  const isUser = principal.kind === "user" || principal.kind === "ticket";
  return isUser && principal.sub !== undefined ? `user ${principal.sub}` : clientKey(c, header);
}

/** The `Bearer` token of a request, empty where it has another one, undefined where it has none. */
export function bearerOf(c: Context<AppEnv>): string | undefined {
  const header = c.req.header("authorization");
  if (header === undefined) return undefined;
  return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "";
}

/** Creates what tells callers apart. */
export function createAuthenticator(
  { clock, tickets, secret, publishToken, allowedOrigins }: AuthenticatorOptions,
): Authenticator {
  async function userOf(token: string): Promise<Principal> {
    const claims = secret === undefined ? null : await readJwt(token, secret, clock.now());
    if (claims === "expired") throw unauthorized("token_expired", "The token has ended.");
    const { data: user } = UserClaims.safeParse(claims);
    if (claims === null || user === undefined) {
      throw unauthorized("bad_token", "The token is none that is taken here.");
    }
    return {
      kind: "user",
      sub: user.sub,
      topics: user.topics ?? null,
      endsAt: claims.exp * 1000,
    };
  }

  /**
   * The token that a browser sends by itself, whoever had it do so: a page of another site too. So it is read where
   * nothing is changed (HEAD is GET without its body), and for the pages of listed origins.
   */
  function cookieOf(c: Context<AppEnv>): string | undefined {
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    const origin = c.req.header("origin");
    if (!isRead || allowedOrigins === "*" || origin === undefined) return undefined;
    return allowedOrigins.includes(origin) ? getCookie(c, COOKIE) : undefined;
  }

  function of(c: Context<AppEnv>): Principal | Promise<Principal> {
    const bearer = bearerOf(c);
    if (bearer !== undefined) {
      const isPublisher = publishToken !== undefined && isSameSecret(publishToken, bearer);
      return isPublisher ? { kind: "publisher" } : userOf(bearer);
    }
    const cookie = cookieOf(c);
    return cookie === undefined ? { kind: "anonymous" } : userOf(cookie);
  }

  async function ofTicket(c: Context<AppEnv>, ticket: string): Promise<Principal> {
    if (bearerOf(c) !== undefined) {
      throw new Problem(400, "two_tokens", "A ticket comes alone, without Authorization.");
    }
    const rights = await tickets.read(ticket);
    if (!rights) throw unauthorized("bad_ticket", "The ticket has ended, or is none of ours.");
    return { kind: "ticket", ticket, ...rights };
  }

  function refuseInUrl(c: Context<AppEnv>, ...names: readonly string[]): void {
    const found = names.find((name) => c.req.query(name) !== undefined);
    if (found === undefined) return;
    const detail = found === "ticket"
      ? "A ticket opens a stream, and nothing else."
      : "Tokens are not taken in URLs: send Authorization: Bearer …, or open a stream with a ticket.";
    throw new Problem(400, "token_in_url", detail, {
      errors: [{ field: found, detail: "not taken here" }],
    });
  }

  return {
    authenticate(c) {
      refuseInUrl(c, ...TOKEN_PARAMETERS, "ticket");
      return of(c);
    },
    authenticateStream(c) {
      refuseInUrl(c, ...TOKEN_PARAMETERS);
      const ticket = c.req.query("ticket");
      return ticket === undefined ? of(c) : ofTicket(c, ticket);
    },
  };
}
