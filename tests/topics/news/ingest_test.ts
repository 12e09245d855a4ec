import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTestIngest, item, NOW, RETAIN_MS } from "./support.ts";

const TELLING = "Central bank holds its rates for a third month";

Deno.test("newsroom.takeIn() publishes what is new, the feed's last item first, and each article once", async () => {
  const test = createTestIngest();
  assertEquals(await test.poll("bbc", item(2), item(1)), [
    "article: Story number 1",
    "article: Story number 2",
  ]);
  assertEquals(await test.poll("bbc", item(2), item(1)), []);
});

Deno.test("newsroom.takeIn() tells when it saw an article apart from when it was published", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { publishedAt: null }), item(2));
  const [second, first] = test.articles();
  assertEquals([first?.published_at, first?.first_seen_at], [null, "2026-10-05T15:00:00.000Z"]);
  assertEquals(second?.published_at, "2026-10-05T14:59:00.000Z");
  assertEquals(second?.updated_at, null);
});

Deno.test("newsroom.takeIn() neither loses nor repeats what is inserted, reordered, dropped and shown again", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(3), item(1));
  assertEquals(await test.poll("bbc", item(1), item(2), item(3)), ["article: Story number 2"]);
  assertEquals(await test.poll("bbc", item(4)), ["article: Story number 4"]);
  assertEquals(await test.poll("bbc", item(1), item(2), item(3), item(4)), []);
});

Deno.test("newsroom.takeIn() knows an article by its guid where its link has changed, and by its link where its guid has", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  assertEquals(await test.poll("bbc", item(1, { url: "https://news.example/new" })), []);
  assertEquals(await test.poll("bbc", item(1, { guid: "https://news.example/1#2" })), []);
  assertEquals(
    await test.poll("bbc", item(1, { guid: null, url: "http://www.news.example/1/" })),
    [],
  );
});

Deno.test("newsroom.takeIn() knows what has neither guid nor link by its words", async () => {
  const test = createTestIngest();
  const page = { guid: null, url: "https://news.example/", hasOwnLink: false };
  assertEquals((await test.poll("bbc", item(1, page), item(2, page))).length, 2);
  assertEquals(await test.poll("bbc", item(2, page), item(1, page)), []);
});

Deno.test("newsroom.takeIn() takes the first of two items of a document that are one article", async () => {
  const test = createTestIngest();
  const twin = item(1, { title: "Its twin" });
  assertEquals(await test.poll("bbc", item(1), twin), ["article: Story number 1"]);
  assertEquals(await test.poll("bbc", item(1), twin), []);
});

Deno.test("newsroom.takeIn() publishes changed words as an update, once", async () => {
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

Deno.test("newsroom.takeIn() makes one article with two sources of one link, and tags its events with both", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const elsewhere = item(1, { guid: "other", title: "Another headline" });
  assertEquals(await test.poll("cnbc", elsewhere), ["article.updated: Story number 1"]);
  assertEquals(test.published[0]?.tags, ["bbc", "cnbc"]);
  const [article] = test.articles();
  assertEquals(article?.sources.map(({ source }) => source), ["bbc", "cnbc"]);
  assertEquals(await test.poll("cnbc", elsewhere), []);
});

Deno.test("newsroom.takeIn() gives an article no more than 20 sources", async () => {
  const test = createTestIngest();
  for (let n = 0; n < 21; n++) await test.poll(`source-${n}`, item(1, { guid: null }));
  assertEquals(test.articles().map(({ sources }) => sources.length), [20]);
});

Deno.test("newsroom.takeIn() lets the first source alone change the words: two headlines take no turns", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.poll("cnbc", item(1, { guid: "other" }));
  assertEquals(await test.poll("cnbc", item(1, { guid: "other", title: "Another" })), []);
  assertEquals(await test.poll("bbc", item(1)), []);
});

Deno.test("newsroom.takeIn() makes one article of one telling title in two sources, however it is written", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: TELLING }));
  const elsewhere = item(2, { title: `${TELLING.toUpperCase()}!` });
  assertEquals(await test.poll("cnbc", elsewhere), [`article.updated: ${TELLING}`]);
  const [article] = test.articles();
  assertEquals(article?.sources.map(({ url }) => url), [
    "https://news.example/1",
    "https://news.example/2",
  ]);
  assertEquals(await test.poll("cnbc", elsewhere), []);
});

Deno.test("newsroom.takeIn() keeps stories apart: one source twice, a common title, another week", async () => {
  const week = 7 * 86_400_000;
  const pairs = [
    ["bbc", TELLING, NOW],
    ["cnbc", "Employment situation", NOW],
    ["cnbc", TELLING, NOW - week],
  ] as const;
  for (const [source, title, publishedAt] of pairs) {
    const test = createTestIngest();
    await test.poll("bbc", item(1, { title }));
    assertEquals(await test.poll(source, item(2, { title, publishedAt })), [`article: ${title}`]);
  }
});

Deno.test("newsroom.takeIn() goes on where another isolate left off", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1), item(2));
  test.restart();
  assertEquals(await test.poll("bbc", item(3), item(1), item(2, { title: "Corrected" })), [
    "article.updated: Corrected",
    "article: Story number 3",
  ]);
});

Deno.test("newsroom.takeIn() does not bring back what has lapsed in the log and is still shown", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  await test.poll("bbc", item(2));
  test.log.kept.length = 0;
  test.restart();
  assertEquals(await test.poll("bbc", item(1, { title: "Changed" }), item(2)), []);
});

Deno.test("newsroom.takeIn() leaves corrected words alone where it does not know whose they are", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  assert(article);
  await test.newsroom().correct(article.id, { title: "By the editor" });
  test.forgetTraces();
  assertEquals(await test.poll("bbc", item(1)), []);
  assertEquals(await test.poll("bbc", item(1, { title: "By the source" })), [
    "article.updated: By the source",
  ]);
});

Deno.test("newsroom.takeIn() publishes anew what could not be published, and other turns go on", async () => {
  const test = createTestIngest();
  test.state.isBroken = true;
  await assertRejects(() => test.poll("bbc", item(1)), Error, "the store is away");
  test.state.isBroken = false;
  assertEquals(await test.poll("bbc", item(1)), ["article: Story number 1"]);
});

Deno.test("newsroom.takeIn() gives ids that two isolates agree on, fit for a URL", async () => {
  const [one, two] = [createTestIngest(), createTestIngest()];
  await one.poll("bbc", item(1));
  await two.poll("cnbc", item(1, { guid: "other", url: "http://news.example/1?" }));
  const [id] = one.articles().map(({ id }) => id);
  assertEquals(two.articles().map((each) => each.id), [id]);
  assert(/^[\w-]{16}$/.test(id ?? ""), id);
});

Deno.test("newsroom.retract() takes an article back, and no feed brings it back in any guise", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: TELLING }));
  await test.poll("cnbc", item(1, { guid: "other" }));
  const [article] = test.articles();
  assert(article);
  assert(await test.newsroom().retract(article.id));
  const { type, data, tags, key } = test.published.at(-1) ?? {};
  assertEquals([type, data], ["article.retracted", { id: article.id }]);
  assertEquals([tags, key], [["bbc", "cnbc"], article.id]);
  assertEquals(test.articles(), []);

  const guises = [
    item(1, { title: TELLING }), // as it was
    item(1, { title: "Changed words", url: "https://news.example/moved" }), // by its guid
    item(1, { title: "Changed words", guid: "new" }), // by its link
    item(9, { title: TELLING }), // by its title
  ];
  for (const isAnotherIsolate of [false, true]) {
    if (isAnotherIsolate) test.restart();
    for (const guise of guises) {
      assertEquals(await test.poll("bbc", guise), [], guise.url);
      if (guise.guid === "guid-1") continue; // another feed's guid says nothing
      assertEquals(await test.poll("guardian", guise), [], guise.url);
    }
  }
});

Deno.test("newsroom.retract() is remembered for as long as a feed still shows the article", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  await test.newsroom().retract(article?.id ?? "");
  await test.clock.advance(RETAIN_MS * 2);
  test.log.kept.length = 0;
  test.restart();
  assertEquals(await test.poll("bbc", item(1)), []);
});

Deno.test("newsroom.retract() is remembered anew whenever a feed shows the article", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  await test.newsroom().retract(article?.id ?? "");
  test.log.kept.length = 0;
  for (const source of ["cnbc", "guardian", "ft"]) {
    await test.clock.advance(RETAIN_MS - 1);
    test.restart();
    assertEquals(await test.poll(source, item(1)), []);
  }
});

Deno.test("newsroom.retract() keeps a title from other stories for a time only, however often they use it", async () => {
  const test = createTestIngest();
  const title = "Markets today: what you need to know before the bell";
  await test.poll("bbc", item(1, { title }));
  await test.newsroom().retract(test.articles()[0]?.id ?? "");
  await test.clock.advance(RETAIN_MS / 2);
  assertEquals(await test.poll("bbc", item(2, { title })), []);
  await test.clock.advance(RETAIN_MS / 2);
  assertEquals(await test.poll("bbc", item(3, { title })), [`article: ${title}`]);
});

Deno.test("newsroom.retract() of what had no link of its own leaves the feed's page to others", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { url: "https://news.example/", hasOwnLink: false }));
  const [article] = test.articles();
  await test.newsroom().retract(article?.id ?? "");
  const page = await test.newsroom().submit({ ...POST, url: "https://news.example/" });
  assertEquals(page.kind, "new");
});

Deno.test("newsroom.retract() and newsroom.correct() find nothing where nothing is, or is no more", async () => {
  const test = createTestIngest();
  const newsroom = test.newsroom();
  assertEquals(await newsroom.retract("unknown"), false);
  assertEquals(await newsroom.correct("unknown", { title: "x" }), null);
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  assertEquals(await newsroom.retract(article?.id ?? ""), true);
  assertEquals(await newsroom.retract(article?.id ?? ""), false);
  assertEquals(await newsroom.correct(article?.id ?? "", { title: "x" }), null);
});

Deno.test("newsroom.correct() stands until the source has something new to say", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  assert(article);
  const corrected = await test.newsroom().correct(article.id, {
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

Deno.test("newsroom.correct() publishes nothing where nothing changes", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1));
  const [article] = test.articles();
  const before = test.published.length;
  assertEquals(
    await test.newsroom().correct(article?.id ?? "", { title: article?.title }),
    article,
  );
  assertEquals(test.published.length, before);
});

const POST = {
  title: "Gold <b>slides</b>",
  url: "https://desk.example/1?utm_source=x",
  source: "Desk",
};

Deno.test("newsroom.post() publishes a new article, cleaned, and answers the same one with it", async () => {
  const test = createTestIngest();
  const posted = await test.newsroom().submit({
    ...POST,
    published_at: "2026-10-05T16:30:00+02:00",
    symbols: ["XAU-USD"],
  });
  assert(posted.kind === "new");
  assertEquals(posted.article, {
    id: posted.article.id,
    title: "Gold slides",
    summary: "",
    url: "https://desk.example/1",
    sources: [{ source: "desk", name: "Desk", url: "https://desk.example/1" }],
    published_at: "2026-10-05T14:30:00.000Z",
    first_seen_at: "2026-10-05T15:00:00.000Z",
    updated_at: null,
    symbols: ["XAU-USD"],
    simulated: false,
  });
  const again = await test.newsroom().submit({ ...POST, title: "Other words" });
  assertEquals(again, { kind: "known", article: posted.article });
  assertEquals(test.published.length, 1);
});

Deno.test("newsroom.post() knows an article by its guid, also on another isolate", async () => {
  const test = createTestIngest();
  const first = await test.newsroom().submit({ ...POST, guid: "a-1" });
  test.restart();
  const moved = { ...POST, guid: "a-1", url: "https://desk.example/moved" };
  const again = await test.newsroom().submit(moved);
  assert(first.kind === "new" && again.kind === "known");
  assertEquals(again.article.id, first.article.id);
  // Another source may use the same guid for something else.
  const other = { ...moved, source: "other", url: "https://other.example/" };
  assertEquals((await test.newsroom().submit(other)).kind, "new");
});

Deno.test("newsroom.post() adds a source to what a feed has told, and never merges by title", async () => {
  const test = createTestIngest();
  await test.poll("bbc", item(1, { title: TELLING }));
  const known = await test.newsroom().submit({ ...POST, url: "https://news.example/1" });
  assert(known.kind === "known");
  assertEquals(known.article.sources.map(({ source }) => source), ["bbc", "desk"]);
  const titled = { ...POST, title: TELLING, source: "other" };
  assertEquals((await test.newsroom().submit(titled)).kind, "new");
});

Deno.test("newsroom.post() refuses a link or guid that was taken back, on every isolate", async () => {
  const test = createTestIngest();
  const posted = await test.newsroom().submit({ ...POST, guid: "a-1" });
  assert(posted.kind === "new");
  await test.newsroom().retract(posted.article.id);
  for (const isAnotherIsolate of [false, true]) {
    if (isAnotherIsolate) {
      test.log.kept.length = 0;
      test.restart();
    }
    assertEquals(await test.newsroom().submit(POST), { kind: "retracted" });
    const moved = { ...POST, guid: "a-1", url: "https://desk.example/moved" };
    assertEquals(await test.newsroom().submit(moved), { kind: "retracted" });
  }
  const other = { ...POST, url: "https://desk.example/2" };
  assertEquals((await test.newsroom().submit(other)).kind, "new");
});

Deno.test("newsroom.post() knows what is there, also where an article of the same link was taken back", async () => {
  const test = createTestIngest();
  const post = (n: number) =>
    test.newsroom().submit({
      title: `Story ${n}`,
      url: `https://news.example/${n}`,
      source: "desk",
    });
  await post(1);
  await post(2);
  const [first] = test.articles();
  await test.newsroom().correct(first?.id ?? "", { url: "https://news.example/2" });
  await test.newsroom().retract(first?.id ?? "");
  assertEquals([(await post(1)).kind, (await post(2)).kind], ["retracted", "known"]);
});

Deno.test("newsroom.post() of one link, sent twice at a time, is one article", async () => {
  const test = createTestIngest();
  const answers = await Promise.all([test.newsroom().submit(POST), test.newsroom().submit(POST)]);
  assertEquals(answers.map(({ kind }) => kind), ["new", "known"]);
  assertEquals(test.published.length, 1);
});
