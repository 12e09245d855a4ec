import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createTestIngest, item } from "./support.ts";

const step = fc.oneof(
  fc.record({
    do: fc.constant("poll" as const),
    source: fc.constantFrom("bbc", "cnbc"),
    /** Each a story, and how its words and names are written this time. */
    shown: fc.array(fc.record({ story: fc.nat(5), edition: fc.nat(2), guise: fc.nat(2) }), {
      maxLength: 6,
    }),
  }),
  fc.record({ do: fc.constant("retract" as const), story: fc.nat(5) }),
  fc.record({ do: fc.constant("post" as const), story: fc.nat(5) }),
  fc.record({ do: fc.constant("restart" as const) }),
);

/** A story in one of its guises: the same link throughout, other guids and tracking. */
function told(story: number, edition: number, guise: number) {
  const url = [`https://news.example/${story}`, `http://www.news.example/${story}/`][guise % 2];
  return item(story, {
    title: `Story ${story}, edition ${edition}`,
    ...(url === undefined ? {} : { url }),
    guid: guise === 2 ? null : `guid-${story}`,
  });
}

function storyOf(url: string): number {
  return Number(/(\d+)\/?$/.exec(url)?.[1]);
}

Deno.test("newsroom keeps one article a story, and none that was taken back, whatever happens in whatever order", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    const test = createTestIngest();
    const retracted = new Set<number>();
    for (const each of steps) {
      if (each.do === "restart") test.restart();
      if (each.do === "poll") {
        const items = each.shown.map(({ story, edition, guise }) => told(story, edition, guise));
        await test.poll(each.source, ...items);
        // A document that comes again is no news.
        assertEquals(await test.poll(each.source, ...items), []);
      }
      const story = "story" in each ? each.story : -1;
      const article = test.articles().find(({ url }) => storyOf(url) === story);
      if (each.do === "post") {
        const { kind } = await test.newsroom().submit({
          title: "Posted",
          url: `https://news.example/${story}`,
          source: "desk",
        });
        assertEquals(kind, retracted.has(story) ? "retracted" : article ? "known" : "new");
      }
      if (each.do === "retract" && article) {
        assert(await test.newsroom().retract(article.id));
        retracted.add(story);
      }
      const stories = test.articles().map(({ url }) => storyOf(url));
      assertEquals(new Set(stories).size, stories.length);
      assert(![...retracted].some((gone) => stories.includes(gone)));
    }
  }));
});
