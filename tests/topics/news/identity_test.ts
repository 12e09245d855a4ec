import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DAY_MS, HOUR_MS } from "../../../lib/core/time.ts";
import type { FeedItem } from "../../../lib/topics/news/parse/item.ts";
import { createTestIngest, item, NOW } from "./support.ts";

/** Makes an item of a title, with its own link unless `changes` says otherwise. */
function story(title: string, changes: Partial<FeedItem> = {}): FeedItem {
  const path = title.toLowerCase().replaceAll(/\W+/g, "-");
  return item(title, { guid: null, title, url: `https://s.example/${path}`, ...changes });
}

const HOME = "https://s.example/news";
const at = (hoursAgo: number) => ({ publishedAt: NOW - hoursAgo * HOUR_MS });

/** Documents of one feed, each with the titles of the articles that it adds. */
const FEEDS: Readonly<
  Record<string, readonly (readonly [added: readonly string[], ...items: readonly FeedItem[]])[]>
> = {
  "one guid for all": [
    [
      ["Excel 16.1 released", "Word 16.1 released"],
      story("Excel 16.1 released", { guid: "N/A" }),
      story("Word 16.1 released", { guid: "N/A" }),
    ],
    [
      ["PowerPoint 16.2 released"],
      story("PowerPoint 16.2 released", { guid: "N/A" }),
      story("Excel 16.1 released", { guid: "N/A" }),
      story("Word 16.1 released", { guid: "N/A" }),
    ],
    [["Outlook 16.3 released"], story("Outlook 16.3 released", { guid: "N/A" })],
  ],
  "one guid for all, one item at a time": [
    [["Excel 16.2 released"], story("Excel 16.2 released", { guid: "N/A", ...at(3) })],
    [["Excel 16.3 released"], story("Excel 16.3 released", { guid: "N/A", ...at(2) })],
    [["Minister resigns"], story("Minister resigns", { guid: "N/A", ...at(1) })],
  ],
  "the home page as guid of all": [
    [
      ["Minister resigns", "Budget passed"],
      story("Minister resigns", { guid: "https://s.example/" }),
      story("Budget passed", { guid: "https://s.example/" }),
    ],
  ],
  "one link for all, with guids": [
    [
      ["All systems operational", "Login fails"],
      story("All systems operational", { guid: "2", url: HOME }),
      story("Login fails", { guid: "1", url: HOME }),
    ],
    [
      ["Login works again"],
      story("Login works again", { guid: "3", url: HOME }),
      story("All systems operational", { guid: "2", url: HOME }),
      story("Login fails", { guid: "1", url: HOME }),
    ],
    [["Database fails"], story("Database fails", { guid: "4", url: HOME })],
  ],
  "one link and one guid for all": [
    [
      ["First notice", "Second notice"],
      story("Second notice", { guid: HOME, url: HOME, ...at(1) }),
      story("First notice", { guid: HOME, url: HOME, ...at(2) }),
    ],
    [
      ["Third notice"],
      story("Third notice", { guid: HOME, url: HOME, ...at(0) }),
      story("Second notice", { guid: HOME, url: HOME, ...at(1) }),
    ],
  ],
  "guids that differ by their fragment": [
    [
      ["Rates held", "Rates cut"],
      story("Rates held", { guid: `${HOME}#When:12:00`, url: HOME }),
      story("Rates cut", { guid: `${HOME}#When:11:00`, url: HOME }),
    ],
  ],
  "links that differ by their fragment": [
    [
      ["Rates held", "Rates cut"],
      story("Rates held", { url: `${HOME}#/news/2` }),
      story("Rates cut", { url: `${HOME}#/news/1` }),
    ],
  ],
  "parameters that are the id": [
    [
      ["Rates held", "Rates cut"],
      story("Rates held", { url: "https://s.example/view?pk_article=77" }),
      story("Rates cut", { url: "https://s.example/view?pk_article=78" }),
    ],
  ],
  "a guid that is used again years later": [
    [["New fund opens"], story("New fund opens", { guid: "7", ...at(24 * 900) })],
    [["Fed cuts rates"], story("Fed cuts rates", { guid: "7", ...at(1) })],
  ],
  "a page with a new title and date": [
    [
      ["Gold rates for Monday 4 May"],
      story("Gold rates for Monday 4 May", { url: HOME, ...at(30) }),
    ],
    [
      ["Gold rates for Tuesday 5 May"],
      story("Gold rates for Tuesday 5 May", { url: HOME, ...at(6) }),
    ],
  ],
  "neither guid nor link, one title": [
    [
      ["Rates", "Rates"],
      story("Rates", { url: HOME, hasOwnLink: false, ...at(1) }),
      story("Rates", { url: HOME, hasOwnLink: false, ...at(25) }),
    ],
    [
      [],
      story("Rates", { url: HOME, hasOwnLink: false, ...at(1) }),
      story("Rates", { url: HOME, hasOwnLink: false, ...at(25) }),
    ],
  ],
  "neither guid, link nor date, one title": [
    [
      ["Rates", "Rates"],
      story("Rates", { url: HOME, hasOwnLink: false, publishedAt: null, summary: "Up." }),
      story("Rates", { url: HOME, hasOwnLink: false, publishedAt: null, summary: "Down." }),
    ],
  ],
  "a link with a changing parameter": [
    [["Fed cuts rates"], story("Fed cuts rates", { url: "https://s.example/a?partner=rss_1" })],
    [[], story("Fed cuts rates", { url: "https://s.example/a?partner=rss_2" })],
    [[], story("Fed cuts rates", { url: "https://s.example/a?partner=rss_3" })],
  ],
  "a link with a changing parameter, without dates": [
    [["Fed cuts"], story("Fed cuts", { url: "https://s.example/a?c=1", publishedAt: null })],
    [[], story("Fed cuts", { url: "https://s.example/a?c=2", publishedAt: null })],
  ],
  "a guid that is new at every poll": [
    [["Fed cuts rates"], story("Fed cuts rates", { guid: "session-1" })],
    [[], story("Fed cuts rates", { guid: "session-2" })],
  ],
  "a feed that begins to give guids, and changes to https": [
    [["Fed cuts rates"], story("Fed cuts rates", { url: "http://s.example/fed" })],
    [[], story("Fed cuts rates", { guid: "http://s.example/?p=1", url: "https://s.example/fed" })],
    [[], story("Fed cuts rates", { guid: "https://s.example/?p=1", url: "https://s.example/fed" })],
  ],
  "an item twice in one document": [
    [
      ["Fed cuts rates"],
      story("Fed cuts rates", { guid: "1" }),
      story("Fed cuts rates", { guid: "1" }),
    ],
  ],
};

for (const [name, documents] of Object.entries(FEEDS)) {
  Deno.test(`a feed with ${name} has each story once`, async () => {
    const test = createTestIngest();
    for (const [added, ...items] of documents) {
      const events = await test.poll("bbc", ...items);
      const titles = events.filter((event) => event.startsWith("article: "))
        .map((event) => event.slice("article: ".length));
      assertEquals(titles.toSorted(), added.toSorted());
      assertEquals(await test.poll("bbc", ...items), [], "the document again");
    }
    // No headline is on another story's link or date.
    const shown = documents.flatMap(([, ...items]) => items);
    for (const { title, url, published_at } of await test.articles()) {
      assert(
        shown.some((one) =>
          one.title === title && one.url.split("?")[0] === url.split("?")[0] &&
          (published_at === null) === (one.publishedAt === null) &&
          (published_at === null || Date.parse(published_at) === one.publishedAt)
        ),
        `${title} at ${url}, ${published_at}`,
      );
    }
  });
}

const RENAMES: Readonly<Record<string, readonly [before: FeedItem, after: FeedItem]>> = {
  "its title": [
    story("Fed cuts rates", { guid: "1" }),
    story("Powell blinks", { guid: "1", url: "https://s.example/fed-cuts-rates" }),
  ],
  "its title, without a guid": [
    story("Fed cuts rates"),
    story("Powell blinks", { url: "https://s.example/fed-cuts-rates" }),
  ],
  "its link": [
    story("Fed cuts rates", { guid: "1" }),
    story("Fed cuts rates", { guid: "1", url: "https://s.example/2026/fed" }),
  ],
  "its title and the link that is made of it": [
    story("Fed cuts rates", { guid: "1" }),
    story("Fed cuts rates by a quarter point", { guid: "1" }),
  ],
  "its title and its date, a little": [
    story("Fed cuts rates", { guid: "1", url: HOME, ...at(2) }),
    story("Fed cuts rates by a quarter point", { guid: "1", url: HOME, ...at(1) }),
  ],
};

for (const [name, [before, after]] of Object.entries(RENAMES)) {
  Deno.test(`a story that changes ${name} stays one article, in its new words and at its new link`, async () => {
    const test = createTestIngest();
    await test.poll("bbc", before);
    assertEquals(await test.poll("bbc", after), [`article.updated: ${after.title}`]);
    const articles = await test.articles();
    assertEquals(articles.map(({ title, url }) => [title, url]), [[after.title, after.url]]);
  });
}

Deno.test("different stories of two feeds at one landing page are two articles", async () => {
  for (const url of ["https://ir.example/", HOME, "https://ir.example/investors/"]) {
    const test = createTestIngest();
    await test.poll("bbc", story("Acme raises its dividend", { url, guid: "a" }));
    assertEquals(await test.poll("cnbc", story("Globex names a new chief", { url, guid: "g" })), [
      "article: Globex names a new chief",
    ]);
  }
});

Deno.test("companies that announce their calls under one headline have an article each", async () => {
  const test = createTestIngest();
  const title = "Third Quarter 2026 Earnings Conference Call Announcement";
  for (const company of ["acme", "globex", "initech"]) {
    const url = `https://${company}.example/q3`;
    assertEquals(await test.poll(company, story(title, { guid: company, url })), [
      `article: ${title}`,
    ]);
  }
  assertEquals(new Set((await test.articles()).map(({ url }) => url)).size, 3);
});

const TITLES = [
  "Fed cuts rates",
  "Oil falls",
  "Minister resigns",
  "Acme buys Globex",
  "Gold soars",
];

/** A document of a made-up feed: how it spells the stories that it shows, in which order. */
const drawnDocument = fc.record({
  shown: fc.uniqueArray(fc.nat(TITLES.length - 1), { minLength: 1 }),
  parameter: fc.nat(3),
  isHttps: fc.boolean(),
});

/** A made-up feed: which of its keys its stories share. */
const drawnFeed = fc.record({
  guid: fc.constantFrom("own", "shared", "none"),
  link: fc.constantFrom("own", "shared", "fragment", "rotating"),
  isDated: fc.boolean(),
  documents: fc.array(drawnDocument, { minLength: 1, maxLength: 8 }),
});

Deno.test("a feed's stories are published once each, whatever they share, however it repeats and spells them", async () => {
  await fc.assert(
    fc.asyncProperty(drawnFeed, async ({ guid, link, isDated, documents }) => {
      const test = createTestIngest();
      const shownStories = new Set<number>();
      const makeItem = (
        n: number,
        { parameter, isHttps }: { parameter: number; isHttps: boolean },
      ) => {
        const origin = isHttps ? "https://www.s.example" : "http://s.example";
        const urls = {
          own: `${origin}/${n}`,
          shared: `${origin}/page`,
          fragment: `${origin}/live#p${n}`,
          rotating: `${origin}/${n}?session=${parameter}`,
        };
        const guids = { own: `id-${n}`, shared: "N/A", none: null };
        return item(n, {
          guid: guids[guid],
          url: urls[link],
          title: TITLES[n] ?? "",
          publishedAt: isDated ? NOW - DAY_MS - n * HOUR_MS : null,
          rankAt: NOW - DAY_MS - n * HOUR_MS,
        });
      };
      for (const document of documents) {
        const added = document.shown.filter((n) => !shownStories.has(n));
        const items = document.shown.map((n) => makeItem(n, document));
        const events = await test.poll("bbc", ...items);
        const published = events.filter((event) => event.startsWith("article: "));
        assertEquals(published.length, added.length, JSON.stringify(events));
        added.forEach((n) => shownStories.add(n));
      }
      const articles = await test.articles();
      assertEquals(articles.length, shownStories.size);
    }),
    { numRuns: 300 },
  );
});
