import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createTestIngest, item } from "./support.ts";

const step = fc.oneof(
  fc.record({
    do: fc.constant("poll" as const),
    source: fc.constantFrom("bbc", "cnbc"),
    /** The stories of the document, each with its edition of the text and its spelling of link and guid. */
    shown: fc.uniqueArray(
      fc.record({ story: fc.nat(5), edition: fc.nat(2), spelling: fc.nat(2) }),
      { maxLength: 6, selector: ({ story }) => story },
    ),
  }),
  fc.record({ do: fc.constant("retract" as const), story: fc.nat(5) }),
  fc.record({ do: fc.constant("post" as const), story: fc.nat(5) }),
  fc.record({ do: fc.constant("restart" as const) }),
);

/** Makes an item of a story: one link in two spellings, with and without a guid. */
function itemOf(story: number, edition: number, spelling: number) {
  const url = [`https://news.example/${story}`, `http://www.news.example/${story}/`][spelling % 2];
  return item(story, {
    title: `Story ${story}, edition ${edition}`,
    ...(url === undefined ? {} : { url }),
    guid: spelling === 2 ? null : `guid-${story}`,
  });
}

function storyOf(url: string): number {
  return Number(/(\d+)\/?$/.exec(url)?.[1]);
}

Deno.test("ingest keeps one article per story, and no retracted one, in any order of polls, submissions and retractions", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    const test = createTestIngest();
    const retracted = new Set<number>();
    for (const taken of steps) {
      if (taken.do === "restart") test.restart();
      if (taken.do === "poll") {
        const items = taken.shown.map(({ story, edition, spelling }) =>
          itemOf(story, edition, spelling)
        );
        await test.poll(taken.source, ...items);
        // A repeated document publishes nothing.
        assertEquals(await test.poll(taken.source, ...items), []);
      }
      const story = "story" in taken ? taken.story : -1;
      const article = (await test.articles()).find(({ url }) => storyOf(url) === story);
      if (taken.do === "post") {
        const { kind } = await test.ingest().submit({
          title: "Posted",
          url: `https://news.example/${story}`,
          source: "desk",
        });
        assertEquals(kind, retracted.has(story) ? "retracted" : article ? "known" : "new");
      }
      if (taken.do === "retract" && article) {
        assert(await test.ingest().retract(article.id));
        retracted.add(story);
      }
      const stories = (await test.articles()).map(({ url }) => storyOf(url));
      assertEquals(new Set(stories).size, stories.length);
      assert(![...retracted].some((story) => stories.includes(story)));
    }
  }));
});
