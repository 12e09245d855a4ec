/**
 * The cost of reading a feed, sound or hostile: the time from 1 to 8 MB, and the memory of each
 * format at 1 MB.
 *
 * Time is to grow with the size, so twice the size may take at most three times as long. A document that
 * grows faster is marked, and the exit code is 1.
 *
 * Run: `deno run -A tests/bench/feeds.ts`.
 *
 * @module
 */
import { parseFeed, UnreadableFeed } from "../../lib/topics/news/parse/parse.ts";
import { htmlToText } from "../../lib/topics/news/parse/html_text.ts";
import { print } from "../support/print.ts";

const SIZES = [1_000_000, 2_000_000, 4_000_000, 8_000_000];
const RUNS = 3;
const MAX_GROWTH = 3;

/** Below this, in ms, the clock and the garbage collector tell more than the size does. */
const NOISE_MS = 10;

const NOW = Date.UTC(2026, 9, 5, 15);

function filled(text: string, size: number): string {
  return text.repeat(Math.ceil(size / text.length));
}

function rss(inner: string): string {
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>x</title><link>https://x.example/</link>${inner}</channel></rss>`;
}

function inItem(inner: string): string {
  return rss(`<item><title>A</title><link>https://a.example/1</link>${inner}</item>`);
}

function rssItem(n: number): string {
  return `<item><title>Headline ${n}: S&amp;P 500 &#8212; moves &quot;higher&quot;</title><link>https://news.example/a/${n}?utm_source=rss</link><guid isPermaLink="false">id-${n}</guid><pubDate>Mon, 05 Oct 2026 13:55:10 GMT</pubDate><description>&lt;p&gt;Shares of company ${n} rose after &lt;b&gt;earnings&lt;/b&gt; beat estimates &amp;amp; guidance was raised. &lt;img src="https://x.example/i/${n}.jpg" onerror="alert(1)"/&gt;&lt;/p&gt;</description></item>`;
}

function atomEntry(n: number): string {
  return `<entry><title type="html">Headline ${n}: S&amp;amp;P 500</title><link rel="alternate" href="https://news.example/a/${n}"/><id>tag:news.example,2026:${n}</id><updated>2026-10-05T13:55:10Z</updated><summary type="html">&lt;p&gt;Shares rose.&lt;/p&gt;</summary></entry>`;
}

function joinUpTo(make: (n: number) => string, size: number): string {
  const parts: string[] = [];
  for (let length = 0, n = 0; length < size; n++) {
    const part = make(n);
    parts.push(part);
    length += part.length;
  }
  return parts.join("");
}

function jsonFeed(size: number): string {
  const items = joinUpTo(
    (n) => `,{"id":"${n}","url":"https://a.example/${n}","title":"T ${n}"}`,
    size,
  );
  return `{"version":"https://jsonfeed.org/version/1.1","items":[${items.slice(1)}]}`;
}

/** Creates documents of about `size` characters. */
const DOCUMENTS: Readonly<Record<string, (size: number) => string>> = {
  "RSS": (size) => rss(joinUpTo(rssItem, size)),
  "Atom": (size) => `<feed xmlns="http://www.w3.org/2005/Atom">${joinUpTo(atomEntry, size)}</feed>`,
  "RSS 1.0": (size) =>
    `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">${
      joinUpTo(rssItem, size)
    }</rdf:RDF>`,
  "JSON Feed": jsonFeed,
  "one long description": (size) =>
    inItem(`<description>${filled("lorem &lt;b&gt; ", size)}</description>`),
  "a long CDATA of <": (size) =>
    inItem(`<description><![CDATA[${filled("<", size)}]]></description>`),
  "a long CDATA of <script": (size) =>
    inItem(`<description><![CDATA[${filled("<script", size)}]]></description>`),
  "a long CDATA of <a '>": (size) =>
    inItem(`<description><![CDATA[${filled("<a '>'", size)}]]></description>`),
  "many CDATA": (size) => inItem(`<description>${filled("<![CDATA[x]]>", size)}</description>`),
  "many &": (size) => inItem(`<description>${filled("&", size)}</description>`),
  "&amp;amp;amp;": (size) => inItem(`<description>&${filled("amp;", size)}</description>`),
  "many elements in an item": (size) => inItem(filled("<a/>", size)),
  "many elements in the channel": (size) =>
    rss(filled("<item><title>A</title><link>/1</link></item>", 3000) + filled("<a/>", size)),
  "many attributes": (size) => inItem(`<a ${joinUpTo((n) => `a${n}="1" `, size)}/>`),
  "many namespaces": (size) =>
    inItem(joinUpTo((n) => `<a xmlns:p${n}="http://www.w3.org/2005/Atom">`, size / 10)),
  "many links": (size) => inItem(filled("<link/>text", size)),
  "deep elements": (size) => inItem(filled("<a>", size)),
  "deep elements in a description": (size) =>
    inItem(
      `<description>${filled(`${"<p>".repeat(900)}${"</p>".repeat(900)}`, size)}</description>`,
    ),
  "end tags below deep elements": (size) => inItem("<a>".repeat(900) + filled("</b>", size)),
  "many comments": (size) => rss(filled("<!-- c -->", size)),
  "many <!": (size) => rss(filled("<!", size)),
  "many </a>": (size) => rss(filled("</a>", size)),
  "many <a ": (size) => inItem(filled("<a ", size)),
  "many carriage returns": (size) => rss(filled("\r", size)),
};

/** Texts of a publisher or a JSON Feed. */
const TEXTS: Readonly<Record<string, string>> = {
  "text of <": "<",
  "text of <script": "<script",
  "text of <script>": "<script>",
  "text of &lt;": "&lt;",
  "text of &amp;": "&amp;",
  'text of <a="': '<a="',
  "text of <!--": "<!--",
  "text of <![CDATA[": "<![CDATA[",
  "text of combining marks": "e\u0301\u0301\u0301",
};

function read(document: string): void {
  try {
    parseFeed(document, "https://feeds.example/rss", NOW);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableFeed)) throw thrown;
  }
}

/** The least of some runs, in ms: the time of the work without other load. */
function timeOf(task: () => void): number {
  let least = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const begun = performance.now();
    task();
    least = Math.min(least, performance.now() - begun);
  }
  return least;
}

/** Prints a line. @returns Whether the time grew no faster than it may. */
function measure(name: string, task: (size: number) => () => void): boolean {
  const times = SIZES.map((size) => timeOf(task(size)));
  const [least = 0, most = 0] = [times[0], times.at(-1)];
  // Over all sizes, since a single step may be one into another cache, or into a collection of garbage.
  const growth = (most / Math.max(least, NOISE_MS / 10)) ** (1 / (SIZES.length - 1));
  const isLinear = growth < MAX_GROWTH || most < NOISE_MS;
  const cells = times.map((ms) => ms.toFixed(1).padStart(7)).join(" | ");
  const verdict = isLinear ? "" : "grows too fast";
  print(`| ${name.padEnd(30)} | ${cells} | ×${growth.toFixed(1)} | ${verdict} |`);
  return isLinear;
}

/** Prints the memory of a reading, before any collection. */
function measureMemory(name: string, task: () => void): void {
  const before = Deno.memoryUsage();
  task();
  const after = Deno.memoryUsage();
  const [heap, rss] = [after.heapUsed - before.heapUsed, after.rss - before.rss]
    .map((bytes) => (bytes / 1e6).toFixed(1));
  print(`${name} of 1 MB: ${heap} MB more heap, ${rss} MB more memory of the process.`);
}

if (import.meta.main) {
  for (const name of ["RSS", "RSS 1.0", "Atom", "JSON Feed"]) {
    const document = DOCUMENTS[name]?.(1_000_000) ?? "";
    measureMemory(name, () => read(document));
  }
  print("");
  print(`| ms, the least of ${RUNS} runs | 1 MB | 2 MB | 4 MB | 8 MB | growth | |`);
  print("| --- | --- | --- | --- | --- | --- | --- |");
  const results = [
    ...Object.entries(DOCUMENTS).map(([name, make]) =>
      measure(name, (size) => {
        const document = make(size);
        return () => read(document);
      })
    ),
    ...Object.entries(TEXTS).map(([name, piece]) =>
      measure(name, (size) => {
        const text = filled(piece, size);
        return () => void htmlToText(text, 500);
      })
    ),
  ];
  Deno.exitCode = results.every(Boolean) ? 0 : 1;
}
