/**
 * The status of a feed as the wire has it.
 *
 * @module
 */
import { z } from "zod";
import { isoTime, WireTime } from "../../core/time.ts";
import { SourceName } from "./article.ts";
import type { FeedState } from "./feed_state.ts";
import type { Feed } from "./feeds.ts";

/**
 * The status of a feed.
 *
 * | state       | means                                                       |
 * | ----------- | ----------------------------------------------------------- |
 * | `waiting`   | not polled yet                                              |
 * | `ok`        | the last poll brought a document                            |
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
}).meta({ id: "FeedStatus" });

/** The status of a feed. */
export type FeedStatus = Readonly<z.infer<typeof FeedStatus>>;

/** Removes the query of a URL, because it may contain an operator's key. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function toWireTime(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Converts the state of a feed to its status. A feed is `moved` as long as the settings name its former URL. */
export function toFeedStatus({ name, title, url }: Feed, feedState: FeedState): FeedStatus {
  const { state, reason, polled_at, next_poll_at } = feedState;
  const isRedirected = feedState.url !== url;
  const hasMoved = isRedirected && (state === "ok" || state === "unchanged");
  return {
    source: name,
    name: title,
    url: withoutQuery(url),
    state: hasMoved ? "moved" : state,
    moved_to: isRedirected ? withoutQuery(feedState.url) : null,
    reason,
    polled_at: toWireTime(polled_at),
    next_poll_at: state === "waiting" ? null : toWireTime(next_poll_at),
  };
}
