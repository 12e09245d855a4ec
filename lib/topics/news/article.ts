/**
 * Articles as the wire has them.
 *
 * @module
 */
import { z } from "zod";
import { WireTime } from "../../core/time.ts";

/** The longest title, in UTF-16 units. A longer one is cut. */
export const MAX_TITLE_CHARACTERS = 300;

/** The longest summary, in UTF-16 units. A longer one is cut. */
export const MAX_SUMMARY_CHARACTERS = 500;

/** The longest guid of an item, in UTF-16 units. A feed's longer one is cut, a publisher's is refused. */
export const MAX_GUID_CHARACTERS = 512;

/** The most sources of an article. The events carry them as tags, and a stream's filter takes as many. */
export const MAX_ARTICLE_SOURCES = 20;

/** The name of a source in filters: a plain word. */
export const SourceName = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/).meta({
  id: "SourceName",
  description: "A word that names a source.",
  example: "fed",
});

/** The longest author, in UTF-16 units. A longer one is cut. */
export const MAX_AUTHOR_CHARACTERS = 200;

/** The most categories of an article. */
export const MAX_CATEGORIES = 20;

/** The longest category, in UTF-16 units. A longer one is cut. */
export const MAX_CATEGORY_CHARACTERS = 100;

/** One source of an article. */
export const ArticleSource = z.object({
  source: SourceName,
  name: z.string().meta({
    description: "The source's display name.",
    example: "Federal Reserve",
  }),
  url: z.string().meta({ description: "The article at this source." }),
}).meta({ id: "ArticleSource" });

/** One source of an article. */
export type ArticleSource = Readonly<z.infer<typeof ArticleSource>>;

/** An article in plain text, never HTML. Its first source wrote its title and summary. */
export const Article = z.object({
  id: z.string().meta({ example: "Zm9vYmFyYmF6cXV4" }),
  story: z.string().meta({
    description:
      "Equal for articles of several sources about one story: the id of the first of them.",
    example: "Zm9vYmFyYmF6cXV4",
  }),
  title: z.string().meta({ example: "Gold's slide deepens & silver follows" }),
  summary: z.string().meta({ description: "Empty if the source gives none." }),
  url: z.string().meta({ example: "https://news.example/a/2" }),
  image: z.string().nullable().meta({
    description: "The https URL of a picture at the source. Null if the source gives none.",
  }),
  author: z.string().nullable(),
  categories: z.array(z.string()).meta({ description: "As the source names them." }),
  language: z.string().nullable().meta({
    description: "A language tag (BCP 47).",
    example: "en",
  }),
  sources: z.array(ArticleSource).min(1),
  published_at: WireTime.nullable().meta({
    description: "The source's own time. Null if it gives none, or one that cannot be true.",
  }),
  first_seen_at: WireTime.meta({
    description: "The time at which this server first saw the article.",
  }),
  updated_at: WireTime.nullable().meta({
    description: "The time of the last change. Null if there was none.",
  }),
  symbols: z.array(z.string()).meta({ example: ["XAU-USD"] }),
  backfill: z.boolean().meta({
    description:
      "True if the article was old when its feed was polled for the first time. Lists have it, live streams do not.",
  }),
  simulated: z.boolean(),
}).meta({ id: "Article" });

/** An article in plain text. */
export type Article = Readonly<z.infer<typeof Article>>;

/** The fields that articles of earlier versions lack in the store. */
const LATER_FIELDS = {
  image: null,
  author: null,
  categories: [],
  language: null,
  backfill: false,
};

/** Converts a stored article, of this version or an earlier one. @throws {z.ZodError} If it has another shape. */
export function toArticle(stored: unknown): Article {
  const { id, ...fields } = z.looseObject({ id: z.string() }).parse(stored);
  return Article.parse({ id, story: id, ...LATER_FIELDS, ...fields });
}

/** An article, and what its place in lists depends on. */
export interface RankedArticle {
  readonly article: Article;
  /** The rank of an undated item in its feed, in milliseconds since the Unix epoch. Null if the article needs none. */
  readonly rankAt: number | null;
}

/**
 * Returns the time by which an article is sorted, in milliseconds since the Unix epoch: its publication, or its first
 * sight if a fast clock dates it later. An undated one is sorted by its neighbours in its feed.
 */
export function sortTimeOf({ article, rankAt }: RankedArticle): number {
  const seenAt = Date.parse(article.first_seen_at);
  const publishedAt = article.published_at === null ? rankAt : Date.parse(article.published_at);
  return publishedAt === null ? seenAt : Math.min(publishedAt, seenAt);
}
