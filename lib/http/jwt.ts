/**
 * JSON Web Tokens (RFC 7519), signed with HMAC-SHA-256 and nothing else.
 *
 * jose checks signatures in constant time, and times by the injected clock. Its errors do not leave this module, because
 * their messages may contain claims.
 *
 * @module
 */
import { errors, jwtVerify, SignJWT } from "jose";

/** The only algorithm. A token that names another one, such as `none`, is refused. */
const ALGORITHM = "HS256";

/** The longest token that is verified. Most servers limit cookies and headers to about as much. */
const MAX_JWT_CHARACTERS = 8192;

/** The claims of a token. `exp` is its expiry in seconds since the Unix epoch, as in RFC 7519. */
export interface Claims {
  readonly exp: number;
  readonly [name: string]: unknown;
}

const jwtEncoder = new TextEncoder();

/** Creates a token of signed claims. */
export async function signJwt(claims: Claims, secret: string): Promise<string> {
  const token = new SignJWT({ ...claims }).setProtectedHeader({ alg: ALGORITHM, typ: "JWT" });
  return await token.sign(jwtEncoder.encode(secret));
}

/**
 * Verifies a token. It must have an expiry.
 *
 * @param now Wall time, in milliseconds since the Unix epoch.
 * @returns The claims; `expired` after its expiry; null if it is malformed, too long, not signed with the secret, or not
 * valid yet.
 */
export async function verifyJwt(
  token: string,
  secret: string,
  now: number,
): Promise<Claims | "expired" | null> {
  if (token.length > MAX_JWT_CHARACTERS) return null;
  try {
    const { payload } = await jwtVerify(token, jwtEncoder.encode(secret), {
      algorithms: [ALGORITHM],
      currentDate: new Date(now),
      requiredClaims: ["exp"],
    });
    const { exp } = payload;
    if (exp === undefined) return null;
    return exp * 1000 <= now ? "expired" : { ...payload, exp }; // jose compares whole seconds.
  } catch (thrown) {
    return thrown instanceof errors.JWTExpired ? "expired" : null;
  }
}
