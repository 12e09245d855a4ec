/** News on the page, as people see them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { PUBLISH_TOKEN } from "../support/publisher.ts";
import { parse } from "../support/shapes.ts";
import { browserTest, openTab } from "./browser.ts";
import { badge, startDemo } from "./demo_page.ts";

const EVIL = `Rates <i> are "up" </i> & 5 < 6`;

async function write(origin: string, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${origin}/v1/news${path}`, {
    method,
    headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert(answer.ok, text);
  return text === "" ? "" : parse(z.object({ id: z.string() }), text).id;
}

browserTest(
  "page shows an article at once, then as it is corrected, and no more when it is taken back",
  async () => {
    await using server = await startDemo({ PUBLISH_TOKEN });
    await using tab = await openTab();
    const { page, complaints } = tab;
    const { origin } = server;
    await page.goto(origin);
    await badge(page, "live");

    const url = "https://stories.example/1";
    const id = await write(origin, "POST", "", { title: EVIL, url, source: "Lab" });
    const item = page.locator(`[data-article="${id}"]`);
    await item.waitFor();
    const title = item.locator("a");
    assertEquals(await title.innerText(), `Rates are "up" & 5 < 6`);
    assertEquals(await title.getAttribute("href"), url);
    assertEquals(await title.getAttribute("rel"), "noopener noreferrer");
    assertEquals(await page.locator("#articles li").first().getAttribute("data-article"), id);

    await write(origin, "PATCH", `/${id}`, { title: "Rates are down" });
    await item.getByText("Updated").waitFor();
    assertEquals(await title.innerText(), "Rates are down");
    await write(origin, "DELETE", `/${id}`);
    await item.waitFor({ state: "detached" });
    assertEquals(complaints, []);
  },
);

browserTest("page shows the news of one source, also as they come", async () => {
  await using server = await startDemo({ PUBLISH_TOKEN });
  await using tab = await openTab();
  const { page, complaints } = tab;
  const { origin } = server;
  const post = (n: number, source: string) =>
    write(origin, "POST", "", { title: `Story ${n}`, url: `https://x.example/${n}`, source });
  await post(1, "Lab");
  await post(2, "Desk");
  await page.goto(origin);
  await page.getByRole("link", { name: "Lab", exact: true }).click();
  await badge(page, "live");
  await post(3, "Desk");
  await post(4, "Lab");
  await page.getByText("Story 4").waitFor();
  assertEquals(await page.locator("#articles a").allInnerTexts(), ["Story 4", "Story 1"]);
  assertEquals(complaints, []);
});

browserTest("page keeps what came while it asked for the articles it had missed", async () => {
  await using server = await startDemo({ PUBLISH_TOKEN });
  await using tab = await openTab();
  const { page } = tab;
  await page.goto(server.origin);
  await badge(page, "live");
  const shown = await page.evaluate(`(async () => {
    const { createNews } = await import("/page_news.js");
    const main = document.querySelector("main").cloneNode(true);
    const news = createNews(main);
    const article = (id, title) => ({
      id, title, summary: "", url: "https://x.example/" + id, sources: [], symbols: [],
      published_at: null, first_seen_at: "2026-10-05T15:00:00.000Z", updated_at: null, simulated: false,
    });
    news.replace([article("old", "Missed out")]);
    const answered = news.ask();
    news.set(article("a", "Corrected"));
    news.set(article("b", "New"));
    news.remove("c");
    answered([article("c", "Retracted"), article("a", "As it was"), article("d", "Missed")]);
    return [...main.querySelectorAll("#articles a")].map((each) => each.textContent).sort();
  })()`);
  assertEquals(shown, ["Corrected", "Missed", "New"]);
});

browserTest("page is a list of news without JavaScript, and says how feeds are doing", async () => {
  await using server = await startDemo();
  await using tab = await openTab({ javaScriptEnabled: false });
  const { page, complaints } = tab;
  await page.goto(server.origin);
  assert(await page.locator("#articles li").count() > 5);
  const feeds = await page.locator("#feeds").innerText();
  assertStringIncludes(feeds, "Demo Herald has moved to https://herald.example/news.json.");
  assertStringIncludes(feeds, "Demo Archive is gone");
  assertEquals(complaints, []);
});
