/**
 * The topic `news`: articles, their updates and retractions.
 *
 * @module
 */
import { z } from "zod";
import type { StreamEvent } from "../../core/event.ts";
import { defineTopic } from "../../core/topic.ts";
import { Article } from "./article.ts";

/** The event types of the topic. */
export const NEWS_EVENTS = {
  added: "article",
  updated: "article.updated",
  retracted: "article.retracted",
} as const;

/** An event type of the topic. */
export type NewsEventType = typeof NEWS_EVENTS[keyof typeof NEWS_EVENTS];

/** The data of a retraction: the id of an article that lists and replays leave out from then on. */
export const Retraction = z.object({ id: z.string() }).meta({ id: "ArticleRetraction" });

/** An event of the topic, as far as the projection of articles reads it. */
export type NewsEvent = Pick<StreamEvent, "type" | "json" | "tags">;

/** The topic of news. Each event has the tags of its article, and those of the article's earlier events. */
export const newsTopic = defineTopic({
  name: "news",
  metricKind: "news",
  kind: "log",
  events: {
    [NEWS_EVENTS.added]: Article,
    [NEWS_EVENTS.updated]: Article,
    [NEWS_EVENTS.retracted]: Retraction,
  },
});
