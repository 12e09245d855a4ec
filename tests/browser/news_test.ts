/** News on the page. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PUBLISH_TOKEN } from "../support/publisher.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo, waitForBadge } from "./demo_page.ts";
import { correctTitle, publishArticle, retractArticle } from "./news_publisher.ts";

/** A title with markup, which the server removes. */
const MARKUP_TITLE = `Rates <i> are "up" </i> & 5 < 6`;

browserTest(
  "page shows a new article immediately, then its correction, and removes it once it is retracted",
  async () => {
    await using server = await startDemo({ PUBLISH_TOKEN });
    await using tab = await openTab();
    const { page, complaints } = tab;
    const { origin } = server;
    await page.goto(origin);
    await waitForBadge(page, "live");

    const url = "https://stories.example/1";
    const id = await publishArticle(origin, { title: MARKUP_TITLE, url, source: "Lab" });
    const item = page.locator(`[data-article="${id}"]`);
    await item.waitFor();
    const title = item.locator("a");
    assertEquals(await title.innerText(), `Rates are "up" & 5 < 6`);
    assertEquals(await title.getAttribute("href"), url);
    assertEquals(await title.getAttribute("rel"), "noopener noreferrer");
    assertEquals(await page.locator("#articles li").first().getAttribute("data-article"), id);

    await correctTitle(origin, id, "Rates are down");
    await item.getByText("Updated").waitFor();
    assertEquals(await title.innerText(), "Rates are down");
    await retractArticle(origin, id);
    await item.waitFor({ state: "detached" });
    assertEquals(complaints, []);
  },
);

browserTest("page filters news by source, at the first paint and live", async () => {
  await using server = await startDemo({ PUBLISH_TOKEN });
  await using tab = await openTab();
  const { page, complaints } = tab;
  const { origin } = server;
  const publishStory = (n: number, source: string) =>
    publishArticle(origin, { title: `Story ${n}`, url: `https://x.example/${n}`, source });
  await publishStory(1, "Lab");
  await publishStory(2, "Desk");
  await page.goto(origin);
  await page.getByRole("link", { name: "Lab", exact: true }).click();
  await waitForBadge(page, "live");
  await publishStory(3, "Desk");
  await publishStory(4, "Lab");
  await page.locator("#articles").getByText("Story 4").waitFor();
  assertEquals(await page.locator("#articles a").allInnerTexts(), ["Story 4", "Story 1"]);
  assertEquals(complaints, []);
});

browserTest("page shows markup in a title as text", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;
  const title = `<img src=x onerror="document.title='ran'"><script>document.title='ran'</script>`;
  const data = {
    ...{ id: "evil", title, summary: title, url: "javascript:document.title='ran'", symbols: [] },
    ...{ sources: [{ source: "lab", name: title, url: "https://x.example/" }], simulated: false },
    ...{ published_at: null, first_seen_at: new Date().toISOString(), updated_at: null },
  };
  const sync = { resumed: true, gap: false, topics: ["quotes", "news"], heartbeat_ms: 15_000 };
  // The server removes markup from articles, so the test writes the stream.
  await page.route("**/v1/stream?*", (route) =>
    route.fulfill({
      contentType: "text/event-stream",
      body: `event: sync\ndata: ${JSON.stringify({ ...sync, server_time: Date.now() })}\n\n` +
        `event: article\nid: 9999999999999-1\ndata: ${JSON.stringify(data)}\n\n`,
    }));
  await page.goto(server.origin);
  const item = page.locator("[data-article=evil]");
  await item.waitFor();
  assertEquals(await item.locator("a").innerText(), title);
  assertEquals(await item.locator("a").getAttribute("href"), null);
  assertStringIncludes(await page.locator("#frames").innerText(), "<img src=x");
  assertEquals(await page.locator("#articles img, #articles script, #frames img").count(), 0);
  assertStringIncludes(await page.title(), "Edgetape");
  assertEquals(complaints, []);
});

browserTest("page loads the articles that it has missed", async () => {
  const first = await startDemo({ PUBLISH_TOKEN });
  await using tab = await openTab();
  const { page } = tab;
  try {
    await page.goto(first.origin);
    await waitForBadge(page, "live");
    first.signal("SIGKILL");
    await first.exited;
  } finally {
    await first.stop();
  }
  // Another process's memory, which does not honour the page's cursor.
  await using second = await startDemo({ PUBLISH_TOKEN, PORT: String(first.port) });
  const url = "https://stories.example/missed";
  const id = await publishArticle(second.origin, { title: "Missed", url, source: "Lab" });
  await page.locator(`[data-article="${id}"]`).waitFor();
  await waitForBadge(page, "live");
});

browserTest("page lists news without JavaScript, and shows the state of feeds", async () => {
  await using server = await startDemo();
  await using tab = await openTab({ javaScriptEnabled: false });
  const { page, complaints } = tab;
  // The first paint does not wait for a slow poll of a feed.
  const feeds = await until("the notes about two feeds", async () => {
    await page.goto(server.origin);
    const notes = await page.locator("#feeds li").allInnerTexts();
    return notes.length >= 2 ? notes.join("\n") : undefined;
  });
  assert(await page.locator("#articles li").count() > 5);
  assertStringIncludes(feeds, "Demo Herald has moved to https://herald.example/news.json.");
  assertStringIncludes(feeds, "Demo Archive is gone");
  assertEquals(complaints, []);
});

browserTest(
  "page loads the older articles of a feed that was not polled before the first paint",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page, complaints } = tab;
    await page.route(server.origin + "/", async (route) => {
      const response = await route.fetch();
      const text = (await response.text()).replace(
        /data-articles="[^"]*"/,
        'data-articles="[]" data-filling',
      )
        .replace(/<ul id="articles">.*?<\/ul>/s, '<ul id="articles"></ul>');
      await route.fulfill({ response, body: text });
    });
    await page.goto(server.origin);
    await page.locator("#articles li").nth(5).waitFor();
    assertEquals(complaints, []);
  },
);

for (const NEWS_IMAGES of ["link", "none"]) {
  browserTest(
    `page updates the details of feeds, and with NEWS_IMAGES=${NEWS_IMAGES} shows pictures of other hosts or requests none`,
    async () => {
      await using server = await startDemo({ NEWS_IMAGES });
      await using tab = await openTab();
      const { page, complaints } = tab;
      const image = "https://pictures.example/1.svg";
      const requested: string[] = [];
      await page.route("https://pictures.example/**", (route) => {
        requested.push(route.request().url());
        return route.fulfill({
          contentType: "image/svg+xml",
          body: `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`,
        });
      });
      await page.route(server.origin + "/", async (route) => {
        const response = await route.fetch();
        const text = await response.text();
        await route.fulfill({ response, body: text.replace("<main ", "<main data-filling ") });
      });
      await page.route("**/v1/news?*", async (route) => {
        const response = await route.fetch();
        const { articles, feeds, ...rest } = await response.json();
        const changed = {
          ...rest,
          articles: articles.map((article: object) => ({ ...article, image })),
          feeds: feeds.map((feed: object) => ({ ...feed, state: "ok", reason: "2 of 9 are odd" })),
        };
        await route.fulfill({ response, json: changed });
      });
      await page.goto(server.origin);
      const wire = page.locator("[data-feed=wire]");
      await wire.getByText("2 of 9 are odd.").waitFor({ state: "attached" });
      const pictures = page.locator("#articles img");
      if (NEWS_IMAGES === "link") {
        await page.waitForFunction(() =>
          [...document.querySelectorAll("#articles img")].some((picture) =>
            picture instanceof HTMLImageElement && picture.naturalWidth > 0
          )
        );
        assertEquals(await pictures.first().getAttribute("src"), image);
      } else assertEquals([await pictures.count(), requested.length], [0, 0]);
      assertEquals(complaints, []);
    },
  );
}

browserTest("page links a story's symbols to their rows, in the first paint and live", async () => {
  await using server = await startDemo({ PUBLISH_TOKEN });
  await using tab = await openTab();
  const { page, complaints } = tab;
  await page.goto(server.origin);
  await page.locator("#articles [data-symbols] a").first().waitFor();
  await waitForBadge(page, "live");
  const id = await publishArticle(server.origin, {
    title: "Gold slips",
    url: "https://stories.example/gold",
    source: "Lab",
    symbols: ["XAU-USD"],
  });
  const link = page.locator(`[data-article="${id}"] [data-symbols] a`);
  await link.click();
  assertEquals(new URL(page.url()).hash, "#quote-XAU-USD");
  assertEquals(await page.locator("tr:target").getAttribute("data-symbol"), "XAU-USD");
  assertEquals(complaints, []);
});
