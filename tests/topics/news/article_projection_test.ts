import { assertEquals } from "@std/assert";
import { createMemoryState } from "../../../lib/store/memory/backend.ts";
import { createArticleProjection } from "../../../lib/topics/news/article_projection.ts";
import { newsTopic } from "../../../lib/topics/news/topic.ts";
import { createManualClock } from "../../support/manual_clock.ts";
import { RETAIN_MS } from "./support.ts";

const topic = newsTopic();

/** A log of a few events, and a library that notes what it asks of it. */
function createTestLibrary(retainEvents = 1000) {
  const clock = createManualClock();
  const { log } = createMemoryState({ clock, random: () => 0.5 }, {
    retainEvents,
    retainMs: RETAIN_MS,
  });
  const asked: number[] = [];
  const library = createArticleProjection({
    honours: log.honours,
    async after(...args) {
      const page = await log.after(...args);
      asked.push(page.events.length);
      return page;
    },
  }, topic);

  return {
    clock,
    library,
    asked,
    async tell(id: string, title: string, type = "article"): Promise<string> {
      const url = `https://news.example/${id}`;
      const article = {
        id,
        title,
        summary: "",
        url,
        sources: [{ source: "desk", name: "Desk", url }],
        published_at: null,
        first_seen_at: "2026-10-05T15:00:00.000Z",
        updated_at: null,
        symbols: [],
        simulated: false,
      };
      const draft = { type, key: id, tags: ["desk"], json: JSON.stringify(article) };
      const appended = await log.append(topic, [draft]);
      return "ids" in appended ? appended.ids[0] ?? "" : "";
    },
    async takeBack(id: string, retracts: readonly string[]): Promise<void> {
      const draft = {
        type: "article.retracted",
        key: id,
        tags: ["desk"],
        json: JSON.stringify({ id }),
      };
      await log.append(topic, [draft], { retracts });
    },
    title: (id: string) => library.index.article(id)?.title,
  };
}

Deno.test("library.read() reads what is kept once, and then what is new", async () => {
  const test = createTestLibrary();
  const first = await test.tell("a", "A");
  await test.tell("b", "B");
  await test.library.read();
  const second = await test.tell("a", "A, corrected", "article.updated");
  await test.library.read();
  await test.library.read();
  assertEquals([test.title("a"), test.title("b")], ["A, corrected", "B"]);
  assertEquals(test.library.eventsOf("a").map(({ id }) => id), [first, second]);
  assertEquals(test.asked, [2, 1, 0]);
});

Deno.test("library.read() forgets what the log forgets, be it seen or not", async () => {
  const test = createTestLibrary(2);
  await test.tell("a", "A");
  await test.library.read();
  await test.tell("b", "B");
  await test.tell("c", "C");
  await test.library.read();
  assertEquals([test.title("a"), test.title("b"), test.title("c")], [undefined, "B", "C"]);
  for (const id of ["d", "e", "f"]) await test.tell(id, id);
  await test.library.read();
  assertEquals([test.title("c"), test.title("d"), test.title("e")], [undefined, undefined, "e"]);
  await test.clock.advance(RETAIN_MS + 1);
  await test.library.read();
  assertEquals(test.title("f"), undefined);
});

Deno.test("library.read() knows every article that is kept, however many that are", async () => {
  const test = createTestLibrary(3000);
  for (let n = 0; n < 2001; n++) await test.tell(`a${n}`, `A ${n}`);
  await test.library.read();
  assertEquals([test.title("a0"), test.title("a2000")], ["A 0", "A 2000"]);
});

Deno.test("library.read() gives what was told of an article that was being taken back", async () => {
  const test = createTestLibrary();
  const first = await test.tell("a", "A");
  await test.library.read();
  const before = await test.tell("a", "A, before", "article.updated");
  await test.takeBack("a", [first]);
  const after = await test.tell("a", "A, after", "article.updated");
  const strays = await test.library.read();
  assertEquals(strays.map(({ id }) => id), [before, after]);
  assertEquals(test.title("a"), undefined);
  await test.takeBack("a", [before, after]);
  assertEquals(await test.library.read(), []);
  assertEquals(test.library.eventsOf("a"), []);
});
