/** The charset of a body: what the bytes are goes before what the response says. */
import { assertEquals, assertRejects } from "@std/assert";
import { readText } from "../../lib/upstream/body.ts";
import { UpstreamFailure } from "../../lib/upstream/failure.ts";

const OPTIONS = { title: "A feed", maxBytes: 10_000 };

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Encodes text in UTF-16. */
function utf16(text: string, isLittleEndian: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) {
    view.setUint16(2 * at, text.charCodeAt(at), isLittleEndian);
  }
  return new Uint8Array(view.buffer);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const prolog = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>`;

/** "Привет" in windows-1251. */
const CYRILLIC = "\xcf\xf0\xe8\xe2\xe5\xf2";

const CASES: readonly (readonly [
  what: string,
  type: string,
  body: Uint8Array<ArrayBuffer>,
  end: string,
])[] = [
  ["UTF-16LE with a byte order mark", "text/xml", utf16("\ufeff<a>é", true), "<a>é"],
  ["UTF-16BE with a byte order mark", "text/xml", utf16("\ufeff<a>é", false), "<a>é"],
  ["UTF-16LE without a mark", "text/xml", utf16(`${prolog("utf-16")}é`, true), "é"],
  ["UTF-16BE without a mark", "text/xml; charset=utf-8", utf16("<a>é", false), "<a>é"],
  ["a mark beside another charset", "text/xml; charset=ISO-8859-1", utf8("\ufeff<a>é"), "<a>é"],
  ["UTF-8 under a server's default", "text/xml; charset=ISO-8859-1", utf8("Café €5"), "Café €5"],
  [
    "UTF-8 that declares UTF-16",
    "text/xml; charset=utf-16",
    utf8(`${prolog("utf-16")}Café`),
    "Café",
  ],
  [
    "windows-1251 under a header of UTF-8",
    "text/xml; charset=utf-8",
    latin1(`${prolog("windows-1251")}${CYRILLIC}`),
    "Привет",
  ],
  [
    "blanks before the declaration",
    "text/xml",
    latin1(`\n ${prolog("windows-1251")}${CYRILLIC}`),
    "Привет",
  ],
  ["a charset in single quotes", "text/xml; charset='iso-8859-1'", latin1("Caf\xe9"), "Café"],
  [
    "ISO-2022-JP, whose bytes are ASCII",
    "text/xml; charset=iso-2022-jp",
    latin1('\x1b$B$"\x1b(B'),
    "あ",
  ],
  ["no charset that fits", "text/xml", latin1("Caf\xe9"), "Caf\ufffd"],
];

for (const [what, type, body, end] of CASES) {
  Deno.test(`readText() decodes ${what}`, async () => {
    const response = new Response(body, { headers: { "content-type": type } });
    const text = await readText(response, new AbortController().signal, OPTIONS);
    assertEquals(text.slice(-end.length), end);
  });
}

Deno.test("readText() unzips a body that is compressed although no header says so, within the same limit", async () => {
  const zip = (text: string) =>
    new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")));
  const { signal } = new AbortController();
  assertEquals(await readText(zip("<rss>é</rss>"), signal, OPTIONS), "<rss>é</rss>");
  await assertRejects(() => readText(zip("a".repeat(10_001)), signal, OPTIONS), UpstreamFailure);
});
