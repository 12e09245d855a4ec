import { assert, assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { z } from "zod";
import { Problem } from "../../lib/core/problem.ts";
import { defineTopic, type TopicAccess } from "../../lib/core/topic.ts";
import type { AppEnv } from "../../lib/http/app_env.ts";
import type { Principal } from "../../lib/http/auth.ts";
import { problemResponse, toProblem } from "../../lib/http/problem_response.ts";
import { authorizePublisher, authorizeReader, canRead, isOwner } from "../../lib/http/authorize.ts";

const TOKEN = "a-token-of-sixteen";

/** Requests a route that only a publisher with `token` may call, with this header. */
async function requestWith(token: string | undefined, authorization?: string): Promise<Response> {
  const app = new Hono<AppEnv>();
  app.get("/", (c) => {
    authorizePublisher(c, token);
    return c.text("in");
  });
  app.onError((thrown) => problemResponse(toProblem(thrown)));
  return await app.request("/", { headers: authorization ? { authorization } : {} });
}

Deno.test("authorizePublisher() accepts the token, in any case of its scheme", async () => {
  for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN}`]) {
    assertEquals((await requestWith(TOKEN, authorization)).status, 200, authorization);
  }
});

Deno.test("authorizePublisher() gives every wrong token the same response", async () => {
  const wrong = [
    undefined,
    "Bearer",
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${TOKEN.toUpperCase()}`,
  ];
  const responses = await Promise.all(wrong.map(async (authorization) => {
    const response = await requestWith(TOKEN, authorization);
    return [response.status, [...response.headers], await response.text()] as const;
  }));
  for (const response of responses) assertEquals(response, responses[0]);
  const [status, headers, body] = responses[0] ?? [];
  assertEquals([status, Object.fromEntries(headers ?? [])["www-authenticate"]], [401, "Bearer"]);
  assertEquals([JSON.parse(body ?? "").code, body?.includes(TOKEN)], ["bad_token", false]);
});

Deno.test("authorizePublisher() names the setting while publishing is off, with any token", async () => {
  for (const authorization of [undefined, "Bearer undefined", `Bearer ${TOKEN}`]) {
    const response = await requestWith(undefined, authorization);
    const { code, detail } = await response.json();
    assertEquals([response.status, code], [403, "publishing_off"]);
    assertEquals(detail, "Publishing is off. Set `PUBLISH_TOKEN` to turn it on.");
  }
});

Deno.test("authorizeReader() allows public topics to everyone, and names the first private one", () => {
  const topic = (name: string, access: TopicAccess) =>
    defineTopic({ name, kind: "log", events: { note: z.unknown() }, access });
  const topics = [
    topic("events/a", "public"),
    topic("events/b", "private"),
    topic("events/c", "private"),
  ];
  const user = (...names: string[]) =>
    ({ kind: "user", sub: "ann", topics: names, expiresAt: Infinity }) as const;
  const refusal = (principal: Principal) =>
    assertThrows(() => authorizeReader(principal, topics), Problem);

  authorizeReader({ kind: "anonymous" }, topics.slice(0, 1));
  authorizeReader({ kind: "publisher" }, topics);
  authorizeReader(user("events/*"), topics);

  const unknown = refusal({ kind: "anonymous" });
  assertEquals([unknown.status, unknown.code], [401, "private_topic"]);
  assertEquals(unknown.options.headers?.["www-authenticate"], "Bearer");
  assertEquals(unknown.message.includes("events/b"), true);

  const lacking = refusal(user("events/b"));
  assertEquals([lacking.status, lacking.code], [403, "topic_not_allowed"]);
  assertEquals(lacking.message, "The access token does not include the topic `events/c`.");
});

/** Returns true if a user with a token for `topics` may read a topic. */
function userCanRead(
  topics: string[] | null,
  name: string,
  access: TopicAccess = "private",
): boolean {
  return canRead({ kind: "user", sub: "ann", topics, expiresAt: Infinity }, { name, access });
}

Deno.test("canRead() matches exact names and prefixes only", () => {
  for (const right of ["events/a", "events/*"]) assert(userCanRead([right], "events/a"), right);
  for (
    const wrong of ["events/b", "events/A", "event*", "events*", "*", "/*", "events/a/*", "*/a", ""]
  ) {
    assert(!userCanRead([wrong], "events/a"), wrong);
  }
  assert(!userCanRead(["events/*"], "eventsx/a"));
  assert(!userCanRead([], "events/a"));
});

Deno.test("canRead() permits users without `topics` their owned topics, and publishers alone their topics", () => {
  assert(userCanRead(null, "operations/1", "owned"));
  assert(!userCanRead(["operations/2"], "operations/1", "owned"));
  assert(userCanRead([], "events/a", "public"));
  assert(!userCanRead(null, "events/a"));
  assert(!userCanRead(["tasks"], "tasks", "publishers"));
  assert(canRead({ kind: "publisher" }, { name: "tasks", access: "publishers" }));
  assert(!canRead({ kind: "anonymous" }, { name: "events/a", access: "private" }));
});

const TASKS = { name: "tasks", access: "publishers" } as const;

Deno.test("canRead() and isOwner() give a ticket the rights of its issuer", () => {
  const ticketOf = (sub: string | undefined, ...topics: string[]) =>
    ({ kind: "ticket", ticket: "t", sub, topics, expiresAt: undefined }) as const;
  assert(canRead(ticketOf(undefined, "tasks"), TASKS));
  assert(!canRead(ticketOf("ann", "tasks"), TASKS));
  assert(!canRead(ticketOf(undefined, "events/a"), { name: "events/b", access: "private" }));
  assert(isOwner(ticketOf(undefined), "ann"));
  assert(isOwner(ticketOf("ann"), "ann"));
  assert(!isOwner(ticketOf("ann"), "bob"));
});

Deno.test("isOwner() gives publishers all resources, and anonymous callers none", () => {
  assert(isOwner({ kind: "publisher" }, "ann"));
  assert(!isOwner({ kind: "anonymous" }, "ann"));
});
