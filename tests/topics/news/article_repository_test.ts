import { assert, assertEquals } from "@std/assert";
import type { EventInput } from "../../../lib/core/event.ts";
import type { AppendOptions } from "../../../lib/store/event_log.ts";
import {
  type ArticleEventInput,
  createArticleRepository,
} from "../../../lib/topics/news/article_repository.ts";
import { NEWS_EVENTS, type NewsEventType, newsTopic } from "../../../lib/topics/news/topic.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { article, createTestState, RETAIN_MS } from "./support.ts";

/** Makes an event of an article. */
function event(
  type: NewsEventType,
  id: string,
  title: string,
  ...sources: string[]
): ArticleEventInput {
  const data = type === NEWS_EVENTS.retracted ? { id } : article(id, { title }, ...sources);
  return { type, key: id, tags: sources, data };
}

/** Creates a repository on a log, and records what it publishes and how many events each read returns. */
function createTestRepository(retainEvents = 1000) {
  const clock = createManualClock();
  const { log } = createTestState(clock, retainEvents);
  const published: (Pick<EventInput, "type" | "tags"> & Pick<AppendOptions, "retracts">)[] = [];
  const reads: number[] = [];

  async function append(
    { type, data, key = "", tags = [] }: EventInput,
    options?: AppendOptions,
  ): Promise<string> {
    const serialized = { type, key, tags, json: JSON.stringify(data) };
    const appended = await log.append(newsTopic, [serialized], options);
    assert("ids" in appended);
    const [id] = appended.ids;
    assert(id !== undefined);
    return id;
  }

  const repository = createArticleRepository({
    log: {
      ...log,
      async after(...args) {
        const page = await log.after(...args);
        reads.push(page.events.length);
        return page;
      },
    },
    fence: { lease: "news", holder: "here" },
    logger: { warn: () => {} },
    hub: {
      async publish(_topic, events, options) {
        const ids: string[] = [];
        for (const event of events) {
          const { type, tags = [] } = event;
          published.push({ type, tags, retracts: options?.retracts });
          ids.push(await append(event, options));
        }
        return ids;
      },
      received: () => Promise.resolve(),
    },
  });

  return {
    clock,
    repository,
    published,
    reads,
    /** Appends an event as another isolate does. @returns Its id. */
    append: (id: string, title: string, type: NewsEventType = "article") =>
      append(event(type, id, title, "bbc")),
    retract: (id: string, retracts: readonly string[]) =>
      append(event(NEWS_EVENTS.retracted, id, "", "bbc"), { retracts }),
    /** Reads the titles of articles, undefined for those that are not there. */
    async titlesOf(...ids: string[]) {
      const index = await repository.read();
      return ids.map((id) => index.get(id)?.title);
    },
  };
}

Deno.test("articleRepository.read() reads the log once, then only newer events", async () => {
  const { append, titlesOf, reads } = createTestRepository();
  await append("a", "A");
  await append("b", "B");
  assertEquals(await titlesOf("a", "b"), ["A", "B"]);
  await append("a", "A, corrected", "article.updated");
  assertEquals(await titlesOf("a", "b"), ["A, corrected", "B"]);
  await titlesOf();
  assertEquals(reads, [2, 1, 0]);
});

Deno.test("articleRepository.read() removes what the log no longer retains, read or unread", async () => {
  const { append, titlesOf, clock } = createTestRepository(2);
  await append("a", "A");
  await titlesOf();
  await append("b", "B");
  await append("c", "C");
  assertEquals(await titlesOf("a", "b", "c"), [undefined, "B", "C"]);
  for (const id of ["d", "e", "f"]) await append(id, id);
  assertEquals(await titlesOf("c", "d", "e"), [undefined, undefined, "e"]);
  await clock.advance(RETAIN_MS + 1);
  assertEquals(await titlesOf("f"), [undefined]);
});

Deno.test("articleRepository.read() has every retained article, whatever their number", async () => {
  const { append, titlesOf } = createTestRepository(3000);
  for (let n = 0; n < 2001; n++) await append(`a${n}`, `A ${n}`);
  assertEquals(await titlesOf("a0", "a2000"), ["A 0", "A 2000"]);
});

Deno.test("articleRepository.read() retracts late events: those of an article that another isolate retracted meanwhile", async () => {
  const { append, retract, titlesOf, published } = createTestRepository();
  const first = await append("a", "A");
  await titlesOf();
  const before = await append("a", "A, before", "article.updated");
  await retract("a", [first]);
  const after = await append("a", "A, after", "article.updated");
  assertEquals(await titlesOf("a"), [undefined]);
  assertEquals(published, [{
    type: NEWS_EVENTS.retracted,
    tags: ["bbc"],
    retracts: [before, after],
  }]);
  assertEquals(await titlesOf("a"), [undefined]);
  assertEquals(published.length, 1);
});

Deno.test("articleRepository.publish() retracts all events of an article, for every source they name, lost ones too", async () => {
  const { append, repository, published } = createTestRepository();
  const first = await append("a", "A");
  await repository.publish([event("article.updated", "a", "A", "bbc", "cnbc")], "publisher");
  // The correction of an isolate that has not seen the second source yet.
  await repository.publish([event("article.updated", "a", "A", "bbc")], "publisher");
  await repository.read();
  await repository.publish([event(NEWS_EVENTS.retracted, "a", "", "bbc")], "publisher");
  const { type, tags, retracts } = published.at(-1) ?? {};
  assertEquals([type, tags], [NEWS_EVENTS.retracted, ["bbc", "cnbc"]]);
  assertEquals([retracts?.length, retracts?.[0]], [3, first]);
});
