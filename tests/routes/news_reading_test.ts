/** Reading news: lists, polls after a cursor, streams. */
import { assert, assertEquals } from "@std/assert";
import { createSeeded } from "../support/seeded.ts";
import { rss } from "../topics/news/support.ts";
import { articleEvents, createNewsUnderTest, NEWS_BODY, rejectFetch } from "./news_support.ts";
import { refusalOf } from "./support.ts";

const titles = (articles: readonly { readonly title: string }[]) =>
  articles.map(({ title }) => title);

Deno.test("GET /v1/news returns the newest articles first, filtered by source, up to the limit", async () => {
  await using test = createNewsUnderTest();
  const sources = ["desk", "lab", "desk"];
  for (const [n, source] of sources.entries()) await test.post(n + 1, { source });
  assertEquals(titles((await test.list()).articles), ["Story 3", "Story 2", "Story 1"]);
  assertEquals(titles((await test.list("?limit=1")).articles), ["Story 3"]);
  assertEquals(titles((await test.list("?source=LAB,nobody")).articles), ["Story 2"]);
  assertEquals((await test.list("?source=wire,lab")).feeds.map(({ source }) => source), ["wire"]);
  const tooMany = Array.from({ length: 21 }, (_, n) => `s${n}`).join();
  for (
    const [query, refusal] of [
      ["limit=0", "bad_parameters"],
      ["limit=201", "bad_parameters"],
      ["limit=x", "bad_parameters"],
      ["source=a%20b", "bad_source"],
      [`source=${tooMany}`, "too_many_sources"],
    ] as const
  ) {
    assertEquals(await refusalOf(await test.send(`/v1/news?${query}`)), [400, refusal], query);
  }
});

const GOLD = { title: "Gold's slide deepens", symbols: ["XAU-USD"] };

Deno.test("GET /v1/news filters by symbols and by words, in the list and after a cursor", async () => {
  await using test = createNewsUnderTest();
  const { cursor } = await test.list();
  await test.post(1, GOLD);
  await test.post(2, { title: "Zürich holds", summary: "Gold and bitcoin", symbols: ["BTC-USD"] });
  await test.post(3);
  const found: [string, string[]][] = [
    ["symbols=xau-usd", [GOLD.title]],
    ["symbols=XAU-USD,BTC-USD", [GOLD.title, "Zürich holds"]],
    ["q=zurich", ["Zürich holds"]],
    ["q=GOLD", [GOLD.title, "Zürich holds"]],
    ["q=deepens%20gold", [GOLD.title]],
    ["q=gold&symbols=BTC-USD&source=desk", ["Zürich holds"]],
    ["q=gold&source=lab", []],
    ["q=", [GOLD.title, "Zürich holds", "Story 3"]],
  ];
  for (const [query, expected] of found) {
    assertEquals(titles((await test.list(`?${query}`)).articles).toReversed(), expected, query);
    const { articles } = await test.list(`?${query}&after=${cursor}`);
    assertEquals(titles(articles), expected, query);
  }
  for (
    const [query, code] of [["symbols=XX", "unknown_symbol"], ["q=--", "bad_search"], [
      `q=${"a".repeat(201)}`,
      "bad_search",
    ]] as const
  ) {
    for (const path of ["/v1/news", "/v1/news/stream"]) {
      assertEquals(await refusalOf(await test.send(`${path}?${query}`)), [400, code], query);
    }
  }
});

Deno.test("streams filter news by symbols and words, and report what becomes of an article that passed", async () => {
  await using test = createNewsUnderTest();
  await using gold = await test.follow("/v1/news/stream?symbols=XAU-USD&q=slide");
  await using bitcoin = await test.follow("/v1/stream?topics=news&symbols=BTC-USD");
  const { id } = await test.post(1, GOLD);
  await test.post(2);
  await test.write("PATCH", `/v1/news/${id}`, { title: "Gold recovers", symbols: ["BTC-USD"] });
  await test.write("DELETE", `/v1/news/${id}`);
  await test.clock.advance(1000);
  const ends = ["article.updated Gold recovers", `article.retracted ${id}`];
  assertEquals(articleEvents(gold), [`article ${GOLD.title}`, ...ends]);
  assertEquals(articleEvents(bitcoin), ends);
});

Deno.test("GET /v1/news answers 304 until one of its articles changes", async () => {
  await using test = createNewsUnderTest();
  await test.post(1);
  const request = async (etag: string) => {
    const response = await test.send("/v1/news", { headers: { "if-none-match": etag } });
    await response.body?.cancel();
    return [response.status, response.headers.get("etag") ?? ""] as const;
  };
  const [, etag] = await request("");
  assertEquals(await request(etag), [304, etag]);
  await test.publish("alerts", { type: "note", data: 1 }); // moves only the cursor
  assertEquals(await request(etag), [304, etag]);
  await test.post(2);
  assertEquals((await request(etag))[0], 200);
});

Deno.test("GET /v1/news?after= returns new, changed and retracted articles, oldest first, in pages", async () => {
  await using test = createNewsUnderTest();
  const old = [await test.post(1), await test.post(2)];
  const { cursor } = await test.list();
  await test.post(3);
  await test.post(4);
  await test.write("PATCH", `/v1/news/${old[0]?.id}`, { title: "Story 1, corrected" });
  await test.write("DELETE", `/v1/news/${old[1]?.id}`);

  const first = await test.list(`?limit=2&after=${cursor}`);
  assertEquals(titles(first.articles), ["Story 3", "Story 4"]);
  assertEquals([first.retracted, first.next_poll_delay, first.gap], [[], 0, false]);
  const second = await test.list(`?limit=2&after=${first.cursor}`);
  assertEquals(titles(second.articles), ["Story 1, corrected"]);
  assertEquals([second.retracted, second.next_poll_delay, second.gap], [[old[1]?.id], 5, false]);
  const third = await test.list(`?after=${second.cursor}`);
  assertEquals([third.articles, third.retracted, third.cursor], [[], [], second.cursor]);
});

Deno.test("GET /v1/news?after= reports a gap if the log no longer reaches back to the cursor, and returns the retained articles", async () => {
  await using test = createNewsUnderTest({ LOG_RETAIN_EVENTS: "2" });
  await test.post(1);
  const { cursor } = await test.list();
  for (const n of [2, 3]) await test.post(n);
  assertEquals((await test.list(`?after=${cursor}`)).gap, false);
  await test.post(4);
  for (const after of [cursor, "1-1", "nonsense"]) {
    const { gap, articles } = await test.list(`?after=${after}`);
    assertEquals([gap, titles(articles)], [true, ["Story 3", "Story 4"]], String(after));
  }
});

Deno.test("a client that polls loses and repeats nothing while feeds insert, delete, reorder and change", async () => {
  const random = createSeeded("news polls");
  let storyCount = 0;
  let items: { readonly n: number; readonly title: string }[] = [];
  const xml = () =>
    rss(
      items.map(({ n, title }) =>
        `<item><title>${title}</title><link>https://wire.example/${n}</link></item>`
      ).join(""),
    );
  await using test = createNewsUnderTest(
    {},
    (url) => url.hostname === "wire.example" ? Promise.resolve(new Response(xml())) : rejectFetch(),
  );
  /** The titles that the client has, by id. */
  const polledTitles = new Map<string, string>();
  const received = new Set<string>();
  let { cursor } = await test.list();

  async function poll(): Promise<void> {
    for (;;) {
      const page = await test.list(`?limit=3&after=${cursor}`);
      assert(!page.gap);
      for (const article of page.articles) {
        const json = JSON.stringify(article);
        assert(!received.has(json), `twice: ${json}`);
        received.add(json);
        polledTitles.set(article.id, article.title);
      }
      for (const id of page.retracted) polledTitles.delete(id);
      cursor = page.cursor;
      if (page.next_poll_delay > 0) return;
    }
  }

  for (let round = 0; round < 40; round++) {
    const at = random.below(items.length + 1);
    const n = ++storyCount;
    items = items.toSpliced(at, 0, { n, title: `Story ${n}` });
    if (random.chance(0.3)) items = items.toSpliced(random.below(items.length), 1);
    if (random.chance(0.3)) items = items.toReversed();
    const changed = random.below(items.length || 1);
    if (random.chance(0.5)) {
      items = items.map((item, i) =>
        i === changed ? { ...item, title: `Story ${item.n}, of round ${round}` } : item
      );
    }
    await test.clock.advance(5000);
    const [id] = [...polledTitles.keys()];
    if (id !== undefined && random.chance(0.2)) await test.write("DELETE", `/v1/news/${id}`);
    if (random.chance(0.6)) await poll();
  }
  await poll();
  const { articles } = await test.list("?limit=200");
  assert(articles.length > 20);
  const expected = Object.fromEntries(articles.map(({ id, title }) => [id, title]));
  assertEquals(
    Object.fromEntries([...polledTitles].sort()),
    Object.fromEntries(
      Object.entries(expected).sort(),
    ),
  );
});

Deno.test("GET /v1/news keeps the feeds polled for three intervals; HEAD does not", async () => {
  await using test = createNewsUnderTest({ NEWS_POLL_MS: "1000" });
  const countPolls = () =>
    test.fetched.splice(0).filter((url) => url.includes("archive.example")).length;
  const head = await test.send("/v1/news", { method: "HEAD" });
  assertEquals([head.status, countPolls()], [200, 0]);
  await test.list();
  assertEquals(countPolls(), 1);
  await test.clock.advance(60_000);
  const laterPolls = countPolls();
  assert(laterPolls > 0 && laterPolls < 4, `${laterPolls}`);
  await test.clock.advance(60_000);
  assertEquals([countPolls(), test.clock.timers], [0, 0]);
});

Deno.test("GET /v1/news waits for at most 800 ms for the first poll of the feeds, and never afterwards", async () => {
  await using test = createNewsUnderTest({}, () => new Promise(() => {}));
  const request = () => {
    const progress = { isAnswered: false };
    void Promise.resolve(test.app.request("/v1/news")).then(async (response) => {
      NEWS_BODY.parse(await response.json());
      progress.isAnswered = true;
    });
    return progress;
  };
  const first = request();
  await test.clock.advance(799);
  assertEquals(first.isAnswered, false);
  await test.clock.advance(1);
  assertEquals(first.isAnswered, true);
  await test.clock.advance(12_000);
  const second = request();
  await test.clock.advance(0);
  assertEquals(second.isAnswered, true);
});

Deno.test("a feed that hangs does not delay the polls of nine others", async () => {
  const names = Array.from({ length: 10 }, (_, n) => `feed${n}.example.com`);
  await using test = createNewsUnderTest(
    { DEMO: "0", NEWS_POLL_MS: "5000", NEWS_FEEDS: names.map((name) => `https://${name}/`).join() },
    (url) => {
      if (url.hostname === names[4]) return new Promise(() => {});
      const storyNumber = Math.floor(test.clock.now() / 5000);
      const item =
        `<item><title>${storyNumber}</title><link>https://${url.hostname}/${storyNumber}</link></item>`;
      return Promise.resolve(new Response(rss(item)));
    },
    () => Promise.resolve(["192.0.32.8"]),
  );
  await using client = await test.follow("/v1/news/stream");
  await test.clock.advance(60_000);
  const counts = names.map((name) =>
    client.frames.filter(({ data }) => data.includes(`"source":"${name}"`)).length
  );
  assertEquals(counts, names.map((_, n) => n === 4 ? 0 : 13));
  const { feeds } = await test.list();
  assertEquals(feeds.map(({ state }) => state), names.map((_, n) => n === 4 ? "broken" : "ok"));
});

Deno.test("an article that is too large is skipped and logged, and the others are published", async () => {
  const xml = rss(
    ["a", "b", "c"].map((name) => {
      const summary = name === "b" ? "x".repeat(500) : "";
      return `<item><title>${name}</title><link>https://wire.example/${name}</link>` +
        `<description>${summary}</description></item>`;
    }).join(""),
  );
  let polls = 0;
  await using test = createNewsUnderTest({ MAX_EVENT_BYTES: "600" }, ({ hostname }) => {
    if (hostname !== "wire.example") return rejectFetch();
    polls++;
    return Promise.resolve(new Response(xml));
  });
  await using client = await test.follow("/v1/news/stream");
  await test.clock.advance(10_000);
  assertEquals(articleEvents(client), ["article c", "article a"]);
  assertEquals(polls, 3);
  assertEquals(test.lines.filter((line) => line.includes("An article was skipped")).length, 1);
});

Deno.test("GET /v1/stream carries news beside quotes, each with its own filter", async () => {
  await using test = createNewsUnderTest();
  await using client = await test.follow(
    "/v1/stream?topics=news,quotes&source=lab&symbols=BTC-USD&max_rate=10",
  );
  await test.post(1, { symbols: ["BTC-USD"] });
  await test.post(2, { source: "lab", symbols: ["BTC-USD"] });
  await test.post(3, { source: "lab" });
  await test.clock.advance(1000);
  assertEquals(articleEvents(client), ["article Story 2"]);
  assertEquals(client.frames.map(({ event }) => event).slice(0, 2), ["sync", "snapshot"]);
});

Deno.test("heartbeats advance the cursor of a filtered client past evicted events, without a false gap", async () => {
  const env = { LOG_RETAIN_EVENTS: "5", STREAM_MAX_AGE_MS: "86400000" };
  await using test = createNewsUnderTest(env);
  const path = "/v1/news/stream?source=rare";
  const client = await test.follow(path);
  await test.post(0, { source: "rare" });
  const staleCursor = client.cursor;
  for (let minute = 1; minute <= 30; minute++) {
    await test.clock.advance(60_000);
    await test.post(minute);
  }
  await test.clock.advance(15_000);
  assertEquals(articleEvents(client), ["article Story 0"]);
  assert(client.frames.filter(({ event }) => event === "heartbeat").length >= 100);
  await client.hangUp();

  await test.post(31, { source: "rare" });
  const resume = async (cursor: string) => {
    await using again = await test.follow(`${path}&last_event_id=${cursor}`);
    const { resumed, gap } = JSON.parse(again.frames[0]?.data ?? "{}");
    return { resumed, gap, events: articleEvents(again) };
  };
  const resumed = { resumed: true, events: ["article Story 31"] };
  assertEquals(await resume(client.cursor), { ...resumed, gap: false });
  // Without heartbeats the cursor would still be this one.
  assertEquals(await resume(staleCursor), { ...resumed, gap: true });
});
