/**
 * Articles, retractions and the status of feeds as the wire has them, and the topic of their events.
 *
 * @module
 */
import { z } from "zod";
import { WireTime } from "../../core/time.ts";
import { defineTopic } from "../../core/topic.ts";

/** The longest title, in UTF-16 units. A longer one is cut. */
export const TITLE_LENGTH = 300;

/** The longest summary, in UTF-16 units. A longer one is cut. */
export const SUMMARY_LENGTH = 500;

/** The most sources of an article: a stream's filter takes as many. */
export const MAX_ARTICLE_SOURCES = 20;

/** Names a source in filters: a plain word. */
export const SourceName = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/).meta({
  id: "SourceName",
  description: "A word that names a source.",
  example: "fed",
});

/** One source of an article. */
export const ArticleSource = z.object({
  source: SourceName,
  name: z.string().meta({
    description: "The source's name for people.",
    example: "Federal Reserve",
  }),
  url: z.string().meta({ description: "The article at this source." }),
}).meta({ id: "ArticleSource" });

/** One source of an article. */
export type ArticleSource = Readonly<z.infer<typeof ArticleSource>>;

/** One article in plain text, never HTML. Its first source wrote its title and summary. */
export const Article = z.object({
  id: z.string().meta({ example: "Zm9vYmFyYmF6cXV4" }),
  title: z.string().meta({ example: "Gold's slide deepens & silver follows" }),
  summary: z.string().meta({ description: "Empty if the source gives none." }),
  url: z.string().meta({ example: "https://news.example/a/2" }),
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
  simulated: z.boolean(),
}).meta({ id: "Article" });

/** One article. */
export type Article = Readonly<z.infer<typeof Article>>;

/** The id of an article that was retracted: no list and no replay has it any more. */
export const Retraction = z.object({ id: z.string() }).meta({ id: "ArticleRetraction" });

/** The event type of a retraction. */
export const RETRACTED = "article.retracted";

/**
 * The status of a feed.
 *
 * | state       | means                                                       |
 * | ----------- | ----------------------------------------------------------- |
 * | `waiting`   | not polled yet                                              |
 * | `ok`        | the last poll brought a document                            |
 * | `unchanged` | the last poll brought nothing new (304)                     |
 * | `moved`     | it answers at another URL (301, 308): `moved_to`            |
 * | `broken`    | the last poll failed: `reason`                              |
 * | `gone`      | it answered 410, and is not polled again                    |
 */
export const FeedStatus = z.object({
  source: SourceName,
  name: z.string(),
  url: z.string().meta({ description: "As configured, without its query." }),
  state: z.enum(["waiting", "ok", "unchanged", "moved", "broken", "gone"]),
  moved_to: z.string().nullable(),
  reason: z.string().nullable(),
  polled_at: WireTime.nullable(),
  next_poll_at: WireTime.nullable().meta({
    description: "Null if the feed is not polled again.",
  }),
}).meta({ id: "FeedStatus" });

/** The status of a feed. */
export type FeedStatus = Readonly<z.infer<typeof FeedStatus>>;

/** The topic of news. Events are tagged with every source their article ever had. */
export const newsTopic = defineTopic({
  name: "news",
  metricKind: "news",
  kind: "log",
  events: { "article": Article, "article.updated": Article, [RETRACTED]: Retraction },
});
