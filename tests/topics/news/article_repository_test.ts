import { assert, assertEquals } from "@std/assert";
import { newsTopic, RETRACTED } from "../../../lib/topics/news/article.ts";
import {
  type ArticleEventInput,
  ArticleProjection,
  createArticleRepository,
} from "../../../lib/topics/news/article_repository.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { article, createTestState, RETAIN_MS } from "./support.ts";

/** Creates a projection of a small log, and records how many events each read returns. */
function createTestProjection(retainEvents = 1000) {
  const clock = createManualClock();
  const { log } = createTestState(clock, retainEvents);
  const reads: number[] = [];
  const projection = new ArticleProjection({
    ...log,
    async after(...args) {
      const page = await log.after(...args);
      reads.push(page.events.length);
      return page;
    },
  });

  return {
    clock,
    projection,
    reads,
    async append(id: string, title: string, type = "article"): Promise<string> {
      const json = JSON.stringify(article(id, { title }));
      const appended = await log.append(newsTopic, [{ type, key: id, tags: ["bbc"], json }]);
      return "ids" in appended ? appended.ids[0] ?? "" : "";
    },
    async retract(id: string, retracts: readonly string[]): Promise<void> {
      const event = { type: RETRACTED, key: id, tags: ["bbc"], json: JSON.stringify({ id }) };
      await log.append(newsTopic, [event], { retracts });
    },
    titleOf: (id: string) => projection.index.get(id)?.title,
  };
}

Deno.test("ArticleProjection.catchUp() reads the log once, then only newer events", async () => {
  const test = createTestProjection();
  const first = await test.append("a", "A");
  await test.append("b", "B");
  await test.projection.catchUp();
  const second = await test.append("a", "A, corrected", "article.updated");
  await test.projection.catchUp();
  await test.projection.catchUp();
  assertEquals([test.titleOf("a"), test.titleOf("b")], ["A, corrected", "B"]);
  assertEquals(test.projection.eventsOf("a").map(({ id }) => id), [first, second]);
  assertEquals(test.reads, [2, 1, 0]);
});

Deno.test("ArticleProjection.catchUp() removes what the log no longer retains, read or unread", async () => {
  const test = createTestProjection(2);
  await test.append("a", "A");
  await test.projection.catchUp();
  await test.append("b", "B");
  await test.append("c", "C");
  await test.projection.catchUp();
  assertEquals([test.titleOf("a"), test.titleOf("b"), test.titleOf("c")], [undefined, "B", "C"]);
  for (const id of ["d", "e", "f"]) await test.append(id, id);
  await test.projection.catchUp();
  assertEquals([test.titleOf("c"), test.titleOf("d"), test.titleOf("e")], [
    undefined,
    undefined,
    "e",
  ]);
  await test.clock.advance(RETAIN_MS + 1);
  await test.projection.catchUp();
  assertEquals(test.titleOf("f"), undefined);
});

Deno.test("ArticleProjection.catchUp() has every retained article, whatever their number", async () => {
  const test = createTestProjection(3000);
  for (let n = 0; n < 2001; n++) await test.append(`a${n}`, `A ${n}`);
  await test.projection.catchUp();
  assertEquals([test.titleOf("a0"), test.titleOf("a2000")], ["A 0", "A 2000"]);
});

Deno.test("ArticleProjection.catchUp() returns the late events of a retracted article", async () => {
  const test = createTestProjection();
  const first = await test.append("a", "A");
  await test.projection.catchUp();
  const before = await test.append("a", "A, before", "article.updated");
  await test.retract("a", [first]);
  const after = await test.append("a", "A, after", "article.updated");
  const lateEvents = await test.projection.catchUp();
  assertEquals(lateEvents.map(({ id }) => id), [before, after]);
  assertEquals(test.titleOf("a"), undefined);
  await test.retract("a", [before, after]);
  assertEquals(await test.projection.catchUp(), []);
  assertEquals(test.projection.eventsOf("a"), []);
});

/** Makes an event of one article with these sources. */
function event(type: string, ...sources: readonly string[]): ArticleEventInput {
  const data = type === RETRACTED ? { id: "a" } : article("a", {}, ...sources);
  return { type, key: "a", tags: [...sources], data };
}

Deno.test("articleRepository.publish() tags a retraction with every source of the article's events, lost ones too", async () => {
  const { log } = createTestState(createManualClock());
  const published: [type: string, tags: readonly string[]][] = [];
  const repository = createArticleRepository({
    log,
    fence: { lease: "news", holder: "here" },
    logger: { warn: () => {} },
    hub: {
      async publish(topic, events, options) {
        const serialized = events.map(({ type, data, key = "", tags = [] }) => {
          published.push([type, tags]);
          return { type, key, tags, json: JSON.stringify(data) };
        });
        const appended = await log.append(topic, serialized, options);
        assert("ids" in appended);
        return [...appended.ids];
      },
      received: () => Promise.resolve(),
    },
  });
  await repository.publish([event("article", "bbc")], "publisher");
  await repository.publish([event("article.updated", "bbc", "cnbc")], "publisher");
  // The correction of an isolate that has not seen the second source yet.
  await repository.publish([event("article.updated", "bbc")], "publisher");
  await repository.read();
  await repository.publish([event(RETRACTED, "bbc")], "publisher");
  assertEquals(published.at(-1), [RETRACTED, ["bbc", "cnbc"]]);
});
