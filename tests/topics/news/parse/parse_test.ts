import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DAY_MS, HOUR_MS } from "../../../../lib/core/time.ts";
import { parseFeed, UnreadableFeed } from "../../../../lib/topics/news/parse/parse.ts";
import { NOW, rss, sample, SAMPLES } from "../support.ts";
import { anyCharacter } from "../../../support/any_character.ts";

const FEED_URL = "https://feeds.example/rss";

function read(document: string) {
  return parseFeed(document, FEED_URL, NOW);
}

function linksOf(document: string): string[] {
  return read(document).items.map(({ url }) => url);
}

/** The fields of an item whose feed gives no details. */
const NO_DETAILS = { image: null, author: null, categories: [], language: null };

Deno.test("parseFeed() parses RSS 2.0 into plain text, URLs and times", () => {
  const { items, ttlMs } = read(sample("rss2_markets.xml"));
  assertEquals([items.length, ttlMs], [5, 15 * 60_000]);
  assertEquals(items[0], {
    guid: "10001",
    title: `S&P 500 — stocks "edge" higher as oil slips`,
    summary: "Shares rose 0.4%.",
    url: "https://news.example/a/1",
    hasOwnLink: true,
    publishedAt: Date.UTC(2026, 9, 5, 13, 55, 10),
    rankAt: Date.UTC(2026, 9, 5, 13, 55, 10),
    image: "https://img.example/1.jpg",
    author: "A. Reporter",
    categories: ["Markets"],
    language: "en-us",
  });
  assertEquals(items[1]?.title, "Gold's slide deepens & silver follows");
  assertEquals(items[1]?.publishedAt, Date.UTC(2026, 9, 5, 13, 12));
});

Deno.test("parseFeed() replaces a missing title by the beginning of the summary", () => {
  const [, , untitled] = read(sample("rss2_markets.xml")).items;
  assertEquals([untitled?.title, untitled?.url], ["No title item", "https://news.example/a/3"]);
});

Deno.test("parseFeed() uses the feed's page for an item without a valid link, and null for an invalid date", () => {
  assertEquals(read(sample("rss2_markets.xml")).items[4], {
    guid: null,
    title: "Bad date and js link",
    summary: "",
    url: "https://news.example/markets",
    hasOwnLink: false,
    publishedAt: null,
    rankAt: 1_791_208_559_999, // just below the item before it
    ...NO_DETAILS,
    language: "en-us",
  });
});

Deno.test("parseFeed() does not identify items by the feed's page, which several items may link", () => {
  const items = [1, 2].map((n) =>
    `<item><title>Note ${n}</title><link>http://www.notes.example/all/</link>` +
    `<guid isPermaLink="false">n${n}</guid></item>`
  );
  const { items: notes } = read(rss(items.join(""), "<link>https://notes.example/all</link>"));
  assertEquals(notes.map(({ guid, hasOwnLink }) => [guid, hasOwnLink]), [["n1", false], [
    "n2",
    false,
  ]]);
});

Deno.test("parseFeed() parses Atom: the alternate link, relative to xml:base", () => {
  const [entry] = read(sample("atom_press.xml")).items;
  assertEquals(entry?.title, "Rate & policy statement");
  assertEquals(entry?.url, "https://cb.example/press/2026-10-05");
  assertEquals(entry?.publishedAt, Date.UTC(2026, 9, 5, 9, 59));
});

Deno.test("parseFeed() parses RSS 1.0", () => {
  const [first] = read(sample("rdf_rss1.xml")).items;
  assertEquals([first?.title, first?.url], ["A", "https://x.example/1"]);
  assertEquals(first?.publishedAt, Date.UTC(2026, 9, 5, 10));
});

Deno.test("parseFeed() parses RSS 0.91, which has neither guids nor dates", () => {
  const rss091 = `<rss version="0.91"><channel><title>x</title><link>https://x.example</link>
    <item><title>A</title><link>/1</link><description>b</description></item></channel></rss>`;
  assertEquals(linksOf(rss091), ["https://x.example/1"]);
});

Deno.test("parseFeed() parses JSON Feed", () => {
  const document = JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    title: "x",
    home_page_url: "https://x.example/",
    items: [
      {
        id: 1,
        url: "/1",
        title: "P&L < 5",
        content_html: "<p>A&amp;B</p>",
        date_published: "2026-10-05T10:00:00Z",
      },
      { id: "https://x.example/2", content_text: "1 <b> 2" },
      null,
      { id: "3", title: 3, url: ["x"] },
    ],
  });
  const { items } = read(document);
  assertEquals(items, [
    {
      guid: "1",
      title: "P&L < 5",
      summary: "A&B",
      url: "https://x.example/1",
      hasOwnLink: true,
      publishedAt: Date.UTC(2026, 9, 5, 10),
      rankAt: Date.UTC(2026, 9, 5, 10),
      ...NO_DETAILS,
    },
    {
      guid: "https://x.example/2",
      title: "1 <b> 2",
      summary: "1 <b> 2",
      url: "https://x.example/2",
      hasOwnLink: true,
      publishedAt: null,
      rankAt: Date.UTC(2026, 9, 5, 10) - 1,
      ...NO_DETAILS,
    },
  ]);
});

Deno.test("parseFeed() accepts bare ampersands", () => {
  const [first] = read(sample("feed_bad_bare_ampersand.xml")).items;
  assertEquals([first?.title, first?.url], ["AT&T & S&P", "https://a.example/?a=1&b=2"]);
});

Deno.test("parseFeed() keeps the complete items of a truncated document", () => {
  assertEquals(linksOf(sample("feed_bad_truncated.xml")), ["https://a.example/1"]);
  // The last item has lost its summary. The next poll would update it.
  const truncated = `<rss version="2.0"><channel><title>x</title>
    <item><title>A</title><link>https://a.example/1</link></item>
    <item><title>B</title><link>https://a.example/2</link><description>Half`;
  assertEquals(linksOf(truncated), ["https://a.example/1"]);
});

Deno.test("parseFeed() parses the newest 1,000 items, wherever they are, in the order of the document", () => {
  const items = Array.from(
    { length: 1010 },
    (_, n) =>
      `<item><title>T${n}</title><link>https://a.example/${n}</link>` +
      `<pubDate>${new Date(NOW - DAY_MS + n * 1000).toUTCString()}</pubDate></item>`,
  );
  const links = linksOf(rss(items.join("")));
  assertEquals([links.length, links[0], links.at(-1)], [
    1000,
    "https://a.example/10",
    "https://a.example/1009",
  ]);
});

Deno.test("parseFeed() ranks undated items between their neighbours, in either order of a document", () => {
  const at = (hour: number) => NOW - hour * HOUR_MS;
  const hours = [1, null, null, 3, null];
  for (const order of [hours, hours.toReversed()]) {
    const items = order.map((hour, n) =>
      `<item><title>T${n}</title><link>/${n}</link>` +
      (hour === null ? "" : `<pubDate>${new Date(at(hour)).toUTCString()}</pubDate>`) + "</item>"
    );
    const ranks = read(rss(items.join(""), "<link>https://a.example</link>")).items
      .map(({ rankAt }) => rankAt);
    const sorted = ranks.toSorted((a, b) => (a ?? 0) - (b ?? 0));
    assertEquals(ranks, order === hours ? sorted.toReversed() : sorted);
    assertEquals(new Set(ranks).size, 5);
  }
  const undated = read(rss(`<item><title>T</title><link>https://a.example/1</link></item>`));
  assertEquals([undated.items[0]?.rankAt, undated.undated], [null, 1]);
});

const REFUSED: Readonly<Record<string, readonly [document: string, message: string]>> = {
  "HTML": [sample("feed_bad_html_429.html"), "HTML"],
  "HTML after a byte order mark": ["\ufeff\n<html><p>Please wait</html>", "HTML"],
  "an empty document": [" \n", "empty"],
  "plain text": ["Too many requests", "neither XML nor JSON"],
  "JSON that is not a feed": [`{"a":1}`, "not a feed"],
  "a truncated JSON Feed": [`{"version":"https://jsonfeed.org/version/1","items":[`, "not a feed"],
  "XML that is not a feed": [`<?xml version="1.0"?><a/>`, "not a feed"],
  "nesting without end": [rss("<a>".repeat(50_000)), "not a feed"],
};

for (const [kind, [document, message]] of Object.entries(REFUSED)) {
  Deno.test(`parseFeed() rejects ${kind} with a message that quotes nothing of it`, () => {
    const error = assertThrows(() => read(document), UnreadableFeed, message);
    assert(error.message.length < 80, error.message);
  });
}

Deno.test("parseFeed() accepts a page that is quoted in CDATA", () => {
  const quoted = rss(
    `<item><title>A</title><link>https://a.example/1</link>
     <description><![CDATA[<b>So:</b> <!DOCTYPE html><html><p>Hello</html>]]></description></item>`,
  );
  assertEquals(read(quoted).items[0]?.summary, "So: Hello");
});

const DECLARATIONS: Readonly<Record<string, string>> = {
  "a billion laughs": sample("feed_bad_billion_laughs.xml"),
  "a reference to a file": sample("feed_bad_xxe.xml"),
  "a declaration behind a long comment": `<!--${"x".repeat(9000)}--><!DOCTYPE rss>${rss("")}`,
  "a declaration in the middle": rss(`<!doctype a [<!ENTITY b "c">]>`),
  "an entity that is hidden behind a CDATA section in an attribute": rss(
    `<a b="<![CDATA["/><!DOCTYPE x [<!ENTITY a "${"a".repeat(9000)}">]><c d="]]>"/>
     <item><title>${"&a;".repeat(5000)}</title><link>https://a.example/1</link></item>`,
  ),
};

for (const [kind, document] of Object.entries(DECLARATIONS)) {
  Deno.test(`parseFeed() expands nothing of ${kind}`, () => {
    for (const { title, summary } of read(document).items) {
      assert(!/lol(?!\d)|root:|aaa/.test(title + summary), title);
    }
  });
}

Deno.test("parseFeed() pollutes no prototype", () => {
  try {
    read(rss("<item><__proto__><polluted>1</polluted></__proto__><title>A</title></item>"));
  } catch (thrown) {
    assert(thrown instanceof UnreadableFeed);
  }
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

/** Damage by a broken connection, proxy or editor: parts are lost, repeated or replaced. */
const mutation = fc.record({
  at: fc.nat(2000),
  length: fc.nat(40),
  put: fc.oneof(
    fc.constantFrom(
      "",
      "<",
      ">",
      "&",
      "]]>",
      "<![CDATA[",
      "<!--",
      "'",
      '"',
      "</item>",
      "<item>",
      "\0",
      "\ud800",
    ),
    fc.string({ unit: anyCharacter, maxLength: 5 }),
  ),
});

for (const name of SAMPLES) {
  Deno.test(`parseFeed() throws UnreadableFeed only, at mutations of ${name}`, () => {
    const document = sample(name);
    fc.assert(fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      let mutated = document;
      for (const { at, length, put } of mutations) {
        const start = at % (mutated.length + 1);
        mutated = mutated.slice(0, start) + put + mutated.slice(start + length);
      }
      try {
        for (const { title, url, publishedAt } of read(mutated).items) {
          assert(title !== "" && /^https?:/.test(url));
          assert(publishedAt === null || Number.isInteger(publishedAt));
        }
      } catch (thrown) {
        if (!(thrown instanceof UnreadableFeed)) throw thrown;
      }
    }));
  });

  Deno.test(`parseFeed() throws UnreadableFeed only, at broken bytes of ${name}`, () => {
    const bytes = new TextEncoder().encode(sample(name));
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1 });
    fc.assert(fc.property(flips, fc.nat(bytes.length), (changes, length) => {
      const broken = Uint8Array.from(bytes);
      for (const [at, byte] of changes) broken[at] = byte;
      try {
        read(new TextDecoder().decode(broken.subarray(0, length)));
      } catch (thrown) {
        if (!(thrown instanceof UnreadableFeed)) throw thrown;
      }
    }));
  });
}

Deno.test("parseFeed() shows the content of an item whose summary has no words", () => {
  const picture = `<item><title>A</title><link>https://a.example/1</link>` +
    `<description>&lt;img src="https://a.example/1.jpg"&gt;</description>` +
    `<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">` +
    `&lt;p&gt;Gold rose.&lt;/p&gt;</content:encoded></item>`;
  assertEquals(read(rss(picture)).items[0]?.summary, "Gold rose.");
  const json = JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    items: [{ id: "https://a.example/1", title: "A", summary: "", content_text: "Gold rose." }],
  });
  assertEquals(read(json).items[0]?.summary, "Gold rose.");
});
