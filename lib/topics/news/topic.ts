/**
 * The topic of news: every article, correction and retraction, in the order in which they came.
 *
 * @module
 */
import { defineTopic, type Topic } from "../../core/topic.ts";
import { Article, Retraction } from "./article.ts";

/** Defines the topic. Its events' tags are the names of all sources the article ever had. */
export function newsTopic(): Topic {
  return defineTopic({
    name: "news",
    metricKind: "news",
    kind: "log",
    events: {
      "article": Article,
      "article.updated": Article,
      "article.retracted": Retraction,
    },
  });
}
