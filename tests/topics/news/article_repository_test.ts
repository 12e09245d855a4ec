import { assert, assertEquals } from "@std/assert";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import { createArticleProjection } from "../../../lib/topics/news/article_projection.ts";
import { type ArticleEventInput, RETRACTED } from "../../../lib/topics/news/ingest.ts";
import { createArticleRepository } from "../../../lib/topics/news/article_repository.ts";
import { newsTopic } from "../../../lib/topics/news/topic.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { RETAIN_MS } from "./support.ts";

const topic = newsTopic();

/** A press on a log of its own, and who was told what: the type and the tags of each event. */
function createTestPress() {
  const runtime = { clock: createManualClock(), random: () => 0.5 };
  const { log } = createMemoryState(runtime, { retainEvents: 100, retainMs: RETAIN_MS });
  const told: [type: string, tags: readonly string[]][] = [];
  const silent = () => {};
  const press = createArticleRepository({
    topic,
    library: createArticleProjection(log, topic),
    fence: { lease: "news", holder: "here" },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    hub: {
      async publish(_topic, publications, options) {
        const drafts = publications.map(({ type, data, key = "", tags = [] }) => {
          told.push([type, tags]);
          return { type, key, tags, json: JSON.stringify(data) };
        });
        const appended = await log.append(topic, drafts, options);
        assert("ids" in appended);
        return [...appended.ids];
      },
      received: () => Promise.resolve(),
    },
  });
  return { press, told };
}

/** An event of an article that these sources tell. */
function event(type: string, ...sources: readonly string[]): ArticleEventInput {
  const url = "https://news.example/a";
  const article = {
    id: "a",
    title: "A",
    summary: "",
    url,
    sources: sources.map((source) => ({ source, name: source, url })),
    published_at: null,
    first_seen_at: "2026-10-05T15:00:00.000Z",
    updated_at: null,
    symbols: [],
    simulated: false,
  };
  return { type, key: "a", tags: [...sources], data: type === RETRACTED ? { id: "a" } : article };
}

Deno.test("press.publish() tells a retraction to all who were told the article, also of a source that was lost since", async () => {
  const { press, told } = createTestPress();
  await press.publish([event("article", "bbc")], "publisher");
  await press.publish([event("article.updated", "bbc", "cnbc")], "publisher");
  // An editor's correction, by an isolate that had not seen the second source yet.
  await press.publish([event("article.updated", "bbc")], "publisher");
  await press.read();
  await press.publish([event(RETRACTED, "bbc")], "publisher");
  assertEquals(told.at(-1), [RETRACTED, ["bbc", "cnbc"]]);
});
