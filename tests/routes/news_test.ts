/** News over HTTP, for readers and publishers. */
import { assert, assertEquals } from "@std/assert";
import { articleEvents, createNewsUnderTest, story } from "./news_support.ts";
import { refusalOf } from "./support.ts";

const STREAM = "/v1/news/stream";

Deno.test("POST /v1/news reaches every stream immediately, and answers 201 with the article", async () => {
  await using test = createNewsUnderTest();
  const tabs = [await test.follow(STREAM), await test.follow(STREAM), await test.follow(STREAM)];
  const body = story(1, { source: "Desk", summary: "<b>Plain</b> &amp; short", guid: "one" });
  const response = await test.write("POST", "/v1/news", body);
  const article = await response.json();
  assertEquals(response.status, 201);
  assertEquals(article, {
    id: article.id,
    story: article.id,
    title: "Story 1",
    summary: "Plain & short",
    url: "https://stories.example/1",
    image: null,
    author: null,
    categories: [],
    language: null,
    sources: [{ source: "desk", name: "Desk", url: "https://stories.example/1" }],
    published_at: null,
    first_seen_at: new Date(test.clock.now() - 50).toISOString(),
    updated_at: null,
    symbols: [],
    backfill: false,
    simulated: false,
  });
  for (const tab of tabs) {
    assertEquals(tab.dataOf("article"), [article]);
    await tab.hangUp();
  }
});

Deno.test("POST /v1/news answers 200 with a known article, by its link or guid, and publishes nothing", async () => {
  await using test = createNewsUnderTest();
  await using tab = await test.follow(STREAM);
  const first = await test.post(1, { guid: "one" });
  for (
    const again of [
      story(1, { title: "Other words" }),
      story(2, { guid: "one" }),
      story(1, { url: "http://stories.example/1?utm_source=x" }),
    ]
  ) {
    const response = await test.write("POST", "/v1/news", again);
    assertEquals([response.status, await response.json()], [200, first]);
  }
  assertEquals(articleEvents(tab), ["article Story 1"]);
});

Deno.test("PATCH /v1/news/{id} corrects an article, and DELETE retracts it permanently", async () => {
  await using test = createNewsUnderTest();
  await using tab = await test.follow(STREAM);
  const { id } = await test.post(1);
  const path = `/v1/news/${id}`;
  const patched = await test.write("PATCH", path, { title: "Better", symbols: ["XAU-USD"] });
  const { title, symbols, updated_at } = await patched.json();
  assertEquals([patched.status, title, symbols], [200, "Better", ["XAU-USD"]]);
  assert(updated_at !== null);
  assertEquals((await test.list()).articles.map(({ title }) => title), ["Better"]);

  assertEquals((await test.write("DELETE", path)).status, 204);
  assertEquals(articleEvents(tab), [
    "article Story 1",
    "article.updated Better",
    `article.retracted ${id}`,
  ]);
  assertEquals((await test.list()).articles, []);
  assertEquals(await refusalOf(await test.write("DELETE", path)), [404, "unknown_article"]);
  assertEquals(await refusalOf(await test.write("PATCH", path, { title: "X" })), [
    404,
    "unknown_article",
  ]);
  assertEquals(await refusalOf(await test.write("POST", "/v1/news", story(1))), [409, "retracted"]);
});

Deno.test("a replay contains neither a retracted article nor its updates", async () => {
  await using test = createNewsUnderTest();
  await using early = await test.follow(STREAM);
  const { id } = await test.post(1);
  await test.write("PATCH", `/v1/news/${id}`, { title: "Better" });
  await test.post(2);
  await test.write("DELETE", `/v1/news/${id}`);
  const cursor = early.frames[0]?.id ?? "";
  await using late = await test.follow(`${STREAM}?last_event_id=${cursor}`);
  assertEquals(late.frames[0]?.event, "sync");
  assertEquals(JSON.parse(late.frames[0]?.data ?? "").gap, false);
  assertEquals(articleEvents(late), ["article Story 2", `article.retracted ${id}`]);
});

interface RefusedRequest {
  readonly method?: "POST" | "PATCH" | "DELETE";
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly refusal: readonly [number, string];
  /** The field that the problem names. */
  readonly field?: string;
}

const BAD_PARAMETERS = [400, "bad_parameters"] as const;
const UNKNOWN_ARTICLE = "/v1/news/unknown";

const REFUSED_REQUESTS: Readonly<Record<string, RefusedRequest>> = {
  "a POST without a token": { headers: { authorization: "" }, refusal: [401, "bad_token"] },
  "a PATCH without a token": {
    method: "PATCH",
    path: UNKNOWN_ARTICLE,
    headers: { authorization: "Bearer x" },
    refusal: [401, "bad_token"],
  },
  "a DELETE without a token": {
    method: "DELETE",
    path: UNKNOWN_ARTICLE,
    headers: { authorization: "Basic x" },
    refusal: [401, "bad_token"],
  },
  "a POST without JSON's content type": {
    headers: { "content-type": "text/plain" },
    refusal: [415, "not_json"],
  },
  "invalid JSON": { body: "{", refusal: [400, "bad_request"] },
  "an article without a title": {
    body: story(1, { title: " <b> " }),
    refusal: BAD_PARAMETERS,
    field: "title",
  },
  "a title that is too long": {
    body: story(1, { title: "x".repeat(1201) }),
    refusal: BAD_PARAMETERS,
    field: "title",
  },
  "a summary that is too long": {
    body: story(1, { summary: "x".repeat(4001) }),
    refusal: BAD_PARAMETERS,
    field: "summary",
  },
  "a body that is too large": {
    body: story(1, { summary: "x".repeat(70_000) }),
    refusal: [413, "body_too_large"],
  },
  "a link that is not http(s)": {
    body: story(1, { url: "javascript:alert(1)" }),
    refusal: BAD_PARAMETERS,
    field: "url",
  },
  "a source that is not one word": {
    body: story(1, { source: "a b" }),
    refusal: BAD_PARAMETERS,
    field: "source",
  },
  "an invalid date": {
    body: story(1, { published_at: "yesterday" }),
    refusal: BAD_PARAMETERS,
    field: "published_at",
  },
  "an invalid symbol": {
    body: story(1, { symbols: ["gold!"] }),
    refusal: BAD_PARAMETERS,
    field: "symbols.0",
  },
  "an unknown field": { body: story(1, { id: "x" }), refusal: BAD_PARAMETERS, field: "id" },
  "a correction without a field": {
    method: "PATCH",
    path: UNKNOWN_ARTICLE,
    body: {},
    refusal: BAD_PARAMETERS,
    field: "json",
  },
  "a correction of the source": {
    method: "PATCH",
    path: UNKNOWN_ARTICLE,
    body: { title: "x", source: "x" },
    refusal: BAD_PARAMETERS,
    field: "source",
  },
  "a correction of an unknown article": {
    method: "PATCH",
    path: UNKNOWN_ARTICLE,
    body: { title: "x" },
    refusal: [404, "unknown_article"],
  },
  "a retraction of an unknown article": {
    method: "DELETE",
    path: UNKNOWN_ARTICLE,
    refusal: [404, "unknown_article"],
  },
  "a key that is too long": {
    headers: { "idempotency-key": "k".repeat(129) },
    refusal: BAD_PARAMETERS,
    field: "idempotency-key",
  },
};

for (const [description, refused] of Object.entries(REFUSED_REQUESTS)) {
  Deno.test(`news refuses ${description}, and publishes nothing`, async () => {
    const { method = "POST", path = "/v1/news", headers, refusal, field } = refused;
    const body = "body" in refused ? refused.body : method === "POST" ? story(1) : undefined;
    await using test = createNewsUnderTest();
    const response = await test.write(method, path, body, headers);
    const { code, errors } = await response.json();
    assertEquals([response.status, code], [...refusal]);
    if (field !== undefined) {
      assertEquals(errors.map((error: { field: string }) => error.field), [field]);
    }
    assertEquals((await test.list()).articles, []);
  });
}

Deno.test("POST /v1/news names the setting while no token is set", async () => {
  await using test = createNewsUnderTest({ PUBLISH_TOKEN: "" });
  const response = await test.write("POST", "/v1/news", story(1));
  assertEquals(await refusalOf(response), [403, "publishing_off"]);
});

Deno.test("publishing news consumes the publisher's rate, whatever the outcome", async () => {
  await using test = createNewsUnderTest({ PUBLISH_PER_MINUTE: "2" });
  const { id } = await test.post(1);
  assertEquals((await test.write("DELETE", `/v1/news/${id}`)).status, 204);
  const refused = await test.write("PATCH", `/v1/news/${id}`, { title: "x" });
  assertEquals(await refusalOf(refused), [429, "publishing_too_often"]);
});

Deno.test("a repeated Idempotency-Key returns the first response, and is refused with another body", async () => {
  await using test = createNewsUnderTest();
  const key = { "idempotency-key": "a-1" };
  const first = await test.write("POST", "/v1/news", story(1), key);
  const again = await test.write("POST", "/v1/news", story(1), key);
  assertEquals([first.status, again.status], [201, 201]);
  const article = await first.json();
  assertEquals(await again.json(), article);
  const other = await test.write("POST", "/v1/news", story(2), key);
  assertEquals(await refusalOf(other), [422, "idempotency_key_reused"]);

  const path = `/v1/news/${article.id}`;
  assertEquals((await test.write("DELETE", path, undefined, key)).status, 204);
  const repeated = await test.write("DELETE", path, undefined, key);
  assertEquals([repeated.status, await repeated.text()], [204, ""]);
  await test.clock.advance(86_400_000);
  const late = await test.write("DELETE", path, undefined, key);
  assertEquals(await refusalOf(late), [404, "unknown_article"]);
});

Deno.test("an article that neither log nor lists retain may be posted again, as a new one", async () => {
  await using test = createNewsUnderTest({ LOG_RETAIN_EVENTS: "1", NEWS_PER_SOURCE: "1" });
  await using tab = await test.follow(STREAM);
  const first = await test.post(1);
  await test.post(2);
  await test.clock.advance(600_000);
  const evicted = await test.write("PATCH", `/v1/news/${first.id}`, { title: "x" });
  assertEquals(await refusalOf(evicted), [404, "unknown_article"]);
  const response = await test.write("POST", "/v1/news", story(1));
  assertEquals([response.status, (await response.json()).id], [201, first.id]);
  assertEquals(articleEvents(tab), ["article Story 1", "article Story 2", "article Story 1"]);
});

Deno.test("an article is known, listed and corrected after the log has dropped it", async () => {
  await using test = createNewsUnderTest({ LOG_RETAIN_EVENTS: "1" });
  const first = await test.post(1);
  await test.post(2);
  const listed = (await test.list()).articles.map(({ title }) => title);
  assertEquals(listed.toSorted(), ["Story 1", "Story 2"]);
  const again = await test.write("POST", "/v1/news", story(1));
  assertEquals([again.status, (await again.json()).id], [200, first.id]);
  const corrected = await test.write("PATCH", `/v1/news/${first.id}`, { title: "x" });
  assertEquals([corrected.status, (await corrected.json()).title], [200, "x"]);
});

Deno.test("GET /v1/news?before= continues the list after an article, with the same filter", async () => {
  await using test = createNewsUnderTest();
  for (const n of [1, 2, 3, 4]) await test.post(n, { symbols: n === 2 ? [] : ["XAU-USD"] });
  const titlesOf = async (query: string) => {
    const { articles } = await test.list(`?${query}`);
    return articles.map(({ title }) => title);
  };
  const [, third] = (await test.list()).articles;
  assertEquals(third?.title, "Story 3");
  assertEquals(await titlesOf(`before=${third?.id}`), ["Story 2", "Story 1"]);
  assertEquals(await titlesOf(`before=${third?.id}&limit=1`), ["Story 2"]);
  assertEquals(await titlesOf(`before=${third?.id}&symbols=XAU-USD`), ["Story 1"]);
  const unknown = await test.send("/v1/news?before=unknown");
  assertEquals(await refusalOf(unknown), [404, "unknown_article"]);
  const both = await test.send(`/v1/news?before=${third?.id}&after=0-0`);
  assertEquals(await refusalOf(both), [400, "invalid_request"]);
});

Deno.test("GET /v1/news/{id} answers the article, 304 while it is unchanged, and 404 once it is retracted", async () => {
  await using test = createNewsUnderTest();
  const posted = await test.post(1);
  const path = `/v1/news/${posted.id}`;
  const first = await test.send(path);
  assertEquals([first.status, await first.json()], [200, posted]);
  const etag = first.headers.get("etag") ?? "";
  const unchanged = await test.send(path, { headers: { "if-none-match": etag } });
  assertEquals([unchanged.status, await unchanged.text()], [304, ""]);
  await test.write("PATCH", path, { title: "x" });
  const changed = await test.send(path, { headers: { "if-none-match": etag } });
  assertEquals([changed.status, (await changed.json()).title], [200, "x"]);
  await test.write("DELETE", path);
  assertEquals(await refusalOf(await test.send(path)), [404, "unknown_article"]);
});

Deno.test("an unknown parameter is refused on every route of the API, instead of being ignored", async () => {
  await using test = createNewsUnderTest();
  for (
    const path of ["/v1/news?symbol=XAU-USD", "/v1/quotes?symbol=BTC-USD", "/v1/stream?topic=news"]
  ) {
    const response = await test.send(path);
    assertEquals(response.status, 400, path);
    const { code, errors } = await response.json();
    assertEquals(code, "bad_parameters");
    assert(errors.some(({ detail }: { detail: string }) => detail === "Unknown"), path);
  }
  assertEquals((await test.send("/?utm_source=mail")).status, 200);
});
