/** `useChat` of the current AI SDK in Chromium, against the demo's chat. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { BrowserContext, Page } from "playwright-core";
import { ChildProcess } from "../support/process.ts";
import { browserTest } from "../support/programs.ts";
import type { ServerProcess } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { startDemo } from "./demo_page.ts";

const APP = new URL("use_chat_app.js", import.meta.url);

let bundle: Promise<string> | undefined;

/** Bundles the application once for all tests of this file. */
function bundledApp(): Promise<string> {
  return bundle ??= (async () => {
    const path = await Deno.makeTempFile({ suffix: ".js" });
    try {
      const args = [
        "bundle",
        "--quiet",
        "--no-check",
        "--platform",
        "browser",
        "-o",
        path,
        APP.pathname,
      ];
      await using process = new ChildProcess(Deno.execPath(), args);
      const { success } = await process.exited;
      if (!success) throw new Error(`Cannot bundle ${APP.pathname}\n${process.output()}`);
      return await Deno.readTextFile(path);
    } finally {
      await Deno.remove(path);
    }
  })();
}

/** Adds the application to the server's own origin. */
async function addApp(context: BrowserContext): Promise<void> {
  const script = await bundledApp();
  await context.route(
    /\/app\.js$/,
    (route) => route.fulfill({ contentType: "text/javascript", body: script }),
  );
  await context.route(/\/app(\?.*)?$/, (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!doctype html><meta charset="utf-8"><title>useChat</title>
        <link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/app.js"></script>`,
    }));
}

/** Opens the application. @param chatId The name of the conversation. */
async function openApp(page: Page, { origin }: ServerProcess, chatId: string, prompt: string) {
  await page.goto(`${origin}/app?prompt=${encodeURIComponent(prompt)}#${chatId}`);
  await waitForStatus(page, "ready");
}

async function waitForStatus(page: Page, status: string): Promise<void> {
  await page.locator(`main[data-status=${status}]`).waitFor();
}

/** Returns the text of the newest answer. */
function answerOf(page: Page): Promise<string> {
  return page.locator("[data-role=assistant]").last().innerText();
}

/** Waits until the newest answer contains a text, and returns the answer up to its end. */
function waitForAnswer(page: Page, text: string): Promise<string> {
  return until(`an answer with "${text}"`, async () => {
    const answer = (await page.locator("[data-role=assistant]").allInnerTexts()).at(-1) ?? "";
    const index = answer.indexOf(text);
    return index < 0 ? undefined : answer.slice(0, index + text.length);
  });
}

/** The end of the first part of the demo's answers: `/long` adds to it. */
const END = "All prices are simulated.";

browserTest("useChat shows the demo's answer with its components", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;
  await addApp(page.context());

  await openApp(page, server, "c1", "How is gold doing?");
  await page.getByRole("button", { name: "Send" }).click();
  const answer = await waitForAnswer(page, END);
  assertMatch(answer, /^Gold is at \$[\d,.]+ per troy ounce\./);
  assertStringIncludes(answer, "[data-component][data-component]");
  await waitForStatus(page, "ready");
  assertEquals(complaints, []);
});

browserTest(
  "useChat continues an answer after a reload in its middle, and in a second tab",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page } = tab;
    await addApp(page.context());

    await openApp(page, server, "c2", "How is gold doing? /long");
    await page.getByRole("button", { name: "Send" }).click();
    await waitForAnswer(page, "Gold is at");
    await page.reload();
    await waitForAnswer(page, "Gold is at");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await waitForAnswer(other, "Gold is at");
    await waitForStatus(other, "streaming");

    const [whole, same] = await Promise.all([waitForAnswer(page, END), waitForAnswer(other, END)]);
    assertEquals(same, whole);
    assertEquals(whole.match(/Gold is at/g)?.length, 1);
  },
);

browserTest("useChat stops an answer for every tab, and regenerates it", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;
  await addApp(page.context());

  await openApp(page, server, "c3", "How is gold doing? /long");
  await page.getByRole("button", { name: "Send" }).click();
  await waitForAnswer(page, "Gold is at");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await waitForStatus(other, "streaming");
  await page.getByRole("button", { name: "Stop" }).click();
  await waitForStatus(page, "ready");
  await waitForStatus(other, "ready");
  const stopped = await answerOf(other);
  assertEquals(stopped.includes(END), false);

  await page.getByRole("button", { name: "Regenerate" }).click();
  await waitForStatus(page, "streaming");
  await page.getByRole("button", { name: "Stop" }).click();
  await waitForStatus(page, "ready");
  assertMatch(await answerOf(page), /^Gold is at/);
});
