/**
 * The status of a feed as the wire has it.
 *
 * @module
 */
import { z } from "zod";
import { isoTime, WireTime } from "../../core/time.ts";
import { SourceName } from "./article.ts";
import type { FeedState } from "./feed_state.ts";
import { type Feed, withoutQuery } from "./feeds.ts";

/**
 * The status of a feed.
 *
 * | state       | means                                                       |
 * | ----------- | ----------------------------------------------------------- |
 * | `waiting`   | not polled yet                                              |
 * | `ok`        | the last poll brought a document; `reason` if items miss    |
 * | `unchanged` | the last poll brought nothing new (304)                     |
 * | `moved`     | it responds at another URL (301, 308): `moved_to`           |
 * | `broken`    | the last poll failed: `reason`                              |
 * | `gone`      | it responded with 410: no poll before its state expires     |
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
  items: z.int().meta({ description: "The number of items in the last document." }),
  skipped: z.int().meta({ description: "Those of them without a link or without words." }),
  cut: z.int().meta({
    description:
      "Those of them that gave way to newer ones, because lists retain NEWS_PER_SOURCE articles of a source.",
  }),
  undated: z.int().meta({ description: "Those of them without a date that can be true." }),
  last_article_at: WireTime.nullable().meta({
    description:
      "The time of the last new article: when this server saw it, or the newest date of the feed's first document.",
  }),
}).meta({ id: "FeedStatus" });

/** The status of a feed. */
export type FeedStatus = Readonly<z.infer<typeof FeedStatus>>;

function toWireTime(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Writes a share of the items and its verb, such as "12 of 30 items have". */
function shareText(count: number, items: number): string {
  return `${count} of ${items} items ${count === 1 ? "has" : "have"}`;
}

/** Tells in words why articles of the last document may be missing. Returns null if none is. */
function lossReason({ state, full_read_at, items, skipped, cut }: FeedState): string | null {
  if (full_read_at === null || state !== "ok" && state !== "unchanged") return null;
  if (items === 0) return "The document has no items";
  const losses = [
    ...skipped > 0 ? [`${shareText(skipped, items)} no link or no words`] : [],
    ...cut > 0 ? [`${shareText(cut, items)} given way to newer ones`] : [],
  ];
  return losses.length > 0 ? losses.join("; ") : null;
}

/** Converts the state of a feed to its status. A feed is `moved` as long as the settings name its former URL. */
export function toFeedStatus({ name, title, url }: Feed, feedState: FeedState): FeedStatus {
  const { state, polled_at, next_poll_at, items, skipped, cut, undated } = feedState;
  const isRedirected = feedState.url !== url;
  const hasMoved = isRedirected && (state === "ok" || state === "unchanged");
  return {
    source: name,
    name: title,
    url: withoutQuery(url),
    state: hasMoved ? "moved" : state,
    moved_to: isRedirected ? withoutQuery(feedState.url) : null,
    reason: feedState.reason ?? lossReason(feedState),
    polled_at: toWireTime(polled_at),
    next_poll_at: state === "waiting" ? null : toWireTime(next_poll_at),
    items,
    skipped,
    cut,
    undated,
    last_article_at: toWireTime(feedState.last_article_at),
  };
}
