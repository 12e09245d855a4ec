/** The page in a browser or a network that restricts it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo, waitForBadge } from "./demo_page.ts";

const openChart = (page: Page) => page.getByRole("button", { name: "Chart of Bitcoin" });

browserTest("page is live if the browser denies access to storage", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;
  await page.addInitScript(`
    Object.defineProperty(globalThis, "sessionStorage", {
      get() { throw new DOMException("Access is denied", "SecurityError"); },
    });
  `);

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.reload();
  await waitForBadge(page, "live");
  assertEquals(complaints, []);
});

browserTest("page opens a chart by the keyboard, whichever text is selected", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.keyboard.press("Control+a");
  await openChart(page).focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog canvas").waitFor();
});

browserTest("page shows that a chart cannot be loaded, and keeps its other parts", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.route("**/page/uplot.css", (route) => route.abort());
  await openChart(page).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("The chart cannot be loaded.").waitFor();
  assertStringIncludes(await dialog.innerText(), "Bitcoin BTC-USD");
  await page.keyboard.press("Escape");
  await page.unroute("**/page/uplot.css");
  await openChart(page).click();
  await dialog.locator("canvas").waitFor();
});

browserTest("page names the server in its commands by the URL of the browser", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;
  const inner = "http://inner.example:8000";

  await page.route(`${server.origin}/`, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replaceAll(server.origin, inner);
    await route.fulfill({ response: answer, body });
  });
  await page.goto(server.origin);
  await waitForBadge(page, "live");
  const command = await page.locator("#commands code").first().innerText();
  assertEquals(command, `curl -N "${server.origin}/v1/quotes/stream"`);
});

browserTest("page shows that a command could not be copied", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;
  await page.addInitScript(`
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("No", "NotAllowedError"));
  `);

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await page.locator("#commands button").first().click();
  await page.getByText("Not allowed").waitFor();
  assertEquals(complaints, []);
});

browserTest("page requests no feed status while it is hidden", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;
  // A minute is 20 ms here.
  await page.addInitScript(`
    globalThis.turns = 0;
    globalThis.isHidden = false;
    Object.defineProperty(document, "hidden", { get: () => isHidden });
    const inner = setInterval;
    globalThis.setInterval = (run, ms) => inner(() => { turns++; run(); }, ms === 60_000 ? 20 : ms);
  `);
  let asked = 0;
  const turns = () => page.evaluate<number>("turns");

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  page.on("request", (request) => asked += request.url().includes("/v1/news?") ? 1 : 0);
  await until("a request", () => Promise.resolve(asked > 0 || undefined));
  const before = await page.evaluate<number>("isHidden = true, turns");
  asked = 0;
  await until("more turns", async () => await turns() > before + 5 || undefined);
  assertEquals(asked, 0);
});

browserTest(
  "page shows that an operation cannot start, without the data of the last one",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page } = tab;
    const run = page.getByRole("button", { name: "Run a demo operation" });
    const facts = page.locator("#operation .facts");

    await page.goto(server.origin);
    await waitForBadge(page, "live");
    await run.click();
    await facts.getByText("Completed").waitFor();
    await page.route("**/demo/operations", (route) => route.abort());
    await run.click();
    await facts.getByText("The server does not answer.").waitFor();
    assertEquals(
      (await facts.innerText()).replace(/\s+/g, " "),
      "Failed The server does not answer.",
    );
    assertEquals(await page.locator("#operation progress").getAttribute("value"), "0");
    assertEquals(await run.isEnabled(), true);
  },
);
