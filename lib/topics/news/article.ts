/**
 * An article and how a feed is doing, as they go over the wire.
 *
 * @module
 */
import { z } from "zod";

/** The longest title, in UTF-16 units: one that is longer is cut. */
export const TITLE_LENGTH = 300;

/** The longest summary, in UTF-16 units. */
export const SUMMARY_LENGTH = 500;

/** Sources an article has at most: what a stream may filter by. */
export const MAX_SOURCES = 20;

const time = z.iso.datetime().meta({ description: "ISO 8601, UTC" });

/** Names a source in filters: a plain word. */
export const SourceName = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/).meta({
  id: "SourceName",
  description: "A word that names a source.",
  example: "fed",
});

/** Where an article came from. */
export const ArticleSource = z.object({
  source: SourceName,
  name: z.string().meta({ description: "For people.", example: "Federal Reserve" }),
  url: z.string().meta({ description: "The article at this source." }),
}).meta({ id: "ArticleSource" });

/** Where an article came from. */
export type ArticleSource = Readonly<z.infer<typeof ArticleSource>>;

/** One article: plain text, never HTML. The first of its sources is the one whose words these are. */
export const Article = z.object({
  id: z.string().meta({ example: "Zm9vYmFyYmF6cXV4" }),
  title: z.string().meta({ example: "Gold's slide deepens & silver follows" }),
  summary: z.string().meta({ description: "Empty where the source gives none." }),
  url: z.string().meta({ example: "https://news.example/a/2" }),
  sources: z.array(ArticleSource).min(1),
  published_at: time.nullable().meta({
    description: "As the source says, null where it says nothing that could be true.",
  }),
  first_seen_at: time.meta({ description: "When we saw it first." }),
  updated_at: time.nullable().meta({ description: "When we saw it change last." }),
  symbols: z.array(z.string()).meta({ example: ["XAU-USD"] }),
  simulated: z.boolean(),
}).meta({ id: "Article" });

/** One article. */
export type Article = Readonly<z.infer<typeof Article>>;

/** An article that was taken back: it is in no list and no replay any more. */
export const Retraction = z.object({ id: z.string() }).meta({ id: "ArticleRetraction" });

/** An article that was taken back. */
export type Retraction = Readonly<z.infer<typeof Retraction>>;

/**
 * How a feed is doing, for people.
 *
 * | state       | means                                                       |
 * | ----------- | ----------------------------------------------------------- |
 * | `waiting`   | not asked yet                                               |
 * | `ok`        | it answered                                                 |
 * | `unchanged` | it answered that nothing is new (304)                       |
 * | `moved`     | it answers elsewhere (301, 308): `moved_to` says where      |
 * | `broken`    | the last call failed: `reason` says how                     |
 * | `gone`      | it answered that it is no more (410), and is left alone     |
 */
export const FeedStatus = z.object({
  source: SourceName,
  name: z.string(),
  url: z.string().meta({ description: "As configured, without its query." }),
  state: z.enum(["waiting", "ok", "unchanged", "moved", "broken", "gone"]),
  moved_to: z.string().nullable(),
  reason: z.string().nullable(),
  polled_at: time.nullable(),
  next_poll_at: time.nullable().meta({ description: "Null where it is not asked again." }),
}).meta({ id: "FeedStatus" });

/** How a feed is doing. */
export type FeedStatus = Readonly<z.infer<typeof FeedStatus>>;
