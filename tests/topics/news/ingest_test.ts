import { assert, assertEquals, assertRejects } from "@std/assert";
import { DAY_MS, HOUR_MS } from "../../../lib/core/time.ts";
import { MAX_ARTICLE_SOURCES } from "../../../lib/topics/news/article.ts";
import { ALL_NEWS, newsTopicFilter } from "../../../lib/topics/news/news_filter.ts";
import { MAX_EDITIONS } from "../../../lib/topics/news/seen_items.ts";
import { createTestIngest, item, MAX_PER_SOURCE, NOW, RETAIN_MS } from "./support.ts";

const DISTINCTIVE = "Central bank holds its rates for a third month";

Deno.test("ingest() publishes new items once, the oldest first", async () => {
  const test = createTestIngest();
  const [older, newer] = [item(1, { publishedAt: NOW - 120_000 }), item(2)];
  for (const document of [[newer, older], [older, newer]]) {
    const fresh = createTestIngest();
    assertEquals(await fresh.poll("bbc", ...document), [
      "article: Story number 1",
      "article: Story number 2",
    ]);
  }
  await test.poll("bbc", newer, older);
  assertEquals(await test.poll("bbc", newer, older), []);
});

Deno.test("ingest() sets first_seen_at apart from published_at", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { publishedAt: null }), item(2));
  const articles = await test.articles();
  const [first, second] = ["Story number 1", "Story number 2"].map((title) =>
    articles.find((article) => article.title === title)
  );
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

Deno.test("ingest() keeps every new item of a later document, wherever it stands in a long one", async () => {
  const test = createTestIngest();
  const document = (count: number) =>
    Array.from({ length: count }, (_, n) => item(n, { publishedAt: NOW - DAY_MS + n * 1000 }));
  assertEquals((await test.poll("bbc", ...document(60))).length, MAX_PER_SOURCE);
  assertEquals(await test.poll("bbc", ...document(65)), [
    ...[60, 61, 62, 63, 64].map((n) => `article: Story number ${n}`),
  ]);
  const burst = await test.poll("bbc", ...document(185));
  assertEquals([burst.length, burst[0], burst.at(-1)], [
    120,
    "article: Story number 65",
    "article: Story number 184",
  ]);
  assertEquals(await test.poll("bbc", ...document(185)), []);
});

Deno.test("ingest() takes the newest items of a first document, and counts the others as cut", async () => {
  for (const isNewestFirst of [true, false]) {
    const test = createTestIngest();
    const items = Array.from({ length: 60 }, (_, n) => item(n, { publishedAt: NOW - n * 1000 }));
    const document = isNewestFirst ? items : items.toReversed();
    const feed = { source: "bbc", sourceName: "BBC", symbols: [], isSimulated: false };
    await test.poll("cnbc", item("other")); // makes this isolate the leader
    const { seenItems, published, cut } = await test.ingest().ingest(feed, document, []);
    assertEquals([published, cut, seenItems.length], [50, 10, 60]);
    const again = await test.ingest().ingest(feed, document, seenItems);
    assertEquals([again.published, again.cut], [0, 10]);
    const titles = (await test.articles()).map(({ title }) => title);
    assertEquals([titles.includes("Story number 49"), titles.includes("Story number 50")], [
      true,
      false,
    ]);
  }
});

Deno.test("ingest() marks the old items of a feed's first document, which only lists have", async () => {
  const test = createTestIngest();
  const old = item(1, { publishedAt: NOW - 2 * HOUR_MS });
  await test.poll("bbc", item(2), old);
  await test.poll("bbc", item(3, { publishedAt: NOW - 3 * HOUR_MS }), item(2), old);
  const articles = await test.articles();
  assertEquals(articles.map(({ title, backfill }) => [title, backfill]), [
    ["Story number 2", false],
    ["Story number 1", true],
    ["Story number 3", false],
  ]);
  const { matches } = newsTopicFilter(ALL_NEWS).condition ?? {};
  assertEquals(test.published.map(({ tags = [] }) => matches?.(tags)), [false, true, true]);
  await test.poll("bbc", { ...old, title: "Story number 1, corrected" });
  assertEquals(matches?.(test.published.at(-1)?.tags ?? []), true);
});

Deno.test("ingest() ranks undated items between their neighbours", async () => {
  const test = createTestIngest();
  await test.poll(
    "bbc",
    item(3, { publishedAt: NOW - 1000 }),
    item(2, { publishedAt: null, rankAt: NOW - DAY_MS }),
    item(1, { publishedAt: NOW - 2 * DAY_MS }),
  );
  await test.poll("bbc", item(2, { publishedAt: null, rankAt: NOW - DAY_MS, summary: "More" }));
  const titles = (await test.articles()).map(({ title }) => title);
  assertEquals(titles, ["Story number 3", "Story number 2", "Story number 1"]);
});

Deno.test("ingest() publishes a changed title or summary once, as an update", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.clock.advance(60_000);
  for (const change of [{ title: "Corrected" }, { title: "Corrected", summary: "More" }]) {
    assertEquals(await test.poll("bbc", item(1, change)), ["article.updated: Corrected"]);
    assertEquals(await test.poll("bbc", item(1, change)), []);
  }
  const [article, ...others] = await test.articles();
  assertEquals(others, []);
  assertEquals([article?.summary, article?.updated_at], ["More", "2026-10-05T15:01:00.000Z"]);
  assertEquals(article?.first_seen_at, "2026-10-05T15:00:00.000Z");
});

Deno.test("ingest() merges two sources of one link, and tags the events with both", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const otherSourceItem = item(1, { guid: "other", title: "Another headline" });
  assertEquals(await test.poll("cnbc", otherSourceItem), ["article.updated: Story number 1"]);
  assertEquals(test.published.at(-1)?.tags?.slice(0, 2), ["bbc", "cnbc"]);
  const [article] = await test.articles();
  assertEquals(article?.sources.map(({ source }) => source), ["bbc", "cnbc"]);
  assertEquals(await test.poll("cnbc", otherSourceItem), []);
});

Deno.test(`ingest() gives an article at most ${MAX_ARTICLE_SOURCES} sources`, async () => {
  const test = createTestIngest();
  for (let n = 0; n <= MAX_ARTICLE_SOURCES; n++) {
    await test.poll(`source-${n}`, item(1, { guid: null }));
  }
  assertEquals((await test.articles()).map(({ sources }) => sources.length), [MAX_ARTICLE_SOURCES]);
});

Deno.test("ingest() lets only the first source update an article, so that two headlines do not alternate", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.poll("cnbc", item(1, { guid: "other" }));
  assertEquals(await test.poll("cnbc", item(1, { guid: "other", title: "Another" })), []);
  assertEquals(await test.poll("bbc", item(1)), []);
});

Deno.test("ingest() gives two sources of one distinctive title one story, each with its own article", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: DISTINCTIVE }));
  const otherSourceItem = item(2, { title: `${DISTINCTIVE.toUpperCase()}!` });
  assertEquals(await test.poll("cnbc", otherSourceItem), [`article: ${otherSourceItem.title}`]);
  const articles = await test.articles();
  assertEquals(articles.map(({ sources }) => sources.length), [1, 1]);
  assertEquals(new Set(articles.map(({ story }) => story)).size, 1);
  assert(articles.some(({ id, story }) => id === story));
  assertEquals(await test.poll("cnbc", otherSourceItem), []);
});

Deno.test("ingest() keeps stories apart: one source twice, a common title, another week, companies under one headline", async () => {
  const call = "Third Quarter 2026 Earnings Conference Call Announcement";
  const pairs = [
    ["bbc", DISTINCTIVE, NOW, "What happened in story 2."],
    ["cnbc", "Employment situation", NOW, "What happened in story 2."],
    ["cnbc", DISTINCTIVE, NOW - 7 * DAY_MS, "What happened in story 2."],
    ["cnbc", call, NOW, "Globex invites you on Tuesday."],
  ] as const;
  for (const [source, title, publishedAt, summary] of pairs) {
    const test = createTestIngest();
    await test.poll("bbc", item(1, { title, summary: "Acme will host its webcast." }));
    const other = item(2, { title, publishedAt, summary });
    assertEquals(await test.poll(source, other), [`article: ${title}`]);
    const stories = (await test.articles()).map(({ story }) => story);
    assertEquals(new Set(stories).size, 2);
  }
});

Deno.test("ingest() continues where another isolate stopped", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1), item(2));
  test.restart();
  const events = await test.poll("bbc", item(3), item(1), item(2, { title: "Corrected" }));
  assertEquals(events.toSorted(), ["article.updated: Corrected", "article: Story number 3"]);
});

Deno.test("ingest() publishes no article again while the feed still shows it, however long nobody has polled", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.poll("bbc", item(2));
  await test.clock.advance(100 * DAY_MS);
  test.restart();
  assertEquals(await test.poll("bbc", item(1), item(2)), []);
  const [article] = await test.articles();
  assertEquals(article?.first_seen_at, "2026-10-05T15:00:00.000Z");
});

Deno.test("ingest() publishes a tested headline at most once, and a headline with a clock in it a few times", async () => {
  const test = createTestIngest();
  const variant = (title: string) => test.poll("bbc", item(1, { title }));
  await variant("Fed cuts rates");
  assertEquals((await variant("Powell blinks")).length, 1);
  for (let n = 0; n < 6; n++) {
    const title = n % 2 === 0 ? "Fed cuts rates" : "Powell blinks";
    assertEquals(await variant(title), []);
  }
  let corrections = 0;
  for (let n = 0; n < 40; n++) corrections += (await variant(`Gold at ${4000 + n}`)).length;
  assert(corrections < MAX_EDITIONS, `${corrections}`);
});

Deno.test("ingest() reads the store only if a document shows something new", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  test.state.isBroken = true;
  assertEquals(await test.poll("bbc", item(1)), []);
});

Deno.test("ingest() keeps a correction when the item was not seen before", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = await test.articles();
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
  const [id] = (await isolateA.articles()).map(({ id }) => id);
  assertEquals((await isolateB.articles()).map(({ id: otherId }) => otherId), [id]);
  assert(/^[\w-]{16}$/.test(id ?? ""), id);
});

Deno.test("retract() retracts an article, and no feed publishes it again under any of its keys", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: DISTINCTIVE }));
  await test.poll("cnbc", item(1, { guid: "other" }));
  const [article] = await test.articles();
  assert(article);
  assert(await test.ingest().retract(article.id));
  const { type, data, tags, key } = test.published.at(-1) ?? {};
  assertEquals([type, data], ["article.retracted", { id: article.id }]);
  assertEquals([tags?.slice(0, 2), key], [["bbc", "cnbc"], article.id]);
  assertEquals(await test.articles(), []);

  const original = item(1, { title: DISTINCTIVE });
  const spellings = [
    ["bbc", item(1, { title: "Changed words" })], // by its guid and link
    ["bbc", { ...original, url: "https://news.example/moved" }], // by its guid
    ["guardian", item(1, { title: "Changed words", guid: "new" })], // by its link
  ] as const;
  for (const isAnotherIsolate of [false, true]) {
    if (isAnotherIsolate) test.restart();
    for (const [source, spelling] of spellings) {
      assertEquals(await test.poll("bbc", original), []);
      assertEquals(await test.poll(source, spelling), [], spelling.url);
    }
  }
});

Deno.test("retract() silences neither another source nor another story under its title", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: DISTINCTIVE }));
  const [article] = await test.articles();
  await test.ingest().retract(article?.id ?? "");
  assertEquals(await test.poll("cnbc", item(9, { title: DISTINCTIVE })), [
    `article: ${DISTINCTIVE}`,
  ]);
});

Deno.test("retract() holds as long as a feed still shows the article", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = await test.articles();
  await test.ingest().retract(article?.id ?? "");
  await test.clock.advance(RETAIN_MS * 20);
  test.restart();
  for (const source of ["bbc", "cnbc"]) assertEquals(await test.poll(source, item(1)), []);
});

Deno.test("retract() of an article without its own link leaves the feed's page to others", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { url: "https://news.example/", hasOwnLink: false }));
  const [article] = await test.articles();
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
  const [article] = await test.articles();
  assertEquals(await ingest.retract(article?.id ?? ""), true);
  assertEquals(await ingest.retract(article?.id ?? ""), false);
  assertEquals(await ingest.correct(article?.id ?? "", { title: "x" }), null);
});

Deno.test("correct() holds until the source changes its own text", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = await test.articles();
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
  const [article] = await test.articles();
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
      await test.clock.advance(2 * RETAIN_MS);
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
  const first = (await test.articles()).find(({ title }) => title === "Story 1");
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

Deno.test("submit() waits for no feed, and the feed's article is published after it", async () => {
  const test = createTestIngest();
  const slow = Promise.withResolvers<void>();
  test.state.feedPublication = slow.promise;
  const poll = test.poll("bbc", item(1));
  const posted = await test.ingest().submit(SUBMISSION);
  assertEquals(posted.kind, "new");
  slow.resolve();
  await poll;
  assertEquals(test.published.map(({ tags = [] }) => tags[0]), ["desk", "bbc"]);
});

Deno.test("ingest() gives an article the symbols of its text beside those of its feed, and keeps them when it changes", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: "Gold slips" }));
  assertEquals((await test.articles())[0]?.symbols, ["XAU-USD"]);
  await test.poll("bbc", item(1, { title: "Bullion slips" }));
  assertEquals((await test.articles())[0]?.symbols, ["XAU-USD"]);
  const feed = { source: "cnbc", sourceName: "CNBC", symbols: ["XAG-USD"], isSimulated: false };
  await test.ingest().ingest(feed, [item(2, { title: "Gold and silver" })], []);
  const both = (await test.articles()).find(({ title }) => title === "Gold and silver");
  assertEquals(both?.symbols, ["XAG-USD", "XAU-USD"]);
  const posted = await test.ingest().submit({ ...SUBMISSION, title: "Gold", symbols: [] });
  assertEquals(posted.kind === "new" && posted.article.symbols, []);
});
