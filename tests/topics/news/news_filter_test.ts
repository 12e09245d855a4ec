import { assert, assertEquals, assertFalse } from "@std/assert";
import { passes } from "../../../lib/core/topic.ts";
import {
  ALL_NEWS,
  articleTags,
  articleTest,
  foldWords,
  type NewsFilter,
  newsListFilter,
} from "../../../lib/topics/news/news_filter.ts";
import { article } from "./support.ts";

const GOLD = article("gold", {
  title: "Zürich: Gold's slide — S&P up 5.2%",
  summary: "Straßenpreise; 日銀が金利を据え置く",
  symbols: ["XAU-USD"],
});

/** Tests an article with both forms of a filter, which must agree. */
function matches(filter: Partial<NewsFilter>): boolean {
  const newsFilter = { ...ALL_NEWS, ...filter };
  const { tags, condition } = newsListFilter(newsFilter);
  const set = tags && new Set(tags);
  const asEvent = passes({ tags: set, condition: condition ?? null }, { tags: articleTags(GOLD) });
  assertEquals(articleTest(newsFilter)(GOLD), asEvent);
  return asEvent;
}

Deno.test("a search finds words of title and summary, without regard to case, accents and punctuation", () => {
  const found = [
    "ZURICH",
    "zürich gold",
    "slide gold's",
    "s&p",
    "5.2",
    "strasse",
    "金利",
    "up 日銀",
  ];
  for (const search of found) assert(matches({ words: foldWords(search) }), search);
});

Deno.test("a search finds neither the insides of words, nor articles that lack one of its words", () => {
  for (const search of ["old", "lide", "gold silver", "p5", "金融"]) {
    assertFalse(matches({ words: foldWords(search) }), search);
  }
});

Deno.test("foldWords() is canonical: unique, sorted, and empty for punctuation", () => {
  assertEquals(foldWords(" Gold  fed GÖLD "), ["fed", "gold"]);
  assertEquals(foldWords(" -- & "), []);
});

Deno.test("a filter of news takes articles that have one of its symbols, one of its sources, and all of its words", () => {
  const [source = ""] = GOLD.sources.map((one) => one.source);
  assert(matches({ symbols: ["BTC-USD", "XAU-USD"] }));
  assertFalse(matches({ symbols: ["BTC-USD"] }));
  assert(matches({ sources: [source], symbols: ["XAU-USD"], words: ["gold"] }));
  assertFalse(matches({ sources: ["elsewhere"], symbols: ["XAU-USD"], words: ["gold"] }));
  assertFalse(matches({ sources: [source], symbols: ["XAU-USD"], words: ["oil"] }));
});

Deno.test("a symbol is no source, and a source no symbol", () => {
  const other = { ...GOLD, symbols: ["7203"] };
  assertFalse(articleTest({ ...ALL_NEWS, sources: ["7203"] })(other));
  assert(articleTest({ ...ALL_NEWS, symbols: ["7203"] })(other));
});

Deno.test("equal filters of news have equal conditions, different ones do not", () => {
  const keyOf = (filter: Partial<NewsFilter>) =>
    newsListFilter({ ...ALL_NEWS, ...filter }).condition?.key;
  assertEquals(keyOf({ words: ["a"] }), keyOf({ words: ["a"] }));
  assert(keyOf({ words: ["a"] }) !== keyOf({ symbols: ["a"] }));
  assertEquals(keyOf({}), undefined);
});
