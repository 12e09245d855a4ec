import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { PRICES, startDemo, waitForBadge } from "./demo_page.ts";

/** A poll interval that keeps quotes fresh on a busy machine. */
const CALM = { QUOTE_POLL_MS: "1000" };

/** Locates a field in a symbol's row. */
function cell(page: Page, symbol: string, field: string) {
  return page.locator(`tr[data-symbol=${symbol}] [data-field=${field}]`);
}

/** Waits until a row has a kind of freshness. Returns its text. */
async function waitForFreshness(page: Page, symbol: string, kind: string): Promise<string> {
  await page.locator(`tr[data-symbol=${symbol}][data-freshness=${kind}]`).waitFor();
  return await cell(page, symbol, "freshness").innerText();
}

/** Reads the computed colour of a field. */
function readColor(page: Page, symbol: string, field: string): Promise<string> {
  const selector = JSON.stringify(`tr[data-symbol=${symbol}] [data-field=${field}]`);
  return page.evaluate<string>(`getComputedStyle(document.querySelector(${selector})).color`);
}

browserTest("page has nine rows in four groups, each with a price and its freshness", async () => {
  await using server = await startDemo(CALM);
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await until("all prices", async () => {
    const texts = await page.locator(PRICES).allInnerTexts();
    return texts.every((text) => /^[\d,.]+$/.test(text)) || undefined;
  });
  const groups = await page.locator("th[scope=rowgroup]").allTextContents();
  assertEquals(groups, ["Crypto", "Metals", "Oil", "Indices"]);
  const texts = await page.locator("tr[data-symbol] [data-field=freshness]").allInnerTexts();
  assertEquals(texts.length, 9);
  for (const text of texts) assertMatch(text, /^(live|delayed by 1[05].min|market closed)$/);
});

browserTest("page greys a stale row, and shows its freshness and the reason as text", async () => {
  await using server = await startDemo({ ...CALM, DEMO_FAULTS: "on" });
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  assertEquals(await waitForFreshness(page, "BTC-USD", "live"), "live");
  const fresh = await readColor(page, "BTC-USD", "price");
  assertEquals(await waitForFreshness(page, "BTC-USD", "stale"), "stale");
  const stale = await readColor(page, "BTC-USD", "price");
  assert(stale !== fresh);
  assertEquals(stale, await readColor(page, "BTC-USD", "name"));
  await page.locator("#problems li", { hasText: "coinbase has sent nothing new" }).waitFor();

  // Kraken takes over.
  await waitForFreshness(page, "BTC-USD", "live");
  assertEquals(await cell(page, "BTC-USD", "source").innerText(), "Kraken");
  assertEquals(await readColor(page, "BTC-USD", "price"), fresh);
});

browserTest(
  "page shows that a market is closed, and the delay of its quotes once it opens",
  async () => {
    await using server = await startDemo({ ...CALM, DEMO_SPEED: "10000" });
    await using tab = await openTab();
    const { page } = tab;

    await page.goto(server.origin);
    assertEquals(await waitForFreshness(page, "SPX", "closed"), "market closed");
    assertMatch(await waitForFreshness(page, "SPX", "delayed"), /^delayed by 15.min$/);
    assertEquals(await waitForFreshness(page, "SPX", "closed"), "market closed");
  },
);

browserTest("page shows which symbols have no source", async () => {
  await using server = await startDemo({ ...CALM, UNOFFICIAL_SOURCES: "none" });
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  assertEquals(await cell(page, "WTI", "freshness").innerText(), "down, no source configured");
  const problems = await page.locator("#problems").innerText();
  assertStringIncludes(problems, "No prices for BRENT, WTI, SPX, DJI, IXIC: no source configured.");
});
