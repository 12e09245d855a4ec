/** The page's accessibility, colour schemes, security policy and size. */
import { assert, assertEquals } from "@std/assert";
import { violations } from "./axe.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo, waitForBadge } from "./demo_page.ts";

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(`page has no accessibility violation, in ${colorScheme} mode`, async () => {
    await using server = await startDemo({ QUOTE_POLL_MS: "1000", DEMO_FAULTS: "on" });
    // With reduced motion, no price is checked in the middle of its fade.
    await using tab = await openTab({ colorScheme, reducedMotion: "reduce" });
    const { page, complaints } = tab;

    await page.goto(server.origin);
    await waitForBadge(page, "live");
    await page.getByRole("button", { name: "Run a demo operation" }).click();
    await page.locator("progress[value]").waitFor();
    assertEquals(await violations(page), []);
    await page.locator("tr[data-symbol=BTC-USD][data-freshness=stale]").waitFor();
    assertEquals(await violations(page), []);
    await page.locator("tr[data-symbol=BTC-USD] button").click();
    await page.locator("dialog canvas").waitFor();
    assertEquals(await violations(page), []);
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 390, height: 844 });
    assertEquals(await violations(page), []);
    await page.setViewportSize({ width: 2560, height: 1440 });
    assertEquals(await violations(page), []);
    assertEquals(complaints, []);
  });
}

browserTest("page violates no rule of its security policy with all parts in use", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;
  await page.addInitScript(`
    globalThis.violated = [];
    addEventListener("securitypolicyviolation", (event) => violated.push(event.violatedDirective));
  `);

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.getByRole("button", { name: "Chart of Bitcoin" }).click();
  await page.locator("dialog canvas").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Run a demo operation" }).click();
  await page.locator("#operation").getByText("Completed").waitFor();
  assertEquals(await page.evaluate("violated"), []);
  assertEquals(complaints, []);
});

browserTest(
  "page is live after five files of less than 48 KB in all",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page } = tab;

    await page.goto(server.origin);
    await waitForBadge(page, "live");
    const files = await page.evaluate<readonly (readonly [path: string, bytes: number])[]>(`
    ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
      .map(({ name, transferSize }) => [new URL(name).pathname, transferSize])
      .filter(([path]) => !path.startsWith("/v1/"))
  `);
    assertEquals(
      [...new Set(files.map(([path]) => path))].sort(),
      ["/", "/client.js", "/icon.svg", "/page/page.css", "/page/page.js"],
    );
    const bytes = files.reduce((sum, [_, each]) => sum + each, 0);
    assert(bytes < 48_000, `${bytes} bytes`);
  },
);

browserTest("page fits prices in millions, and times with a date", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;

  await page.route("**/page/page.js", (route) => route.fulfill({ body: "" }));
  await page.goto(server.origin);
  for (const width of [320, 768, 1152, 1280, 1920, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    const cut = await page.evaluate<string[]>(`
      [["price", "1,234,567.89"], ["asOf", "2026-11-20 22:00 UTC"]].flatMap(([field, text]) => {
        const element = document.querySelector("tr[data-symbol] [data-field=" + field + "]");
        element.textContent = text;
        const words = document.createRange();
        words.selectNodeContents(element);
        const [own, cell] = [words, element.closest("td")].map((each) => each.getBoundingClientRect());
        const isCut = own.left < cell.left || own.right > cell.right;
        return own.width > 0 && isCut ? [field + " " + [cell.left, own.left, own.right, cell.right].map(Math.round)] : [];
      })
    `);
    assertEquals(cut, [], `at ${width}`);
  }
});

for (
  const [name, width, height] of [["phone", 390, 844], ["desk", 1280, 800], [
    "wall",
    2560,
    1440,
  ]] as const
) {
  browserTest(`page fits a ${name}, and no new price moves another`, async () => {
    await using server = await startDemo();
    await using tab = await openTab({ viewport: { width, height } });
    const { page } = tab;
    const readPositions = () =>
      page.evaluate<string>(`
        [...document.querySelectorAll("tr > :is(.symbol, .trend, .price, .change)")].map((each) => {
          const { left, width } = each.getBoundingClientRect();
          return [left, width].map(Math.round).join();
        }).join(" ")
      `);

    await page.goto(server.origin);
    await waitForBadge(page, "live");
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
    const firstPositions = await readPositions();
    await page.locator("#frames li").nth(30).waitFor();
    assertEquals(await readPositions(), firstPositions);
  });
}
