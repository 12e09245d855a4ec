/** The page's chart, demo operation, event log and commands. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo, waitForBadge, waitForPriceChange } from "./demo_page.ts";

const BITCOIN = "tr[data-symbol=BTC-USD]";

browserTest(
  "page draws the course of the day at once, and continues it with each price",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page, complaints } = tab;
    const way = () => page.locator(`${BITCOIN} .spark .line`).getAttribute("d");

    const first = await (await page.goto(server.origin))?.text() ?? "";
    const drawn = /data-symbol="BTC-USD"[\s\S]*?class="line" d="([^"]*)"/.exec(first)?.[1] ?? "";
    assert((drawn.match(/L/g)?.length ?? 0) > 40, drawn);
    await waitForBadge(page, "live");
    await waitForPriceChange(page);
    assert(((await way())?.match(/L/g)?.length ?? 0) > 40);
    assertEquals(complaints, []);
  },
);

browserTest("page shows another range of a chart on request", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.getByRole("button", { name: "Chart of Bitcoin" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("canvas").waitFor();
  const since = dialog.locator("[data-field=since]");
  const year = dialog.getByRole("button", { name: "Year" });
  assertEquals(await year.getAttribute("aria-pressed"), "false");
  await year.click();
  const lastYear = new Date().getUTCFullYear() - 1;
  await since.filter({ hasText: `Since ${lastYear}-` }).waitFor();
  assertEquals(await year.getAttribute("aria-pressed"), "true");
  assertEquals(complaints, []);
});

browserTest(
  "page opens a chart by the keyboard, loads it only then, and closes it by Escape",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page, complaints } = tab;
    const loaded = () =>
      page.evaluate<string[]>(
        `performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname)`,
      );

    await page.goto(server.origin);
    await waitForBadge(page, "live");
    assert(!(await loaded()).some((path) => /uplot|chart/.test(path)));
    const open = page.getByRole("button", { name: "Chart of Bitcoin" });
    await open.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.locator("canvas").waitFor();
    const text = await dialog.innerText();
    assertStringIncludes(text, "Bitcoin BTC-USD");
    for (const fact of ["Low – high of the day", "Changed from", "Volume", "Bid – ask"]) {
      assertStringIncludes(text, fact);
    }
    // Its market never closes.
    assert(!text.includes("Opens"), text);
    await page.getByRole("img", { name: "Bitcoin, since" }).waitFor();
    const asOf = await dialog.locator("[data-field=asOf]").getAttribute("datetime");
    assert(Date.parse(asOf ?? "") > 0, `The dialog's time is ${asOf}`);
    // The chart's style sheet applies: without it the canvas would displace the axes.
    const position = `getComputedStyle(document.querySelector(".u-over")).position`;
    assertEquals(await page.evaluate(position), "absolute");
    await page.locator(".u-over").hover();
    assertMatch(await dialog.locator("[data-field=since]").innerText(), / at [\d: -]+ UTC$/);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assertEquals(await page.locator(":focus").getAttribute("aria-label"), "Chart of Bitcoin");
    assertEquals(complaints, []);
  },
);

browserTest("page starts a demo operation and follows it to its terminal state", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  const run = page.getByRole("button", { name: "Run a demo operation" });
  await run.click();
  const panel = page.locator("#operation");
  await panel.getByText("Running").waitFor();
  assertEquals(await run.isEnabled(), false);
  await panel.locator("progress[value]").waitFor();
  await panel.getByText("Completed").waitFor();
  assertEquals(await panel.locator("progress").getAttribute("value"), "1");
  assertEquals(await run.isEnabled(), true);
  assertEquals(complaints, []);
});

browserTest(
  "page logs a bounded number of events, and pauses the log",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page } = tab;
    const frames = page.locator("#frames li");

    await page.goto(server.origin);
    await waitForBadge(page, "live");
    await until("a full list", async () => await frames.count() === 40 || undefined);
    await waitForPriceChange(page);
    assertEquals(await frames.count(), 40);
    await page.locator("#frames button").click();
    const newest = await frames.first().innerText();
    assertMatch(newest, /^[\d:.]{12}\s+[\w.]+\s+\d+-\d+\s+\{"/);
    await waitForPriceChange(page);
    await waitForPriceChange(page);
    assertEquals(await frames.first().innerText(), newest);
  },
);

browserTest("page copies the command that follows its prices", async () => {
  await using server = await startDemo();
  await using tab = await openTab({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.getByRole("button", { name: "Copy: Prices, as they change" }).click();
  assertEquals(
    await page.evaluate("navigator.clipboard.readText()"),
    `curl -N "${server.origin}/v1/quotes/stream"`,
  );
});

browserTest(
  "page of the demo has the course of the day of all nine at its first paint, without a script",
  async () => {
    await using server = await startDemo({ QUOTE_POLL_MS: "" });
    await (await fetch(server.origin)).body?.cancel(); // begins the polls
    const rowOf = async (symbol: string) => {
      const html = await (await fetch(server.origin)).text();
      return html.split(`id="quote-${symbol}"`)[1]?.split("</tr>")[0] ?? "";
    };
    for (
      const symbol of [
        "BTC-USD",
        "ETH-USD",
        "XAU-USD",
        "XAG-USD",
        "BRENT",
        "WTI",
        "SPX",
        "DJI",
        "IXIC",
      ]
    ) {
      await until(`the course of ${symbol}`, async () => {
        const [, points = ""] =
          /<(?:polyline|path)[^>]*(?:points|d)="([^"]*)"/.exec(await rowOf(symbol)) ?? [];
        return points.length > 300 || undefined;
      });
    }
  },
);
