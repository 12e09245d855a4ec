/**
 * The filter of news, by source, symbol and words: as the tags of events, and on articles.
 *
 * @module
 */
import type { TagCondition, TopicFilter } from "../../core/topic.ts";
import type { Article, RankedArticle } from "./article.ts";
import { newsTopic } from "./topic.ts";

/** A filter of news. An article passes if it passes each part. Null lets all pass. */
export interface NewsFilter {
  /** The article has one of these sources. Unique and sorted. */
  readonly sources: readonly string[] | null;
  /** The article has one of these symbols. Unique and sorted. */
  readonly symbols: readonly string[] | null;
  /** The title or the summary contains the beginnings of all of these words. Folded, unique and sorted. */
  readonly words: readonly string[] | null;
}

/** The filter that lets all articles pass. */
export const ALL_NEWS: NewsFilter = { sources: null, symbols: null, words: null };

/** The first characters of a tag that is a symbol. No source begins with them. */
const SYMBOL_TAG = "$";

/** The first character of a tag that is the folded text of an article. No source begins with it. */
const TEXT_TAG = " ";

/** The first character of a tag that ranks an undated article. No source begins with it. */
const RANK_TAG = "@";

/** The tag of an article that live streams leave out. No source has its name. */
const BACKFILL_TAG = "!backfill";

/** Matches a character of a script that writes words without spaces between them. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Folds text for comparison: lower case, without accents, punctuation as single spaces. */
function foldText(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().replaceAll("ß", "ss")
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** Splits a search into folded words, unique and sorted. A word with punctuation, such as `S&P`, is a phrase. */
export function foldWords(search: string): string[] {
  const words = search.split(/\s+/).map(foldText).filter((word) => word !== "");
  return [...new Set(words)].toSorted();
}

/** Returns true if a text tag contains the beginning of a word. */
function containsWord(textTag: string, word: string): boolean {
  return textTag.includes(UNSPACED.test(word) ? word : ` ${word}`);
}

/** Returns the tags by which filters find an article: its sources, its symbols, and its folded text. */
export function articleTags(
  { sources, symbols, title, summary }: Pick<Article, "sources" | "symbols" | "title" | "summary">,
): string[] {
  return [
    ...sources.map(({ source }) => source),
    ...symbols.map((symbol) => SYMBOL_TAG + symbol),
    TEXT_TAG + foldText(`${title} ${summary}`),
  ];
}

/** Returns the tags of an event that are no part of its article: its rank, and the mark of a new article that is old. */
export function eventTags(
  { article, rankAt }: RankedArticle,
  isNew: boolean,
): string[] {
  return [
    ...rankAt === null ? [] : [RANK_TAG + rankAt],
    ...isNew && article.backfill ? [BACKFILL_TAG] : [],
  ];
}

/** Tests if filters find an article by a tag. */
export function isArticleTag(tag: string): boolean {
  return tag !== BACKFILL_TAG && !tag.startsWith(RANK_TAG);
}

/** Returns the rank that an event's tags carry, or null. */
export function rankOf(tags: readonly string[]): number | null {
  const tag = tags.find((tag) => tag.startsWith(RANK_TAG));
  return tag === undefined ? null : Number(tag.slice(RANK_TAG.length));
}

function conditionOf({ symbols, words }: NewsFilter): TagCondition | null {
  if (symbols === null && words === null) return null;
  const symbolTags = symbols && new Set(symbols.map((symbol) => SYMBOL_TAG + symbol));
  return {
    key: JSON.stringify([symbols, words]),
    matches: (tags) =>
      (symbolTags === null || tags.some((tag) => symbolTags.has(tag))) &&
      (words === null || tags.some((tag) =>
        tag.startsWith(TEXT_TAG) && words.every((word) => containsWord(tag, word))
      )),
  };
}

/**
 * Converts a filter to that of the topic, for lists. An update and a retraction have the tags of the earlier versions too,
 * so a client that has received an article learns what becomes of it.
 */
export function newsListFilter(filter: NewsFilter): TopicFilter {
  return { topic: newsTopic, tags: filter.sources, condition: conditionOf(filter) };
}

/** Converts a filter to that of a stream, which leaves out the articles that were old when their feed was first polled. */
export function newsTopicFilter(filter: NewsFilter): TopicFilter {
  const condition = conditionOf(filter);
  return {
    topic: newsTopic,
    tags: filter.sources,
    condition: {
      key: `live ${condition?.key ?? ""}`,
      matches: (tags) => !tags.includes(BACKFILL_TAG) && (condition?.matches(tags) ?? true),
    },
  };
}

/** Creates the test of a filter on articles, as they are now. */
export function articleTest(filter: NewsFilter): (article: Article) => boolean {
  const { sources } = filter;
  const condition = conditionOf(filter);
  return (article) =>
    (sources === null || article.sources.some(({ source }) => sources.includes(source))) &&
    (condition === null || condition.matches(articleTags(article)));
}
