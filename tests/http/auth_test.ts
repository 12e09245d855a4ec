import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/app_env.ts";
import {
  type AuthenticatorOptions,
  createAuthenticator,
  type Principal,
} from "../../lib/http/auth.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";

const NOW = 1_700_000_000_000;
const NOW_S = NOW / 1000;
const TOKEN = "a-token-of-sixteen";
const ORIGIN = "https://a.example";
const CLAIMS = { sub: "ann", exp: NOW_S + 60, topics: ["events/secret"] };
const ANN: Principal & { readonly kind: "user" } = {
  kind: "user",
  sub: "ann",
  topics: ["events/secret"],
  expiresAt: NOW + 60_000,
};
const ANONYMOUS: Principal = { kind: "anonymous" };
const TICKET = { sub: "ann", topics: ["events/secret"], expiresAt: undefined };

/** Authenticates a request with these headers. Returns the principal, or status and code of the problem. */
async function authenticateWith(
  headers: Record<string, string>,
  { path = "/", method = "GET", by = "authenticateStream", ...options }:
    & Partial<AuthenticatorOptions>
    & {
      path?: string;
      method?: string;
      by?: "authenticate" | "authenticateStream";
    } = {},
): Promise<unknown> {
  const authenticator = createAuthenticator({
    clock: { now: () => NOW, elapsed: () => NOW, after: () => () => {}, every: () => () => {} },
    tickets: { read: (ticket) => Promise.resolve(ticket === "good" ? TICKET : null) },
    secret: AUTH_SECRET,
    publishToken: TOKEN,
    allowedOrigins: [ORIGIN],
    ...options,
  });
  const app = new Hono<AppEnv>();
  let principal: Principal | undefined;
  app.all("/", async (c) => {
    principal = await authenticator[by](c);
    return c.text("in");
  });
  app.onError((thrown) => problemResponse(toProblem(thrown)));
  const response = await app.request(path, { method, headers });
  if (principal !== undefined) return principal;
  const text = await response.text();
  for (const secret of [...Object.values(headers), AUTH_SECRET, TOKEN]) {
    assert(!text.includes(secret), `${text} repeats ${secret}`);
  }
  if (response.status === 401) assertEquals(response.headers.get("www-authenticate"), "Bearer");
  return [response.status, text === "" ? null : JSON.parse(text).code];
}

function bearer(claims: unknown, options = {}) {
  return { authorization: `Bearer ${signToken(claims, options)}` };
}

Deno.test("authenticateStream() distinguishes publishers, users and anonymous callers", async () => {
  assertEquals(await authenticateWith({ authorization: `Bearer ${TOKEN}` }), { kind: "publisher" });
  assertEquals(await authenticateWith(bearer(CLAIMS)), ANN);
  assertEquals(await authenticateWith(bearer({ sub: "ann", exp: NOW_S + 60 })), {
    ...ANN,
    topics: null,
  });
  assertEquals(await authenticateWith({}), ANONYMOUS);
});

const parts = signToken(CLAIMS).split(".");
const BAD: Readonly<Record<string, string>> = {
  "no value": "Bearer",
  "an empty value": "Bearer ",
  "another scheme": "Basic YW5uOmFubg==",
  "garbage": "Bearer x.y.z",
  "a character more than the publisher's": `Bearer ${TOKEN}x`,
  "another secret": bearer(CLAIMS, { secret: `${AUTH_SECRET}x` }).authorization,
  "no signature": `Bearer ${parts[0]}.${parts[1]}.`,
  "a changed payload": `Bearer ${parts[0]}.${btoa('{"sub":"eve","exp":9e9}')}.${parts[2]}`,
  "the algorithm none": `Bearer ${btoa('{"alg":"none","typ":"JWT"}')}.${parts[1]}.`,
  "algorithm HS512 and a valid signature": bearer(CLAIMS, {
    header: { alg: "HS512", typ: "JWT" },
    hash: "sha512",
  }).authorization,
  "a header that says HS256 over HS512": bearer(CLAIMS, { hash: "sha512" }).authorization,
  "unknown extensions": bearer(CLAIMS, {
    header: { alg: "HS256", typ: "JWT", crit: ["exp"] },
  }).authorization,
  "no expiry": bearer({ sub: "ann" }).authorization,
  "an expiry that is a string": bearer({ ...CLAIMS, exp: "9999999999" }).authorization,
  "an nbf in the future": bearer({ ...CLAIMS, nbf: NOW_S + 1 }).authorization,
  "an nbf that is a string": bearer({ ...CLAIMS, nbf: "0" }).authorization,
  "no subject": bearer({ exp: NOW_S + 60 }).authorization,
  "an empty subject": bearer({ ...CLAIMS, sub: "" }).authorization,
  "topics that are a string": bearer({ ...CLAIMS, topics: "events/secret" }).authorization,
  "topics that are null": bearer({ ...CLAIMS, topics: null }).authorization,
  "claims that are null": bearer(null).authorization,
  "more than 8192 characters": bearer({ ...CLAIMS, x: "x".repeat(9000) }).authorization,
};

for (const [defect, authorization] of Object.entries(BAD)) {
  Deno.test(`authenticateStream() refuses a token with 401: ${defect}`, async () => {
    assertEquals(await authenticateWith({ authorization }), [401, "bad_token"]);
  });
}

Deno.test("authenticateStream() accepts a token from its nbf to its exp, by the injected clock and to the millisecond", async () => {
  const authenticateUntil = async (exp: number) =>
    await authenticateWith(bearer({ ...CLAIMS, exp }));
  assertEquals(await authenticateUntil(NOW_S + 0.001), { ...ANN, expiresAt: NOW + 1 });
  assertEquals(await authenticateUntil(NOW_S), [401, "token_expired"]);
  assertEquals(await authenticateUntil(-1), [401, "token_expired"]);
  assertEquals(await authenticateWith(bearer({ ...CLAIMS, nbf: NOW_S, iat: NOW_S + 99 })), ANN);
  // Only a valid signature reveals that the token has expired.
  const forged = bearer({ ...CLAIMS, exp: 0 }, { secret: "x".repeat(32) });
  assertEquals(await authenticateWith(forged), [401, "bad_token"]);
});

Deno.test("authenticateStream() refuses users' tokens without a secret, and publishers' without their setting", async () => {
  assertEquals(await authenticateWith(bearer(CLAIMS), { secret: undefined }), [401, "bad_token"]);
  for (const authorization of [`Bearer ${TOKEN}`, "Bearer undefined", "Bearer "]) {
    const outcome = await authenticateWith({ authorization }, { publishToken: undefined });
    assertEquals(outcome, [401, "bad_token"]);
  }
});

Deno.test("the token cookie counts for GET and HEAD from a listed origin only, which prevents CSRF", async () => {
  const cookie = `theme=dark; edgetape=${signToken(CLAIMS)}`;
  const listed = { origin: ORIGIN, cookie };
  assertEquals(await authenticateWith(listed), ANN);
  assertEquals(await authenticateWith(listed, { method: "HEAD" }), ANN);
  assertEquals(await authenticateWith(listed, { by: "authenticate" }), ANN);
  for (const method of ["POST", "PATCH", "DELETE"]) {
    assertEquals(await authenticateWith(listed, { method }), ANONYMOUS, method);
  }
  assertEquals(await authenticateWith({ cookie }), ANONYMOUS);
  assertEquals(await authenticateWith({ cookie, origin: "https://b.example" }), ANONYMOUS);
  assertEquals(await authenticateWith({ cookie, origin: `${ORIGIN}.evil.example` }), ANONYMOUS);
  assertEquals(await authenticateWith(listed, { allowedOrigins: "*" }), ANONYMOUS);
  assertEquals(await authenticateWith({ cookie, origin: "*" }, { allowedOrigins: "*" }), ANONYMOUS);
});

Deno.test("a bad token cookie is refused, never treated as anonymous, and a header takes precedence", async () => {
  const listed = { origin: ORIGIN, cookie: `edgetape=${signToken(CLAIMS)}` };
  assertEquals(await authenticateWith({ ...listed, cookie: "edgetape=x" }), [401, "bad_token"]);
  assertEquals(await authenticateWith({ ...listed, cookie: `edgetape=${TOKEN}` }), [
    401,
    "bad_token",
  ]);
  assertEquals(await authenticateWith({ ...listed, authorization: "Bearer x" }), [
    401,
    "bad_token",
  ]);
});

Deno.test("authenticateStream() refuses tokens in the URL despite other credentials, and does not repeat them", async () => {
  for (const name of ["access_token", "token", "jwt"]) {
    for (const headers of [{}, bearer(CLAIMS)]) {
      const outcome = await authenticateWith(headers, { path: `/?${name}=${TOKEN}` });
      assertEquals(outcome, [400, "token_in_url"], name);
    }
  }
});

Deno.test("authenticateStream() accepts a ticket as the only credential; authenticate() accepts none", async () => {
  const path = "/?ticket=good";
  assertEquals(await authenticateWith({}, { path }), { kind: "ticket", ticket: "good", ...TICKET });
  assertEquals(await authenticateWith(bearer(CLAIMS), { path }), [400, "two_tokens"]);
  assertEquals(await authenticateWith({}, { path, by: "authenticate" }), [400, "token_in_url"]);
  for (const bad of ["", "bad"]) {
    assertEquals(await authenticateWith({}, { path: `/?ticket=${bad}` }), [401, "bad_ticket"]);
  }
});
