import { assert, assertEquals, assertRejects } from "@std/assert";
import { DAY_MS } from "../../../lib/core/time.ts";
import { MAX_ARTICLE_SOURCES } from "../../../lib/topics/news/article.ts";
import { createTestIngest, item, NOW, RETAIN_MS } from "./support.ts";

const DISTINCTIVE = "Central bank holds its rates for a third month";

Deno.test("ingest() publishes new items once, the feed's last item first", async () => {
  const test = createTestIngest();
  assertEquals(await test.poll("bbc", item(2), item(1)), [
    "article: Story number 1",
    "article: Story number 2",
  ]);
  assertEquals(await test.poll("bbc", item(2), item(1)), []);
});

Deno.test("ingest() sets first_seen_at apart from published_at", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { publishedAt: null }), item(2));
  const [second, first] = test.articles();
  assertEquals([first?.published_at, first?.first_seen_at], [null, "2026-10-05T15:00:00.000Z"]);
  assertEquals(second?.published_at, "2026-10-05T14:59:00.000Z");
  assertEquals(second?.updated_at, null);
});

Deno.test("ingest() neither loses nor repeats items that are inserted, reordered, dropped and shown again", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(3), item(1));
  assertEquals(await test.poll("bbc", item(1), item(2), item(3)), ["article: Story number 2"]);
  assertEquals(await test.poll("bbc", item(4)), ["article: Story number 4"]);
  assertEquals(await test.poll("bbc", item(1), item(2), item(3), item(4)), []);
});

Deno.test("ingest() deduplicates by guid after a changed link, and by link after a changed guid", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  assertEquals(await test.poll("bbc", item(1, { url: "https://news.example/new" })), []);
  assertEquals(await test.poll("bbc", item(1, { guid: "https://news.example/1#2" })), []);
  assertEquals(
    await test.poll("bbc", item(1, { guid: null, url: "http://www.news.example/1/" })),
    [],
  );
});

Deno.test("ingest() deduplicates items without guid and link by title", async () => {
  const test = createTestIngest();
  const page = { guid: null, url: "https://news.example/", hasOwnLink: false };
  assertEquals((await test.poll("bbc", item(1, page), item(2, page))).length, 2);
  assertEquals(await test.poll("bbc", item(2, page), item(1, page)), []);
});

Deno.test("ingest() keeps the first of two items of a document that are one article", async () => {
  const test = createTestIngest();
  const repeatedItem = item(1, { title: "Another title" });
  assertEquals(await test.poll("bbc", item(1), repeatedItem), ["article: Story number 1"]);
  assertEquals(await test.poll("bbc", item(1), repeatedItem), []);
});

Deno.test("ingest() publishes a changed title or summary once, as an update", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.clock.advance(60_000);
  for (const change of [{ title: "Corrected" }, { title: "Corrected", summary: "More" }]) {
    assertEquals(await test.poll("bbc", item(1, change)), ["article.updated: Corrected"]);
    assertEquals(await test.poll("bbc", item(1, change)), []);
  }
  const [article, ...others] = test.articles();
  assertEquals(others, []);
  assertEquals([article?.summary, article?.updated_at], ["More", "2026-10-05T15:01:00.000Z"]);
  assertEquals(article?.first_seen_at, "2026-10-05T15:00:00.000Z");
});

Deno.test("ingest() merges two sources of one link, and tags the events with both", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const otherSourceItem = item(1, { guid: "other", title: "Another headline" });
  assertEquals(await test.poll("cnbc", otherSourceItem), ["article.updated: Story number 1"]);
  assertEquals(test.published[0]?.tags.slice(0, 2), ["bbc", "cnbc"]);
  const [article] = test.articles();
  assertEquals(article?.sources.map(({ source }) => source), ["bbc", "cnbc"]);
  assertEquals(await test.poll("cnbc", otherSourceItem), []);
});

Deno.test(`ingest() gives an article at most ${MAX_ARTICLE_SOURCES} sources`, async () => {
  const test = createTestIngest();
  for (let n = 0; n <= MAX_ARTICLE_SOURCES; n++) {
    await test.poll(`source-${n}`, item(1, { guid: null }));
  }
  assertEquals(test.articles().map(({ sources }) => sources.length), [MAX_ARTICLE_SOURCES]);
});

Deno.test("ingest() lets only the first source update an article, so that two headlines do not alternate", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.poll("cnbc", item(1, { guid: "other" }));
  assertEquals(await test.poll("cnbc", item(1, { guid: "other", title: "Another" })), []);
  assertEquals(await test.poll("bbc", item(1)), []);
});

Deno.test("ingest() merges two sources of one distinctive title in any spelling", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: DISTINCTIVE }));
  const otherSourceItem = item(2, { title: `${DISTINCTIVE.toUpperCase()}!` });
  assertEquals(await test.poll("cnbc", otherSourceItem), [`article.updated: ${DISTINCTIVE}`]);
  const [article] = test.articles();
  assertEquals(article?.sources.map(({ url }) => url), [
    "https://news.example/1",
    "https://news.example/2",
  ]);
  assertEquals(await test.poll("cnbc", otherSourceItem), []);
});

Deno.test("ingest() keeps stories apart: one source twice, a common title, another week", async () => {
  const weekMs = 7 * DAY_MS;
  const pairs = [
    ["bbc", DISTINCTIVE, NOW],
    ["cnbc", "Employment situation", NOW],
    ["cnbc", DISTINCTIVE, NOW - weekMs],
  ] as const;
  for (const [source, title, publishedAt] of pairs) {
    const test = createTestIngest();
    await test.poll("bbc", item(1, { title }));
    assertEquals(await test.poll(source, item(2, { title, publishedAt })), [`article: ${title}`]);
  }
});

Deno.test("ingest() continues where another isolate stopped", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1), item(2));
  test.restart();
  assertEquals(await test.poll("bbc", item(3), item(1), item(2, { title: "Corrected" })), [
    "article.updated: Corrected",
    "article: Story number 3",
  ]);
});

Deno.test("ingest() does not publish again an article that left the log while the feed still shows it", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.poll("bbc", item(2));
  test.log.retained.length = 0;
  test.restart();
  assertEquals(await test.poll("bbc", item(1, { title: "Changed" }), item(2)), []);
});

Deno.test("ingest() keeps a correction when the item was not seen before", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  assert(article);
  await test.ingest().correct(article.id, { title: "By the editor" });
  test.forgetSeenItems();
  assertEquals(await test.poll("bbc", item(1)), []);
  assertEquals(await test.poll("bbc", item(1, { title: "By the source" })), [
    "article.updated: By the source",
  ]);
});

Deno.test("ingest() publishes again after a failed publication, and the failure blocks no later call", async () => {
  const test = createTestIngest();
  test.state.isBroken = true;
  await assertRejects(() => test.poll("bbc", item(1)), Error, "the store is unavailable");
  test.state.isBroken = false;
  assertEquals(await test.poll("bbc", item(1)), ["article: Story number 1"]);
});

Deno.test("ingest() computes ids that two isolates agree on, fit for a URL", async () => {
  const [isolateA, isolateB] = [createTestIngest(), createTestIngest()];
  await isolateA.poll("bbc", item(1));
  await isolateB.poll("cnbc", item(1, { guid: "other", url: "http://news.example/1?" }));
  const [id] = isolateA.articles().map(({ id }) => id);
  assertEquals(isolateB.articles().map(({ id: otherId }) => otherId), [id]);
  assert(/^[\w-]{16}$/.test(id ?? ""), id);
});

Deno.test("retract() retracts an article, and no feed publishes it again under any of its keys", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: DISTINCTIVE }));
  await test.poll("cnbc", item(1, { guid: "other" }));
  const [article] = test.articles();
  assert(article);
  assert(await test.ingest().retract(article.id));
  const { type, data, tags, key } = test.published.at(-1) ?? {};
  assertEquals([type, data], ["article.retracted", { id: article.id }]);
  assertEquals([tags?.slice(0, 2), key], [["bbc", "cnbc"], article.id]);
  assertEquals(test.articles(), []);

  const spellings = [
    item(1, { title: DISTINCTIVE }), // as it was
    item(1, { title: "Changed words", url: "https://news.example/moved" }), // by its guid
    item(1, { title: "Changed words", guid: "new" }), // by its link
    item(9, { title: DISTINCTIVE }), // by its title
  ];
  for (const isAnotherIsolate of [false, true]) {
    if (isAnotherIsolate) test.restart();
    for (const spelling of spellings) {
      assertEquals(await test.poll("bbc", spelling), [], spelling.url);
      if (spelling.guid === "guid-1") continue; // another feed's guid says nothing
      assertEquals(await test.poll("guardian", spelling), [], spelling.url);
    }
  }
});

Deno.test("retract() holds as long as a feed still shows the article", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  await test.ingest().retract(article?.id ?? "");
  await test.clock.advance(RETAIN_MS * 2);
  test.log.retained.length = 0;
  test.restart();
  assertEquals(await test.poll("bbc", item(1)), []);
});

Deno.test("retract() renews its tombstone whenever a feed shows the article", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  await test.ingest().retract(article?.id ?? "");
  test.log.retained.length = 0;
  for (const source of ["cnbc", "guardian", "ft"]) {
    await test.clock.advance(RETAIN_MS - 1);
    test.restart();
    assertEquals(await test.poll(source, item(1)), []);
  }
});

Deno.test("retract() blocks its title for one tombstone lifetime only, however often others use it", async () => {
  const test = createTestIngest();
  const title = "Markets today: what you need to know before the bell";
  await test.poll("bbc", item(1, { title }));
  await test.ingest().retract(test.articles()[0]?.id ?? "");
  await test.clock.advance(RETAIN_MS / 2);
  assertEquals(await test.poll("bbc", item(2, { title })), []);
  await test.clock.advance(RETAIN_MS / 2 + 1);
  assertEquals(await test.poll("bbc", item(3, { title })), [`article: ${title}`]);
});

Deno.test("retract() of an article without its own link leaves the feed's page to others", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { url: "https://news.example/", hasOwnLink: false }));
  const [article] = test.articles();
  await test.ingest().retract(article?.id ?? "");
  const page = await test.ingest().submit({ ...SUBMISSION, url: "https://news.example/" });
  assertEquals(page.kind, "new");
});

Deno.test("retract() and correct() report an unknown or retracted id", async () => {
  const test = createTestIngest();
  const ingest = test.ingest();
  assertEquals(await ingest.retract("unknown"), false);
  assertEquals(await ingest.correct("unknown", { title: "x" }), null);
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  assertEquals(await ingest.retract(article?.id ?? ""), true);
  assertEquals(await ingest.retract(article?.id ?? ""), false);
  assertEquals(await ingest.correct(article?.id ?? "", { title: "x" }), null);
});

Deno.test("correct() holds until the source changes its own text", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  assert(article);
  const corrected = await test.ingest().correct(article.id, {
    title: "By <b>us</b>",
    symbols: ["WTI", "BRENT"],
  });
  assertEquals([corrected?.title, corrected?.summary], ["By us", article.summary]);
  assertEquals(corrected?.symbols, ["BRENT", "WTI"]);
  assertEquals(await test.poll("bbc", item(1)), []);
  assertEquals(await test.poll("bbc", item(1, { summary: "More" })), [
    "article.updated: Story number 1",
  ]);
});

Deno.test("correct() publishes nothing if nothing changes", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  const before = test.published.length;
  assertEquals(
    await test.ingest().correct(article?.id ?? "", { title: article?.title }),
    article,
  );
  assertEquals(test.published.length, before);
});

const SUBMISSION = {
  title: "Gold <b>slides</b>",
  url: "https://desk.example/1?utm_source=x",
  source: "Desk",
};

Deno.test("submit() publishes a new article as plain text, and returns it for a repeated one", async () => {
  const test = createTestIngest();
  const posted = await test.ingest().submit({
    ...SUBMISSION,
    published_at: "2026-10-05T16:30:00+02:00",
    symbols: ["XAU-USD"],
  });
  assert(posted.kind === "new");
  assertEquals(posted.article, {
    id: posted.article.id,
    story: posted.article.id,
    title: "Gold slides",
    summary: "",
    url: "https://desk.example/1",
    image: null,
    author: null,
    categories: [],
    language: null,
    sources: [{ source: "desk", name: "Desk", url: "https://desk.example/1" }],
    published_at: "2026-10-05T14:30:00.000Z",
    first_seen_at: "2026-10-05T15:00:00.000Z",
    updated_at: null,
    symbols: ["XAU-USD"],
    backfill: false,
    simulated: false,
  });
  const repeated = await test.ingest().submit({ ...SUBMISSION, title: "Other words" });
  assertEquals(repeated, { kind: "known", article: posted.article });
  assertEquals(test.published.length, 1);
});

Deno.test("submit() deduplicates by guid, also on another isolate", async () => {
  const test = createTestIngest();
  const first = await test.ingest().submit({ ...SUBMISSION, guid: "a-1" });
  test.restart();
  const moved = { ...SUBMISSION, guid: "a-1", url: "https://desk.example/moved" };
  const repeated = await test.ingest().submit(moved);
  assert(first.kind === "new" && repeated.kind === "known");
  assertEquals(repeated.article.id, first.article.id);
  // Another source may use the same guid for something else.
  const other = { ...moved, source: "other", url: "https://other.example/" };
  assertEquals((await test.ingest().submit(other)).kind, "new");
});

Deno.test("submit() adds a source to a feed's article, and never merges by title", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: DISTINCTIVE }));
  const known = await test.ingest().submit({ ...SUBMISSION, url: "https://news.example/1" });
  assert(known.kind === "known");
  assertEquals(known.article.sources.map(({ source }) => source), ["bbc", "desk"]);
  const titled = { ...SUBMISSION, title: DISTINCTIVE, source: "other" };
  assertEquals((await test.ingest().submit(titled)).kind, "new");
});

Deno.test("submit() refuses a retracted link or guid on every isolate", async () => {
  const test = createTestIngest();
  const posted = await test.ingest().submit({ ...SUBMISSION, guid: "a-1" });
  assert(posted.kind === "new");
  await test.ingest().retract(posted.article.id);
  for (const isAnotherIsolate of [false, true]) {
    if (isAnotherIsolate) {
      test.log.retained.length = 0;
      test.restart();
    }
    assertEquals(await test.ingest().submit(SUBMISSION), { kind: "retracted" });
    const moved = { ...SUBMISSION, guid: "a-1", url: "https://desk.example/moved" };
    assertEquals(await test.ingest().submit(moved), { kind: "retracted" });
  }
  const other = { ...SUBMISSION, url: "https://desk.example/2" };
  assertEquals((await test.ingest().submit(other)).kind, "new");
});

Deno.test("submit() finds an existing article even if another one with its link was retracted", async () => {
  const test = createTestIngest();
  const post = (n: number) =>
    test.ingest().submit({
      title: `Story ${n}`,
      url: `https://news.example/${n}`,
      source: "desk",
    });
  await post(1);
  await post(2);
  const [first] = test.articles();
  await test.ingest().correct(first?.id ?? "", { url: "https://news.example/2" });
  await test.ingest().retract(first?.id ?? "");
  assertEquals([(await post(1)).kind, (await post(2)).kind], ["retracted", "known"]);
});

Deno.test("submit() makes one article of two simultaneous submissions of one link", async () => {
  const test = createTestIngest();
  const results = await Promise.all([
    test.ingest().submit(SUBMISSION),
    test.ingest().submit(SUBMISSION),
  ]);
  assertEquals(results.map(({ kind }) => kind), ["new", "known"]);
  assertEquals(test.published.length, 1);
});
