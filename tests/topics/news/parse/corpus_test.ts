/** A corpus of small documents as feeds write them, each with what a reader must see of its first item. */
import { assertEquals, assertThrows } from "@std/assert";
import type { FeedItem } from "../../../../lib/topics/news/parse/item.ts";
import { parseFeed, UnreadableFeed } from "../../../../lib/topics/news/parse/parse.ts";
import { NOW, rss } from "../support.ts";

const FEED_URL = "https://site.example/feed";

/** The namespaces that the documents declare. */
const NAMESPACES = Object.entries({
  atom: "http://www.w3.org/2005/Atom",
  a10: "http://www.w3.org/2005/Atom",
  dc: "http://purl.org/dc/elements/1.1/",
  dcterms: "http://purl.org/dc/terms/",
  content: "http://purl.org/rss/1.0/modules/content/",
  media: "http://search.yahoo.com/mrss/",
  m: "http://search.yahoo.com/mrss",
  itunes: "http://www.itunes.com/dtds/podcast-1.0.dtd",
  feedburner: "http://rssnamespace.org/feedburner/ext/1.0",
}).map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`).join(" ");

/** Makes an RSS document of the content of an item. */
function item(content: string, channel = "<link>https://site.example/</link>"): string {
  return `<?xml version="1.0"?><rss version="2.0" ${NAMESPACES}><channel><title>x</title>${channel}` +
    `<item>${content}</item></channel></rss>`;
}

const LINK = "<link>https://site.example/a</link>";

/** Makes an Atom document of the content of an entry. */
function entry(content: string, feed = ""): string {
  return `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" ${feed}>` +
    `<link href="https://site.example/"/><entry><id>urn:1</id>${content}</entry></feed>`;
}

const ATOM_LINK = `<link href="https://site.example/a"/>`;

/** Makes a JSON Feed of an item. */
function json(fields: object, feed: object = {}, version = "1.1"): string {
  const only = { id: "1", url: "https://site.example/a", title: "T", ...fields };
  return JSON.stringify({
    version: `https://jsonfeed.org/version/${version}`,
    ...feed,
    items: [only],
  });
}

const CORPUS: Readonly<Record<string, readonly [document: string, expected: Partial<FeedItem>]>> = {
  // Names are compared with their namespace.
  "media:title before the title": [
    item(`<media:title>Photo: chair</media:title><title>Fed cuts</title>${LINK}`),
    { title: "Fed cuts" },
  ],
  "an empty media:title before the title": [
    item(`<media:title/><title>Fed cuts</title>${LINK}`),
    { title: "Fed cuts" },
  ],
  "itunes:title before the title": [
    item(`<itunes:title>Episode 4</itunes:title><title>Fed cuts</title>${LINK}`),
    { title: "Fed cuts" },
  ],
  "media under another prefix": [
    item(
      `<m:title>Photo</m:title><m:description>Caption</m:description><title>Fed cuts</title>${LINK}
      <description>The Fed cut.</description>`,
    ),
    { title: "Fed cuts", summary: "The Fed cut." },
  ],
  "media:description before the description": [
    item(
      `<title>T</title>${LINK}<media:description>Caption</media:description><description>Text</description>`,
    ),
    { summary: "Text" },
  ],
  "a media:title alone": [item(`<media:title>Fed cuts</media:title>${LINK}`), {
    title: "Fed cuts",
  }],
  "an empty title before a full one": [
    item(`<title/><dc:title>Fed cuts</dc:title>${LINK}`),
    { title: "Fed cuts" },
  ],
  "titles within other elements": [
    item(`<image><title>Logo</title></image><author><title>Editor</title></author>
      <media:content><media:title>Photo</media:title></media:content><title>Fed cuts</title>${LINK}`),
    { title: "Fed cuts" },
  ],
  "an Atom entry with a media group": [
    entry(
      `<media:group><media:title>Video</media:title><media:description>Clip</media:description></media:group>
      <title>Fed cuts</title><summary>Text</summary>${ATOM_LINK}`,
    ),
    { title: "Fed cuts", summary: "Text" },
  ],
  "a summary of podcasts beside the content": [
    item(`<title>T</title>${LINK}<itunes:summary>Podcast</itunes:summary>
      <content:encoded>&lt;p&gt;Text&lt;/p&gt;</content:encoded>`),
    { summary: "Text" },
  ],
  // Formats.
  "RSS 0.90": [
    `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>x</title><link>https://site.example/</link>
      </channel><item><title>Fed cuts</title>${LINK}</item></rdf:RDF>`,
    { title: "Fed cuts", url: "https://site.example/a" },
  ],
  "RSS 0.91 with the DOCTYPE of its specification": [
    `<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
      "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>x</title>
      <item><title>Caf&eacute; prices</title>${LINK}</item></channel></rss>`,
    { title: "Café prices" },
  ],
  "a DOCTYPE with an internal subset": [
    `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY nbsp "&#160;"><!ELEMENT rss ANY>]><rss><channel>
      <item><title>Fed&nbsp;cuts</title>${LINK}</item></channel></rss>`,
    { title: "Fed cuts" },
  ],
  "a comment that names a DOCTYPE": [
    `<?xml version="1.0"?><!-- no <!DOCTYPE here --><rss><channel><item><title>T</title>${LINK}</item></channel></rss>`,
    { title: "T" },
  ],
  "RSS 0.92 with items beside the channel": [
    `<rss version="0.92"><channel><title>x</title></channel><item><title>T</title>${LINK}</item></rss>`,
    { title: "T" },
  ],
  "RSS 1.0 with a date of Dublin Core": [
    `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:d="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://site.example/"/>
      <item rdf:about="https://site.example/a"><title>T</title><d:date>2026-10-04T09:00Z</d:date>
      <d:creator>Ann</d:creator><d:subject>Rates</d:subject></item></rdf:RDF>`,
    {
      guid: "https://site.example/a",
      url: "https://site.example/a",
      publishedAt: Date.UTC(2026, 9, 4, 9),
      author: "Ann",
      categories: ["Rates"],
    },
  ],
  "Atom 0.3": [
    `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><link rel="alternate" href="https://site.example/"/>
      <entry><title mode="escaped" type="text/html">Fed &amp;lt;b&amp;gt;cuts&amp;lt;/b&amp;gt;</title>
      <link rel="alternate" type="text/html" href="https://site.example/a"/><id>tag:1</id>
      <issued>2026-10-04T09:00:00Z</issued></entry></feed>`,
    { title: "Fed cuts", url: "https://site.example/a", publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  "Atom under a prefix": [
    `<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>T</a:title>
      <a:link href="https://site.example/a"/><a:updated>2026-10-04T09:00:00Z</a:updated></a:entry></a:feed>`,
    { title: "T", url: "https://site.example/a", publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  "JSON Feed 1.0 with an author and a number as id": [
    json({ id: 7, author: { name: "Ann" } }, { author: { name: "Desk" } }, "1"),
    { guid: "7", author: "Ann" },
  ],
  "JSON Feed 1.1 with every detail": [
    json(
      {
        authors: [{ name: "Ann" }],
        tags: ["Rates", 5, "rates"],
        image: "https://img.example/1.jpg",
      },
      { language: "de_CH" },
    ),
    {
      author: "Ann",
      categories: ["Rates"],
      image: "https://img.example/1.jpg",
      language: "de-CH",
    },
  ],
  "text before the XML declaration": [
    `Warning: on line 1\n${rss(`<item><title>T</title>${LINK}</item>`)}`,
    { title: "T" },
  ],
  "a tag before the XML declaration": [`<br />\n${rss(`<item><title>T</title>${LINK}</item>`)}`, {
    title: "T",
  }],
  "blank lines before the XML declaration": [
    `\n\n ${rss(`<item><title>T</title>${LINK}</item>`)}`,
    { title: "T" },
  ],
  // Links.
  "a host without a scheme": [
    item("<title>T</title><link>www.site.example/a</link>"),
    { url: "https://www.site.example/a", hasOwnLink: true },
  ],
  "a link that says that there is none": [
    item("<title>T</title><link>N/A</link>"),
    { url: "https://site.example/", hasOwnLink: false },
  ],
  "the address behind a redirect": [
    item(`<title>T</title><link>https://feeds.example/~r/1</link>
      <feedburner:origLink>https://site.example/a</feedburner:origLink>`),
    { url: "https://site.example/a" },
  ],
  "a .NET feed": [
    item(
      `<title>T</title><a10:link href="https://site.example/a"/><a10:updated>2026-10-04T09:00:00Z</a10:updated>`,
    ),
    { url: "https://site.example/a", publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  "an Atom relation as a URI": [
    entry(
      `<title>T</title><link rel="http://www.iana.org/assignments/relation/alternate" href="https://site.example/a"/>`,
    ),
    { url: "https://site.example/a" },
  ],
  "an entry with a self link only": [
    entry(`<title>T</title><link rel="self" href="https://site.example/a"/>`),
    { url: "https://site.example/a" },
  ],
  "an entry with several links": [
    entry(`<title>T</title><link rel="edit" href="/edit"/><link rel="enclosure" href="/a.mp3"/>
      <link rel="replies" href="/c"/><link rel="alternate" type="application/json" href="/a.json"/>
      <link rel="alternate" type="text/html" href="/a"/>`),
    { url: "https://site.example/a" },
  ],
  "a link that is closed before its text": [
    item("<title>T</title><link/>https://site.example/a"),
    { url: "https://site.example/a" },
  ],
  "a guid that is no permalink, where nothing else leads anywhere": [
    item(`<title>T</title><guid isPermaLink="false">https://site.example/a</guid>`),
    { url: "https://site.example/a", hasOwnLink: true },
  ],
  "a guid that is a permalink": [
    item(`<title>T</title><guid>https://site.example/a</guid>`),
    { url: "https://site.example/a" },
  ],
  "an xml:base of an entry within that of the feed": [
    entry(`<title>T</title><link href="b"/>`, `xml:base="https://cb.example/x/"`)
      .replace("<entry>", `<entry xml:base="a/">`),
    { url: "https://cb.example/x/a/b" },
  ],
  "a link in CDATA with blanks": [
    item("<title>T</title><link>\n  <![CDATA[ https://site.example/a ]]>\n</link>"),
    { url: "https://site.example/a" },
  ],
  // Text.
  "a RIC in a title": [
    item(`<title>UPDATE 1-Apple &lt;AAPL.O&gt; beats forecasts</title>${LINK}`),
    { title: "UPDATE 1-Apple <AAPL.O> beats forecasts" },
  ],
  "a comparison in a title": [
    item(`<title>If yield&lt;x then sell</title>${LINK}`),
    { title: "If yield<x then sell" },
  ],
  "plain text in Atom": [
    entry(`<title>How &lt;br&gt; works &amp; why</title>${ATOM_LINK}`),
    { title: "How <br> works & why" },
  ],
  "plain text in JSON": [json({ title: "The <title> tag & <b>" }), {
    title: "The <title> tag & <b>",
  }],
  "lines in an XHTML title": [
    entry(
      `<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Fed cuts<br/>again</div></title>${ATOM_LINK}`,
    ),
    { title: "Fed cuts again" },
  ],
  "a script in an XHTML title": [
    entry(
      `<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Fed<script>alert(1)</script> cuts</div></title>${ATOM_LINK}`,
    ),
    { title: "Fed cuts" },
  ],
  "text in XHTML that looks like markup": [
    entry(
      `<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">5 &lt; 6 &amp; <b>7</b></div></title>${ATOM_LINK}`,
    ),
    { title: "5 < 6 & 7" },
  ],
  "paragraphs that are not escaped": [
    item(`<title>T</title>${LINK}<description><p>First.</p><p>Second.</p></description>`),
    { summary: "First. Second." },
  ],
  "a picture in base64 as the content": [
    entry(`<title>T</title>${ATOM_LINK}<content type="image/png">iVBORw0KGgo=</content>`),
    { summary: "" },
  ],
  "a picture alone before the content": [
    item(`<title>T</title>${LINK}<description>&lt;img src="x.png"&gt;</description>
      <content:encoded>&lt;p&gt;Text&lt;/p&gt;</content:encoded>`),
    { summary: "Text" },
  ],
  "an empty summary before the text in JSON": [
    json({ summary: "", content_text: "Text" }),
    { summary: "Text" },
  ],
  "apostrophes of Windows-1252": [item(`<title>Fed\u0092s don\u0092t</title>${LINK}`), {
    title: "Fed’s don’t",
  }],
  "a grapheme that is longer than a title": [
    item(`<title>${"e" + "\u0301".repeat(400)} Fed cuts</title>${LINK}`),
    { url: "https://site.example/a" },
  ],
  "a title that is escaped twice": [
    item(`<title>AT&amp;amp;T &amp;lt;b&amp;gt;up&amp;lt;/b&amp;gt;</title>${LINK}`),
    {
      title: "AT&T up",
    },
  ],
  // Dates.
  "a year of two digits": [
    item(`<title>T</title>${LINK}<pubDate>Sun, 04 Oct 26 09:00:00 GMT</pubDate>`),
    { publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  "a zone of the United States without the season": [
    item(`<title>T</title>${LINK}<pubDate>Sun, 04 Oct 2026 09:00:00 ET</pubDate>`),
    { publishedAt: Date.UTC(2026, 9, 4, 13) },
  ],
  "a comment after the zone": [
    item(`<title>T</title>${LINK}<pubDate>Sun, 04 Oct 2026 09:00:00 +0000 (UTC)</pubDate>`),
    { publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  "an unreadable date before a readable one": [
    item(`<title>T</title>${LINK}<pubDate>soon</pubDate><dc:date>2026-10-04T09:00:00Z</dc:date>`),
    { publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  "the date of a term of Dublin Core": [
    item(`<title>T</title>${LINK}<dcterms:issued>2026-10-04T09:00:00Z</dcterms:issued>`),
    { publishedAt: Date.UTC(2026, 9, 4, 9) },
  ],
  // Details.
  "the largest picture of a group": [
    item(
      `<title>T</title>${LINK}<media:group><media:content medium="image" url="https://img.example/s.jpg" width="100"/>
      <media:content medium="image" url="https://img.example/l.jpg" width="900"/></media:group>`,
    ),
    { image: "https://img.example/l.jpg" },
  ],
  "a recording and a picture as enclosures": [
    item(`<title>T</title>${LINK}<enclosure url="https://img.example/1.mp3" type="audio/mpeg"/>
      <enclosure url="https://img.example/1.jpg" type="image/jpeg"/>`),
    { image: "https://img.example/1.jpg" },
  ],
  "a picture without https": [
    item(`<title>T</title>${LINK}<media:thumbnail url="http://img.example/1.jpg"/>`),
    { image: null },
  ],
  "an address and a name as the author": [
    item(`<title>T</title>${LINK}<author>ann@site.example (Ann Smith)</author>`),
    { author: "Ann Smith" },
  ],
  "an author and categories of Atom": [
    entry(
      `<title>T</title>${ATOM_LINK}<author><name>Ann</name><email>a@site.example</email></author>
      <category term="fed" label="The Fed"/><category term="rates"/>`,
      `xml:lang="en-GB"`,
    ),
    { author: "Ann", categories: ["The Fed", "rates"], language: "en-GB" },
  ],
  "categories that repeat": [
    item(
      `<title>T</title>${LINK}<category>Rates</category><category>RATES</category><category/><dc:subject>Fed</dc:subject>`,
    ),
    { categories: ["Rates", "Fed"] },
  ],
  "the language of the channel": [
    item(`<title>T</title>${LINK}`, "<language>en-us</language><link>https://site.example/</link>"),
    { language: "en-us" },
  ],
  "a language that is none": [
    item(`<title>T</title>${LINK}`, "<language>English (US)</language>"),
    { language: null },
  ],
};

for (const [name, [document, expected]] of Object.entries(CORPUS)) {
  Deno.test(`a feed with ${name} is read as its author meant it`, () => {
    const [first] = parseFeed(document, FEED_URL, NOW).items;
    const actual = Object.fromEntries(
      Object.keys(expected).map((field) => [field, Reflect.get(first ?? {}, field)]),
    );
    assertEquals(actual, { ...expected });
  });
}

const PAGES: Readonly<Record<string, string>> = {
  "an XHTML page": `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"
    "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>`,
  "a page": "<!DOCTYPE html><html><head><title>Rate limited</title></head></html>",
};

for (const [name, document] of Object.entries(PAGES)) {
  Deno.test(`${name} is said to be a page`, () => {
    assertThrows(() => parseFeed(document, FEED_URL, NOW), UnreadableFeed, "an HTML page");
  });
}

Deno.test("items without words or a link are counted as skipped", () => {
  const document = rss(
    `<item><title>A</title><link>https://a.example/1</link></item><item><title>B</title></item>` +
      `<item><link>https://a.example/3</link></item>`,
  );
  const { items, skipped, undated } = parseFeed(document, FEED_URL, NOW);
  assertEquals([items.length, skipped, undated], [1, 2, 1]);
});
