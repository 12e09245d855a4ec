import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Article } from "../../lib/topics/news/article.ts";
import type { FeedStatus } from "../../lib/topics/news/feed_status.ts";
import { createPage, renderPage } from "./page_support.ts";

const ARTICLE: Article = {
  id: "a1",
  story: "a1",
  title: "Gold's slide <b>deepens</b>",
  summary: `5 < 6 & "so"`,
  url: "https://news.example/1?a=1&b=2",
  image: null,
  author: null,
  categories: [],
  language: null,
  sources: [
    { source: "wire", name: "The Wire", url: "https://news.example/1?a=1&b=2" },
    { source: "desk", name: "The Desk", url: "https://desk.example/1" },
  ],
  published_at: "2026-08-03T14:00:00.000Z",
  first_seen_at: "2026-08-03T14:01:00.000Z",
  updated_at: "2026-08-03T14:02:00.000Z",
  symbols: [],
  backfill: false,
  simulated: false,
};

const FEED: FeedStatus = {
  source: "wire",
  name: "The Wire",
  url: "https://wire.example/rss",
  state: "ok",
  moved_to: null,
  reason: null,
  polled_at: null,
  next_poll_at: "2026-08-03T14:05:00.000Z",
  items: 30,
  skipped: 0,
  cut: 0,
  undated: 0,
  last_article_at: null,
};

Deno.test("page renders news as text, with links without a referrer, and marks updated articles", async () => {
  const page = await renderPage([], [], { articles: [ARTICLE] });
  const item = page.split(`data-article="a1"`)[1]?.split("</li>")[0] ?? "";
  const text = item.slice(item.indexOf(">") + 1).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  assertEquals(
    text.trim(),
    "Gold&#39;s slide &lt;b&gt;deepens&lt;/b&gt; 5 &lt; 6 &amp; &quot;so&quot; 14:00:00 UTC " +
      "The Wire, The Desk Updated 14:02:00 UTC",
  );
  // Each text has its own direction, in any script.
  assertEquals(item.match(/dir="auto"\s+data-field="\w+"/g)?.length, 2);
  assertStringIncludes(item, `href="https://news.example/1?a=1&amp;b=2"`);
  assertStringIncludes(item, `rel="noopener noreferrer"`);
});

Deno.test("page links to http(s) URLs only", async () => {
  const page = await renderPage([], [], { articles: [{ ...ARTICLE, url: "javascript:alert(1)" }] });
  const item = page.split(`data-article="a1"`)[1]?.split("</li>")[0] ?? "";
  assert(!item.includes("href"), item);
});

Deno.test("page filters news by source, and links to each source", async () => {
  const { app, calls } = createPage([], [], { articles: [ARTICLE], feeds: [FEED] });
  const page = await (await app.request("/?source=Desk")).text();
  assert(calls.includes("news of desk"));
  assertStringIncludes(page, `data-source="desk"`);
  const links = [...page.matchAll(/href="(\/[^"]*#news)"([^>]*)>([^<]*)/g)]
    .map(([_, href, attributes, name]) => [href, (attributes ?? "").trim(), name]);
  assertEquals(links, [
    ["/#news", "", "All"],
    ["/?source=wire#news", "", "The Wire"],
    ["/?source=desk#news", `aria-current="true"`, "The Desk"],
  ]);
});

Deno.test("page shows which feeds have moved, failed or are gone", async () => {
  const feeds: readonly FeedStatus[] = [
    FEED,
    { ...FEED, name: "A", state: "moved", moved_to: "https://a.example/new" },
    { ...FEED, name: "B", state: "broken", reason: "B refused: HTTP 503" },
    { ...FEED, name: "C", state: "gone", reason: "It is gone for good (410)" },
  ];
  const page = await renderPage([], [], { feeds });
  const list = page.split(`id="feeds"`)[1]?.split("</ul>")[0] ?? "";
  const lines = [...list.matchAll(/<li[^>]*>([^<]*)/g)].map(([_, text]) => text);
  assertEquals(lines, [
    "A has moved to https://a.example/new.",
    "B cannot be read: B refused: HTTP 503. Next try at 14:05:00 UTC.",
    "C is gone: It is gone for good (410).",
  ]);
});

Deno.test("page has the details of feeds: their state, last new article, and what is missing", async () => {
  const feeds: readonly FeedStatus[] = [
    { ...FEED, last_article_at: "2026-08-03T13:00:00.000Z" },
    {
      ...FEED,
      source: "a",
      name: "<A>",
      state: "unchanged",
      undated: 3,
      skipped: 12,
      reason: "12 of 30 items have no link or no words",
    },
    { ...FEED, source: "b", name: "B", state: "broken", reason: "B refused: HTTP 503" },
    {
      ...FEED,
      source: "c",
      name: "C",
      state: "waiting",
      last_article_at: "2026-07-01T00:00:00.000Z",
    },
  ];
  const page = await renderPage([], [], { feeds });
  const details = page.split(`id="feed-details"`)[1]?.split("</details>")[0] ?? "";
  const items = [...details.matchAll(/<li data-feed.*?<\/li>/gs)].map(([item]) =>
    [...item.matchAll(/<(?:strong|span)[^>]*>([^<]*)/g)].map(([_, text]) => text)
  );
  assertEquals(items, [
    ["The Wire", "read", "last article 13:00:00 UTC", ""],
    [
      ...["&lt;A&gt;", "unchanged", "no article"],
      "12 of 30 items have no link or no words. 3 of 30 items have no date.",
    ],
    ["B", "cannot be read", "no article", "B refused: HTTP 503."],
    ["C", "not read yet", "last article 2026-07-01 00:00 UTC", ""],
  ]);
});

Deno.test("page notes the worst five of many feeds in trouble, and the number of the others", async () => {
  const feeds = Array.from({ length: 9 }, (_, n): FeedStatus => {
    const state = n < 6 ? "moved" : n < 8 ? "broken" : "gone";
    return { ...FEED, name: `F${n}`, state, moved_to: "https://a.example/", reason: "x" };
  });
  const page = await renderPage([], [], { feeds });
  const list = page.split(`id="feeds"`)[1]?.split("</ul>")[0] ?? "";
  const lines = [...list.matchAll(/<li[^>]*>(F\d|[^<]*)/g)].map(([_, text]) => text);
  assertEquals(lines, ["F8", "F6", "F7", "F0", "F1", "4 more feeds need attention."]);
});

Deno.test("page says that a feed shows nothing if none of its items is usable", async () => {
  const reason = "30 of 30 items have no link or no words";
  const page = await renderPage([], [], { feeds: [{ ...FEED, skipped: 30, reason }] });
  assertStringIncludes(page, `<li data-state="stale">The Wire shows nothing: ${reason}.</li>`);
});

Deno.test("page shows the pictures of articles, and allows them, only if the operator does", async () => {
  const image = "https://pictures.example/1.jpg?a=1&b=2";
  const articles = [{ ...ARTICLE, image }, { ...ARTICLE, id: "a2" }];
  const render = async (hasImages: boolean) => {
    const response = await createPage([], [], { articles, hasImages }).app.request("/");
    const policy = response.headers.get("content-security-policy") ?? "";
    const list = (await response.text()).split(`id="articles"`)[1]?.split("</section>")[0] ?? "";
    return [/img-src ([^;]*)/.exec(policy)?.[1], list.match(/<img[^>]*>/g)];
  };
  assertEquals(await render(false), ["'self'", null]);
  const place = `<img alt="" width="96" height="64" loading="lazy" decoding="async"`;
  assertEquals(await render(true), ["'self' https:", [
    `${place} src="https://pictures.example/1.jpg?a=1&amp;b=2">`,
    ...[`${place} hidden>`, `${place} hidden>`],
  ]]);
});

Deno.test("page links the symbols of an article to their rows, without a script", async () => {
  const article = { ...ARTICLE, symbols: ["XAU-USD", "NOT-HERE"] };
  const page = await renderPage([], [], { articles: [article] });
  const item = page.split(`data-article="a1"`)[1]?.split("</li>")[0] ?? "";
  assertStringIncludes(item, `<a href="#quote-XAU-USD">XAU-USD</a>`);
  assert(!item.includes("NOT-HERE"));
  assertStringIncludes(page, `id="quote-XAU-USD"`);
});
