import type { TopicAccess } from "../../lib/core/topic.ts";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import {
  type AuthenticatorOptions,
  canRead,
  createAuthenticator,
  isOwner,
  type Principal,
  principalKey,
} from "../../lib/http/auth.ts";
import type { AppEnv } from "../../lib/http/client_address.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { connectFrom } from "./stream_opener.ts";

const NOW = 1_700_000_000_000;
const NOW_S = NOW / 1000;
const TOKEN = "a-token-of-sixteen";
const ORIGIN = "https://a.example";
const CLAIMS = { sub: "ann", exp: NOW_S + 60, topics: ["events/secret"] };
const ANN: Principal & { readonly kind: "user" } = {
  kind: "user",
  sub: "ann",
  topics: ["events/secret"],
  endsAt: NOW + 60_000,
};
const ANONYMOUS: Principal = { kind: "anonymous" };
const TICKET = { sub: "ann", topics: ["events/secret"], endsAt: undefined };

/** Authenticates a request with these headers. Returns the principal, or status and code of the problem. */
async function askedBy(
  headers: Record<string, string>,
  { path = "/", method = "GET", of = "authenticateStream", ...options }:
    & Partial<AuthenticatorOptions>
    & {
      path?: string;
      method?: string;
      of?: "authenticate" | "authenticateStream";
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
    principal = await authenticator[of](c);
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

Deno.test("authenticate() distinguishes publishers, users and anonymous callers", async () => {
  assertEquals(await askedBy({ authorization: `Bearer ${TOKEN}` }), { kind: "publisher" });
  assertEquals(await askedBy(bearer(CLAIMS)), ANN);
  assertEquals(await askedBy(bearer({ sub: "ann", exp: NOW_S + 60 })), { ...ANN, topics: null });
  assertEquals(await askedBy({}), ANONYMOUS);
});

const parts = signToken(CLAIMS).split(".");
const BAD: Readonly<Record<string, string>> = {
  "no token": "Bearer",
  "an empty one": "Bearer ",
  "another scheme": "Basic YW5uOmFubg==",
  "garbage": "Bearer x.y.z",
  "almost a publisher's token": `Bearer ${TOKEN}x`,
  "another secret": bearer(CLAIMS, { secret: `${AUTH_SECRET}x` }).authorization,
  "no signature": `Bearer ${parts[0]}.${parts[1]}.`,
  "a changed payload": `Bearer ${parts[0]}.${btoa('{"sub":"eve","exp":9e9}')}.${parts[2]}`,
  "algorithm none": `Bearer ${btoa('{"alg":"none","typ":"JWT"}')}.${parts[1]}.`,
  "algorithm HS512 with a valid signature": bearer(CLAIMS, {
    header: { alg: "HS512", typ: "JWT" },
    hash: "sha512",
  }).authorization,
  "a header that says HS256 over HS512": bearer(CLAIMS, { hash: "sha512" }).authorization,
  "unknown extensions": bearer(CLAIMS, {
    header: { alg: "HS256", typ: "JWT", crit: ["exp"] },
  }).authorization,
  "no expiry": bearer({ sub: "ann" }).authorization,
  "an expiry that is a string": bearer({ ...CLAIMS, exp: "9999999999" }).authorization,
  "a future nbf": bearer({ ...CLAIMS, nbf: NOW_S + 1 }).authorization,
  "an nbf that is a string": bearer({ ...CLAIMS, nbf: "0" }).authorization,
  "no subject": bearer({ exp: NOW_S + 60 }).authorization,
  "an empty subject": bearer({ ...CLAIMS, sub: "" }).authorization,
  "topics that are a string": bearer({ ...CLAIMS, topics: "events/secret" }).authorization,
  "topics that are null": bearer({ ...CLAIMS, topics: null }).authorization,
  "claims that are null": bearer(null).authorization,
  "excessive topics": bearer({ ...CLAIMS, x: "x".repeat(9000) }).authorization,
};

for (const [what, authorization] of Object.entries(BAD)) {
  Deno.test(`of() answers 401 to a token with ${what}`, async () => {
    assertEquals(await askedBy({ authorization }), [401, "bad_token"]);
  });
}

Deno.test("of() accepts a token from its nbf to its exp, by the injected clock and to the millisecond", async () => {
  const ends = async (exp: number) => await askedBy(bearer({ ...CLAIMS, exp }));
  assertEquals(await ends(NOW_S + 0.001), { ...ANN, endsAt: NOW + 1 });
  assertEquals(await ends(NOW_S), [401, "token_expired"]);
  assertEquals(await ends(-1), [401, "token_expired"]);
  assertEquals(await askedBy(bearer({ ...CLAIMS, nbf: NOW_S, iat: NOW_S + 99 })), ANN);
  // Only a valid signature reveals that the token has expired.
  const forged = bearer({ ...CLAIMS, exp: 0 }, { secret: "x".repeat(32) });
  assertEquals(await askedBy(forged), [401, "bad_token"]);
});

Deno.test("of() accepts no user without a secret, and no publisher without its token", async () => {
  assertEquals(await askedBy(bearer(CLAIMS), { secret: undefined }), [401, "bad_token"]);
  for (const authorization of [`Bearer ${TOKEN}`, "Bearer undefined", "Bearer "]) {
    const answer = await askedBy({ authorization }, { publishToken: undefined });
    assertEquals(answer, [401, "bad_token"]);
  }
});

Deno.test("of() reads the cookie of GET and HEAD requests with a listed origin only", async () => {
  const cookie = `theme=dark; edgetape=${signToken(CLAIMS)}`;
  const listed = { origin: ORIGIN, cookie };
  assertEquals(await askedBy(listed), ANN);
  assertEquals(await askedBy(listed, { method: "HEAD" }), ANN);
  assertEquals(await askedBy(listed, { of: "authenticate" }), ANN);
  for (const method of ["POST", "PATCH", "DELETE"]) {
    assertEquals(await askedBy(listed, { method }), ANONYMOUS, method);
  }
  assertEquals(await askedBy({ cookie }), ANONYMOUS);
  assertEquals(await askedBy({ cookie, origin: "https://b.example" }), ANONYMOUS);
  assertEquals(await askedBy({ cookie, origin: `${ORIGIN}.evil.example` }), ANONYMOUS);
  assertEquals(await askedBy(listed, { allowedOrigins: "*" }), ANONYMOUS);
  assertEquals(await askedBy({ cookie, origin: "*" }, { allowedOrigins: "*" }), ANONYMOUS);
  // A bad cookie is refused, and a header takes precedence over it.
  assertEquals(await askedBy({ ...listed, cookie: "edgetape=x" }), [401, "bad_token"]);
  assertEquals(await askedBy({ ...listed, cookie: `edgetape=${TOKEN}` }), [401, "bad_token"]);
  assertEquals(await askedBy({ ...listed, authorization: "Bearer x" }), [401, "bad_token"]);
});

Deno.test("of() refuses tokens in the URL despite other credentials, and does not repeat them", async () => {
  for (const name of ["access_token", "token", "jwt"]) {
    for (const headers of [{}, bearer(CLAIMS)]) {
      const answer = await askedBy(headers, { path: `/?${name}=${TOKEN}` });
      assertEquals(answer, [400, "token_in_url"], name);
    }
  }
});

Deno.test("ofStream() accepts a ticket as the only credential; of() accepts none", async () => {
  const path = "/?ticket=good";
  assertEquals(await askedBy({}, { path }), { kind: "ticket", ticket: "good", ...TICKET });
  assertEquals(await askedBy(bearer(CLAIMS), { path }), [400, "two_tokens"]);
  assertEquals(await askedBy({}, { path, of: "authenticate" }), [400, "token_in_url"]);
  for (const bad of ["", "bad"]) {
    assertEquals(await askedBy({}, { path: `/?ticket=${bad}` }), [401, "bad_ticket"]);
  }
});

Deno.test("canRead() matches exact names and prefixes only", () => {
  const reads = (topics: string[] | null, name: string, access: TopicAccess = "private") =>
    canRead({ kind: "user", sub: "ann", topics, endsAt: Infinity }, { name, access });
  for (const right of ["events/a", "events/*"]) assert(reads([right], "events/a"), right);
  for (
    const wrong of ["events/b", "events/A", "event*", "events*", "*", "/*", "events/a/*", "*/a", ""]
  ) {
    assert(!reads([wrong], "events/a"), wrong);
  }
  assert(!reads(["events/*"], "eventsx/a"));
  assert(!reads([], "events/a"));
  // Without `topics`: owned topics, and no channel.
  assert(reads(null, "operations/1", "owned"));
  assert(!reads(["operations/2"], "operations/1", "owned"));
  assert(reads([], "events/a", "public"));
  assert(!reads(null, "events/a"));
  assert(!reads(["tasks"], "tasks", "publishers"));
  assert(canRead({ kind: "publisher" }, { name: "tasks", access: "publishers" }));
  assert(!canRead({ kind: "anonymous" }, { name: "events/a", access: "private" }));
});

const TASKS = { name: "tasks", access: "publishers" } as const;

Deno.test("canRead() and isOwner() give a ticket the rights of its issuer", () => {
  const made = (sub: string | undefined, ...topics: string[]) =>
    ({ kind: "ticket", ticket: "t", sub, topics, endsAt: undefined }) as const;
  assert(canRead(made(undefined, "tasks"), TASKS));
  assert(!canRead(made("ann", "tasks"), TASKS));
  assert(!canRead(made(undefined, "events/a"), { name: "events/b", access: "private" }));
  assert(
    isOwner(made(undefined), "ann") && isOwner(made("ann"), "ann") && !isOwner(made("ann"), "bob"),
  );
  assert(isOwner({ kind: "publisher" }, "ann") && !isOwner(ANONYMOUS, "ann"));
});

Deno.test("principalKey() counts users by their `sub` at any address, and others by address", async () => {
  const key = async (principal: Principal, address: string) => {
    const app = new Hono<AppEnv>().get("/", (c) => c.text(principalKey(c, principal, undefined)));
    return await (await app.request("/", {}, connectFrom(address))).text();
  };
  const [here, there] = ["192.0.2.1", "192.0.2.2"];
  assertEquals(await key(ANN, here), await key(ANN, there));
  const ticket: Principal = { kind: "ticket", ticket: "t", ...TICKET };
  assertEquals(await key(ticket, here), await key(ANN, here));
  const others: Principal[] = [ANONYMOUS, { kind: "publisher" }, { ...ticket, sub: undefined }];
  for (const principal of others) assertEquals(await key(principal, here), here);
  // A `sub` that looks like an address is not one.
  assert(await key({ ...ANN, sub: here }, there) !== here);
});
