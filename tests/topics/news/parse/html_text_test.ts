import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { htmlToText } from "../../../../lib/topics/news/parse/html_text.ts";
import { anyCharacter } from "../../../support/any_character.ts";

const TEXTS: Readonly<Record<string, string>> = {
  "<b>Gold</b> &amp; silver rise": "Gold & silver rise",
  "AT&T & S&amp;P": "AT&T & S&P",
  "Fed &amp;amp;amp; ECB": "Fed & ECB",
  "&lt;p&gt;Shares rose &lt;b&gt;2%&lt;/b&gt;.&lt;/p&gt;": "Shares rose 2%.",
  "&amp;lt;i&amp;gt;deep&amp;lt;/i&amp;gt;": "deep",
  "one<br>two<p>three</p>four": "one two three four",
  "a<script>alert('</p>')</script>b<style>i{}</style>c": "a b c",
  "a<SCRIPT src=x>alert(1)</Script >b": "a b",
  "a<script>never ends": "a",
  '<img alt="a > b" src=x onerror=alert(1)>text': "text",
  "don't <p class='x'>stop</p> it's": "don't stop it's",
  "a<!-- <b> > -->b": "a b",
  "a<!-- never ends": "a",
  "<![CDATA[x <b>y</b>]]> z": "x y z",
  "cut off in a <a href='https://": "cut off in a",
  "5 < 6, 7 > 3 and <3": "5 < 6, 7 > 3 and <3",
  "&nbsp; caf&eacute;&rsquo;s &#8212; &#x2665; ": "café’s — ♥",
  "&unknown; &amp &#xZZ;": "&unknown; &amp &#xZZ;",
  "up\u202edown\u0000\u200b\ufeff\u0085&#x202E;&#0;": "updown…�",
  "UPDATE 1-Apple &lt;AAPL.O&gt; beats forecasts": "UPDATE 1-Apple <AAPL.O> beats forecasts",
  "If yield&lt;x then sell": "If yield<x then sell",
  "EUR<USD parity, <b>again</b>": "EUR<USD parity, again",
  "<<<Nonsense>>>": "<<<Nonsense>>>",
  "<o:p>Word</o:p> and <amp-img src=x></amp-img>AMP": "Word and AMP",
  "First.<br/>Second.<p>Third.</p>": "First. Second. Third.",
  "The Fed\u0092s \u0093pause\u0094 \u0096 5 \u0080": "The Fed’s “pause” – 5 €",
  "<\u0000b>no tag is made of a control": "no tag is made of a control",
  "&am&#112;;&l&#116;;b&g&#116;;x": "&x",
  "tabs\tand\r\nlines\u2028end": "tabs and lines end",
  "half \ud83d of a pair": "half � of a pair",
  "👨‍👩‍👧 نمی‌خواهم": "👨‍👩‍👧 نمی‌خواهم",
};

for (const [html, text] of Object.entries(TEXTS)) {
  Deno.test(`htmlToText() makes ${JSON.stringify(text)} of ${JSON.stringify(html)}`, () => {
    assertEquals(htmlToText(html, 300), text);
  });
}

Deno.test("htmlToText() cuts between characters as readers see them, and appends an ellipsis", () => {
  assertEquals(htmlToText("Gold rises", 10), "Gold rises");
  assertEquals(htmlToText("Gold rises!", 10), "Gold rise…");
  assertEquals(htmlToText("Gold slips", 6), "Gold…");
  // A family is one character of eight units.
  assertEquals(htmlToText("👨‍👩‍👧👨‍👩‍👧", 12), "👨‍👩‍👧…");
  assertEquals(htmlToText("cafe\u0301s", 6), "cafe\u0301s");
  assertEquals(htmlToText("cafe\u0301s", 5), "caf…");
  // A first character that is longer than the limit is cut, but never within a pair of surrogates.
  assertEquals(htmlToText("👨‍👩‍👧👨‍👩‍👧", 5), "👨\u200d…");
});

/** Text of markup, entities and forbidden characters in any order. */
const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...["<", ">", "&", ";", "/", "!", "?", "=", '"', "'", "-->", "<!--", "<![CDATA[", "]]>", " "],
      ...["<script>", "</script>", "<a href=", "b", "&lt;", "&gt;", "&amp;", "&#60;", "&#x26;"],
      ...[
        "lt",
        "amp",
        "#38",
        "&semi;",
        "&#59;",
        "\u202e",
        "\u0000",
        "\u200b",
        "\n",
        "👨‍👩‍👧",
        "\ud83d",
      ],
    ),
    fc.string({ unit: anyCharacter, maxLength: 4 }),
  ),
  { maxLength: 60 },
).map((parts) => parts.join(""));

Deno.test("htmlToText() leaves no tags, entities or controls of any input", () => {
  fc.assert(fc.property(hostile, fc.integer({ min: 1, max: 80 }), (html, maxLength) => {
    const text = htmlToText(html, maxLength);
    assertFalse(
      /<[!?]|<\/?(?:a|b|i|p|br|img|script|style|svg|title)(?:[\s/>]|$)/i.test(text),
      text,
    );
    assertFalse(/&(?:lt|gt|amp|#\d+|#x[\da-f]+);/i.test(text), text);
    assertFalse(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u.test(text), text);
    assertFalse(/^\s|\s$|\s\s/.test(text), text);
    assert(text.isWellFormed() && text.length <= maxLength, text);
  }));
});

Deno.test("htmlToText() does not change plain text", () => {
  fc.assert(fc.property(hostile, fc.integer({ min: 1, max: 80 }), (html, maxLength) => {
    const text = htmlToText(html, maxLength);
    assertEquals(htmlToText(text, maxLength), text);
  }));
});

Deno.test("htmlToText() undoes 16 levels of escaping, and leaves no entity of more", () => {
  const escaped = (levels: number) => `a &${"amp;".repeat(levels - 1)}lt;i> b`;
  assertEquals(htmlToText(escaped(15), 300), "a b");
  assertEquals(htmlToText(escaped(18), 300), "a amp;lt;i> b");
  assertEquals(htmlToText(escaped(500), 10), "a amp;amp…");
});
