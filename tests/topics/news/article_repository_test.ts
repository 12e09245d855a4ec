import { assertEquals, assertRejects } from "@std/assert";
import { DAY_MS } from "../../../lib/core/time.ts";
import { createArticleArchive } from "../../../lib/topics/news/article_archive.ts";
import {
  type ArticleEventInput,
  createArticleRepository,
} from "../../../lib/topics/news/article_repository.ts";
import { NEWS_EVENTS, type NewsEventType, newsTopic } from "../../../lib/topics/news/topic.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { article, createTestHub, createTestState, NOW, RETAIN_MS } from "./support.ts";

/** Makes an event of an article. Titles in order of the alphabet are ever newer. */
function event(
  type: NewsEventType,
  id: string,
  title: string,
  ...sources: string[]
): ArticleEventInput {
  const first_seen_at = new Date(NOW + (title.codePointAt(0) ?? 0)).toISOString();
  const data = type === NEWS_EVENTS.retracted
    ? { id }
    : article(id, { title, first_seen_at }, ...sources);
  return { type, key: id, tags: sources, data };
}

/** Creates repositories on one log, and counts the events that each read of the log returns. */
function createTestRepositories({ retainEvents = 1000, maxPerSource = 50 } = {}) {
  const clock = createManualClock(NOW);
  const { log, store, lease } = createTestState(clock, retainEvents);
  const hub = createTestHub(log);
  const reads: number[] = [];
  const { fence } = lease("news");

  function createIsolate(sources: readonly string[] = ["bbc"]) {
    const archive = createArticleArchive({ clock, store, sources });
    return createArticleRepository({
      ...{ clock, hub, store, archive, fence, maxPerSource },
      maxEventBytes: 5000,
      logger: { warn: () => {} },
      log: {
        ...log,
        async after(...args) {
          const page = await log.after(...args);
          reads.push(page.events.length);
          return page;
        },
      },
    });
  }
  const repository = createIsolate();
  const other = createIsolate();
  const publishBy = (isolate: typeof repository, ...events: readonly ArticleEventInput[]) =>
    isolate.update("publisher", () => Promise.resolve({ events, result: null }));

  return {
    clock,
    lease: lease("news"),
    repository,
    createIsolate,
    hub,
    reads,
    publish: (...events: readonly ArticleEventInput[]) => publishBy(repository, ...events),
    /** Publishes an event of an article as another isolate does. */
    publishElsewhere: (id: string, title: string, type: NewsEventType = "article") =>
      publishBy(other, event(type, id, title, "bbc")),
    /** Reads the titles of articles, undefined for those that are not there. */
    async titlesOf(...ids: string[]) {
      const index = await repository.read();
      return ids.map((id) => index.get(id)?.title);
    },
    readLog: () => log.latest(newsTopic, Infinity),
  };
}

Deno.test("articleRepository.read() reads the log once, then only newer events", async () => {
  const { publishElsewhere, titlesOf, reads } = createTestRepositories();
  await publishElsewhere("a", "A");
  await publishElsewhere("b", "B");
  assertEquals(await titlesOf("a", "b"), ["A", "B"]);
  await publishElsewhere("a", "A, corrected", "article.updated");
  reads.length = 0;
  assertEquals(await titlesOf("a", "b"), ["A, corrected", "B"]);
  await titlesOf();
  assertEquals(reads, [1]);
});

Deno.test("articleRepository.read() keeps the newest articles of each source when the log no longer retains them", async () => {
  const test = createTestRepositories({ retainEvents: 2, maxPerSource: 3 });
  const { publishElsewhere, titlesOf, clock } = test;
  for (const title of ["A", "B", "C", "D", "E"]) {
    await publishElsewhere(title.toLowerCase(), title);
    await titlesOf();
  }
  assertEquals(await titlesOf("a", "b", "c", "d", "e"), [undefined, undefined, "C", "D", "E"]);
  await clock.advance(RETAIN_MS + 1);
  assertEquals(await titlesOf("b", "c", "e"), [undefined, "C", "E"]);
  const index = await test.createIsolate().read();
  assertEquals(["b", "c", "e"].map((id) => index.get(id)?.title), [undefined, "C", "E"]);
});

Deno.test("articleRepository.read() has every retained article, whatever their number", async () => {
  const { publish, titlesOf } = createTestRepositories({ retainEvents: 3000 });
  for (let n = 0; n < 2001; n += 500) {
    const numbers = Array.from({ length: Math.min(500, 2001 - n) }, (_, i) => n + i);
    await publish(...numbers.map((i) => event("article", `a${i}`, `A ${i}`, "bbc")));
  }
  assertEquals(await titlesOf("a0", "a2000"), ["A 0", "A 2000"]);
});

Deno.test("articleRepository keeps the articles of a publisher's source for isolates that start later", async () => {
  const test = createTestRepositories();
  await test.publish(event("article", "a", "A", "desk"));
  await test.clock.advance(100 * DAY_MS);
  assertEquals((await test.createIsolate().read()).get("a")?.title, "A");
});

Deno.test("articleRepository.update() computes a change again if another isolate has published in between", async () => {
  const { repository, publishElsewhere, hub } = createTestRepositories();
  const found: (string | undefined)[] = [];
  await repository.update("publisher", async (index) => {
    found.push(index.get("a")?.title);
    if (found.length === 1) await publishElsewhere("a", "A");
    return { events: [event("article", "b", "B", "bbc")], result: null };
  });
  assertEquals(found, [undefined, "A"]);
  assertEquals(hub.published.map(({ key }) => key), ["a", "b"]);
});

Deno.test("articleRepository.update() publishes nothing for a former leader", async () => {
  const test = createTestRepositories();
  await assertRejects(
    () =>
      test.repository.update("feed", () =>
        Promise.resolve({ events: [event("article", "a", "A", "bbc")], result: null })),
    Error,
  );
  assertEquals(test.hub.published, []);
});

Deno.test("articleRepository.update() leaves out a feed's article that is too large, and publishes the others", async () => {
  const test = createTestRepositories();
  await test.lease.claim();
  const large = event("article", "a", "A".repeat(5000), "bbc");
  await test.repository.update("feed", () =>
    Promise.resolve({ events: [large, event("article", "b", "B", "bbc")], result: null }));
  assertEquals(test.hub.published.map(({ key }) => key), ["b"]);
});

Deno.test("articleRepository.update() retracts all events of an article, for every source that they name", async () => {
  const test = createTestRepositories();
  await test.publishElsewhere("a", "A");
  await test.publish(event("article.updated", "a", "A", "bbc", "cnbc"));
  // The correction of an isolate that has not seen the second source.
  await test.publish(event("article.updated", "a", "A", "bbc"));
  await test.publish(event(NEWS_EVENTS.retracted, "a", "", "bbc"));
  const { type, tags = [] } = test.hub.published.at(-1) ?? {};
  assertEquals([type, tags.includes("bbc"), tags.includes("cnbc")], [
    NEWS_EVENTS.retracted,
    true,
    true,
  ]);
  const { events } = await test.readLog();
  assertEquals(events.map((retained) => retained.type), [NEWS_EVENTS.retracted]);
});
