import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createFrameParser } from "../support/frames.ts";
import { AUTH_SECRET, signToken } from "../support/user_token.ts";
import { type AppUnderTest, createAppUnderTest, refusalOf, TOKEN, userOf } from "./support.ts";

const SECRET = "/v1/events/secret/stream";
const ANN = userOf("ann", ["events/secret"]);
const PUBLISHER = { authorization: `Bearer ${TOKEN}` };
const Ticket = z.strictObject({ ticket: z.string(), expires_at: z.iso.datetime() });

/** Requests a ticket. */
async function request(
  { app }: AppUnderTest,
  headers: Record<string, string>,
  body: unknown = { topics: ["events/secret"] },
): Promise<Response> {
  return await app.request("/v1/tickets", {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

/** Obtains a ticket. Fails if it is refused. */
async function issueTicket(test: AppUnderTest, headers: Record<string, string>, topics?: string[]) {
  const response = await request(test, headers, topics && { topics });
  assertEquals([response.status, response.headers.get("cache-control")], [201, "no-store"]);
  return Ticket.parse(await response.json());
}

Deno.test("POST /v1/tickets issues a ticket that opens one stream within 30 s", async () => {
  await using test = createAppUnderTest();
  for (const headers of [ANN, PUBLISHER]) {
    const { ticket, expires_at } = await issueTicket(test, headers);
    assertEquals(Date.parse(expires_at), test.clock.now() + 30_000);
    await test.clock.advance(29_000);
    await using client = await test.follow(`${SECRET}?ticket=${ticket}`);
    assertEquals(client.dataOf("sync").length, 1);
    const again = await test.send(`${SECRET}?ticket=${ticket}`);
    assertEquals(await refusalOf(again), [401, "bad_ticket"]);

    const expired = await issueTicket(test, headers);
    await test.clock.advance(30_000);
    const refused = await test.send(`${SECRET}?ticket=${expired.ticket}`);
    assertEquals(await refusalOf(refused), [401, "bad_ticket"]);
  }
});

Deno.test("a ticket opens its own topics and public ones only, and a refusal does not consume it", async () => {
  await using test = createAppUnderTest({
    CHANNELS: JSON.stringify({
      secret: { types: ["note"], private: true },
      other: { types: ["note"], private: true },
    }),
  });
  const { ticket } = await issueTicket(test, userOf("ann", ["events/*"]));
  const other = await test.send(`/v1/events/other/stream?ticket=${ticket}`);
  assertEquals(await refusalOf(other), [403, "topic_not_allowed"]);
  const both = await test.send(`/v1/stream?topics=events/secret,events/other&ticket=${ticket}`);
  assertEquals(await refusalOf(both), [403, "topic_not_allowed"]);
  await using client = await test.follow(`/v1/stream?topics=events/secret,quotes&ticket=${ticket}`);
  assertEquals(client.dataOf("sync").length, 1);
});

Deno.test("a ticket is consumed neither by HEAD nor by a refused stream", async () => {
  await using test = createAppUnderTest({ STREAMS_PER_CLIENT: "1" });
  const path = `${SECRET}?ticket=${(await issueTicket(test, ANN)).ticket}`;
  for (let n = 0; n < 2; n++) {
    assertEquals((await test.send(path, { method: "HEAD" })).status, 200);
  }
  const first = await test.follow(SECRET, ANN);
  const busy = await test.app.request(path, { headers: { accept: "text/event-stream" } });
  const [frame] = createFrameParser("").feed(await busy.bytes());
  // The ticket has the same user as the open stream.
  assertEquals([frame?.event, JSON.parse(frame?.data ?? "{}").reason], ["busy", "client"]);
  assertEquals(await refusalOf(await test.send(path)), [429, "busy_client"]);
  await first.hangUp();
  await using client = await test.follow(path);
  assertEquals([client.dataOf("sync").length, test.services.budget.inUse], [1, 1]);
});

Deno.test("a consumed ticket takes no slot", async () => {
  await using test = createAppUnderTest();
  const path = `${SECRET}?ticket=${(await issueTicket(test, ANN)).ticket}`;
  await (await test.follow(path)).hangUp();
  assertEquals(await refusalOf(await test.send(path)), [401, "bad_ticket"]);
  assertEquals(test.services.budget.inUse, 0);
});

Deno.test("a stream of a private topic ends when the JWT expires, or the JWT of its ticket's issuer", async () => {
  await using test = createAppUnderTest();
  const endsAt = test.clock.now() + 90_000;
  const claims = { sub: "ann", topics: ["events/secret"], exp: endsAt / 1000 };
  const headers = { authorization: `Bearer ${signToken(claims)}` };
  const { ticket } = await issueTicket(test, headers);
  await using byToken = await test.follow(SECRET, headers);
  await using byTicket = await test.follow(`${SECRET}?ticket=${ticket}`);
  await using ofPublicTopic = await test.follow("/v1/events/alerts/stream", headers);
  await test.clock.advance(endsAt - 60_000 - test.clock.now());
  for (const client of [byToken, byTicket]) {
    assertEquals(client.dataOf("auth"), [{ expires_in_ms: 60_000 }]);
  }
  await test.clock.advance(60_000);
  for (const client of [byToken, byTicket]) {
    assertEquals([client.frames.at(-1)?.event, client.isEnded], ["bye", true]);
    assertEquals(JSON.parse(client.frames.at(-1)?.data ?? "{}").reason, "revoked");
  }
  // A public topic needs no rights.
  assertEquals([ofPublicTopic.dataOf("auth", "bye"), ofPublicTopic.isEnded], [[], false]);
  assertEquals(await refusalOf(await test.send(SECRET, { headers })), [401, "token_expired"]);
});

Deno.test("a ticket opens its user's operation, and reveals nothing of another user's", async () => {
  await using test = createAppUnderTest();
  const created = await test.app.request("/v1/operations", {
    method: "POST",
    body: JSON.stringify({ kind: "export", owner: "ann" }),
    headers: { "content-type": "application/json", ...PUBLISHER },
  });
  const topic = `operations/${(await created.json()).id}`;
  const path = (ticket: string) => `/v1/stream?topics=${topic}&ticket=${ticket}`;
  const anns = await issueTicket(test, userOf("ann"), [topic]);
  const bobs = await issueTicket(test, userOf("bob"), [topic]);
  assertEquals(await refusalOf(await test.send(path(bobs.ticket))), [404, "unknown_topic"]);
  for (const { ticket } of [anns, await issueTicket(test, PUBLISHER, [topic])]) {
    await using client = await test.follow(path(ticket));
    assertEquals(client.dataOf("progress").length, 1);
  }
});

Deno.test("a ticket opens streams only", async () => {
  await using test = createAppUnderTest();
  const { ticket } = await issueTicket(test, ANN);
  const response = await test.app.request(`/v1/tickets?ticket=${ticket}`, {
    method: "POST",
    body: JSON.stringify({ topics: ["events/secret"] }),
    headers: { "content-type": "application/json" },
  });
  assertEquals(await refusalOf(response), [400, "token_in_url"]);
});

Deno.test("POST /v1/tickets refuses topics that the token does not include, and invalid bodies", async () => {
  await using test = createAppUnderTest();
  const refusal = async (headers: Record<string, string>, body?: unknown) =>
    await refusalOf(await request(test, headers, body));
  assertEquals(await refusal({}), [401, "token_needed"]);
  assertEquals(await refusal({ authorization: "Bearer x" }), [401, "bad_token"]);
  const cookie = ANN.authorization.replace("Bearer ", "edgetape=");
  assertEquals(await refusal({ cookie, origin: "https://a.example" }), [401, "token_needed"]);
  assertEquals(await refusal(userOf("ann", [])), [403, "topic_not_allowed"]);
  const partlyAllowed = { topics: ["quotes", "events/secret"] };
  assertEquals(await refusal(userOf("ann", ["quotes"]), partlyAllowed), [403, "topic_not_allowed"]);
  assertEquals(await refusal(ANN, { topics: ["events/nothing"] }), [404, "unknown_topic"]);
  assertEquals(await refusal(ANN, { topics: ["events/*"] }), [404, "unknown_topic"]);
  for (const topics of [undefined, [], "events/secret", Array(33).fill("quotes")]) {
    assertEquals(await refusal(ANN, { topics }), [400, "bad_parameters"]);
  }
  assertEquals(await refusal({ ...ANN, "content-type": "text/plain" }), [415, "not_json"]);
  assertEquals(await refusal(ANN, { topics: ["x".repeat(20_000)] }), [413, "body_too_large"]);
});

Deno.test("POST /v1/tickets limits each user to its rate of streams, and the publisher to its rate of publications", async () => {
  await using test = createAppUnderTest({ OPENS_PER_MINUTE: "1", PUBLISH_PER_MINUTE: "2" });
  const refused = async (headers: Record<string, string>) => {
    const response = await request(test, headers);
    assertEquals(response.headers.get("retry-after") !== null, true);
    return await refusalOf(response);
  };
  const { ticket } = await issueTicket(test, ANN);
  assertEquals(await refused(ANN), [429, "tickets_too_often"]);
  await issueTicket(test, userOf("bob", ["events/secret"]));
  await issueTicket(test, PUBLISHER);
  await test.publish("alerts", { type: "note", data: 1 });
  assertEquals(await refused(PUBLISHER), [429, "publishing_too_often"]);
  // A ticket does not count as an opened stream.
  await using client = await test.follow(`${SECRET}?ticket=${ticket}`);
  assertEquals(client.dataOf("sync").length, 1);
});

Deno.test("without AUTH_SECRET private topics are open to publishers only, and a warning is logged", async () => {
  await using test = createAppUnderTest({ AUTH_SECRET: "" });
  for (const headers of [{}, ANN]) {
    const response = await test.send(SECRET, { headers });
    assertEquals(response.status, 401);
    assert(!(await response.text()).includes("AUTH_SECRET"));
  }
  const warnings = test.lines.filter((line) => line.includes("AUTH_SECRET"));
  assertEquals(warnings.length, 1);
  const { ticket } = await issueTicket(test, PUBLISHER);
  await using client = await test.follow(`${SECRET}?ticket=${ticket}`);
  assertEquals(client.dataOf("sync").length, 1);
  await using open = createAppUnderTest();
  assertEquals(open.lines, []);
});

Deno.test("no part of a token reaches a response or the log", async () => {
  const origin = "https://a.example";
  await using test = createAppUnderTest({ ALLOWED_ORIGINS: origin });
  const responseTexts: string[] = [];
  /** Records the headers and the body, except of a stream. Returns the status. */
  const record = async (pending: Promise<Response> | Response) => {
    const { status, headers, body } = await pending;
    responseTexts.push(JSON.stringify([...headers]));
    if (status !== 200) responseTexts.push(await new Response(body).text());
    else await body?.cancel();
    return status;
  };
  const { ticket } = await issueTicket(test, ANN);
  const token = (claims: object, secret = AUTH_SECRET) => signToken(claims, { secret });
  const exp = 9_999_999_999;
  const tokens = [
    token({ sub: "ann", exp, topics: ["events/secret"] }),
    token({ sub: "ann", exp, topics: [] }),
    token({ sub: "ann", exp: 1 }),
    token({ sub: "ann", exp, nbf: exp }),
    token({ sub: "ann", exp }, "another-secret-of-thirty-two-bytes"),
    "half.a-token-that-is-none",
    TOKEN,
    `${TOKEN}-nearly`,
    ticket,
  ];
  const statuses = new Set<number>();
  for (const credential of tokens) {
    const authorization = `Bearer ${credential}`;
    for (const path of [SECRET, "/v1/stream?topics=quotes,events/secret", "/page/page.css", "/x"]) {
      for (const method of ["GET", "HEAD"]) {
        statuses.add(await record(test.send(path, { method, headers: { authorization } })));
      }
      statuses.add(
        await record(test.send(path, { headers: { cookie: `edgetape=${credential}`, origin } })),
      );
      const query = `${path.includes("?") ? "&" : "?"}last_event_id=1&`;
      for (const name of ["ticket", "token", "access_token"]) {
        statuses.add(await record(test.send(`${path}${query}${name}=${credential}`)));
      }
    }
    statuses.add(await record(request(test, { authorization }, { topics: ["events/x"] })));
    statuses.add(
      await record(test.publish("nothing", { type: "note", data: 1 }, { authorization })),
    );
  }
  assertEquals([...statuses].sort(), [200, 400, 401, 403, 404, 500]);
  const text = [...responseTexts, ...test.lines].join("\n");
  for (const secret of [...tokens, AUTH_SECRET]) {
    for (const part of secret.split(".").filter(({ length }) => length > 12)) {
      // All tokens share the header of a JWT, which is not secret.
      if (!tokens[4]?.startsWith(part)) assert(!text.includes(part), `${part} leaked`);
    }
  }
  assert(test.lines.length > 0);
});
