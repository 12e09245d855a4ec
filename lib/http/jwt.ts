/**
 * JSON Web Tokens (RFC 7519), signed with HMAC-SHA-256 and nothing else.
 *
 * The signature is Hono's to check; times are checked here, by our own clock. Nothing of what was thrown goes on: its
 * messages hold the token.
 *
 * @module
 */
import { sign, verify } from "hono/jwt";

/** The one algorithm: a token that names another, `none` above all, is no token. */
const ALGORITHM = "HS256";

/** Longer ones are not looked at: cookies and headers end about there too. */
const MOST_CHARACTERS = 8192;

/** What a token says of its times, in seconds since the epoch, and whatever else. */
export interface Claims {
  readonly exp: number;
  readonly [name: string]: unknown;
}

/** Signs claims. */
export async function signJwt(claims: Claims, secret: string): Promise<string> {
  return await sign({ ...claims }, secret, ALGORITHM);
}

/**
 * Reads a token that says when it ends.
 *
 * @param now By our clock, in ms since the epoch.
 * @returns What it claims; null where it is not ours or not of now; `expired` where it was.
 */
export async function readJwt(
  token: string,
  secret: string,
  now: number,
): Promise<Claims | "expired" | null> {
  if (token.length > MOST_CHARACTERS) return null;
  const claims = await signedClaims(token, secret);
  if (claims === null) return null;
  const { exp, nbf } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return null;
  if (nbf !== undefined && (typeof nbf !== "number" || nbf * 1000 > now)) return null;
  return exp * 1000 <= now ? "expired" : { ...claims, exp };
}

/** What a signed token claims, its times unchecked; null where it is not signed as it should be. */
async function signedClaims(
  token: string,
  secret: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    return await verify(token, secret, { alg: ALGORITHM, exp: false, nbf: false, iat: false });
  } catch {
    return null;
  }
}
