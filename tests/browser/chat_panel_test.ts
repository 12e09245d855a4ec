/** The chat of the demo's page. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "../support/programs.ts";
import { until } from "../support/within.ts";
import { violations } from "./axe.ts";
import { openTab } from "./browser.ts";
import { startDemo } from "./demo_page.ts";

/** The end of the first part of the demo's answers: `/long` adds to it. */
const END = "All prices are simulated.";

async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
}

/** Waits until the newest answer contains a text, and returns the answer. */
function waitForAnswer(page: Page, text: string): Promise<string> {
  return until(`an answer with "${text}"`, async () => {
    const answers = await page.locator("#chat [data-role=assistant]").allInnerTexts();
    return answers.at(-1)?.includes(text) ? answers.at(-1) : undefined;
  });
}

browserTest(
  "chat panel shows an answer as text and a table, and continues it after a reload in its middle",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page, complaints } = tab;

    await page.goto(server.origin);
    await ask(page, "How is gold doing? /long");
    await waitForAnswer(page, "Gold is at");
    await page.reload();
    const answer = await waitForAnswer(page, END);
    assertEquals(answer.match(/Gold is at/g)?.length, 1);
    assertMatch(await page.locator("#chat td").first().innerText(), /^Gold$/);
    assertEquals(await page.locator("#chat [data-role=user]").allInnerTexts(), [
      "How is gold doing? /long",
    ]);
    assertEquals(complaints, []);
  },
);

browserTest("chat panel stops an answer, reports a failure in its words, and retries", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await ask(page, "How is gold doing? /long");
  await waitForAnswer(page, "Gold is at");
  await page.getByRole("button", { name: "Stop" }).click();
  await waitForAnswer(page, "Stopped.");

  await ask(page, "How is silver doing? /cut");
  await page.locator("#chat [data-state=failed]").waitFor();
  assertEquals(await page.getByRole("button", { name: "Stop" }).count(), 0);
  await page.getByRole("button", { name: "Retry" }).click();
  await page.locator("#chat [data-state=open]").waitFor();
  await page.locator("#chat [data-state=failed]").waitFor();
});

browserTest("chat panel shows markup of a model as text", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;
  const markup = `<img src=x onerror="document.title='broken'"><b>bold</b>`;
  const frames = [
    { type: "start", messageId: "run" },
    { type: "text-delta", id: "1", delta: markup },
    {
      type: "data-component",
      data: {
        id: "c",
        operation: "create",
        component: {
          type: "table",
          data: { title: markup, columns: [{ key: "a", title: markup }], rows: [{ a: markup }] },
        },
      },
    },
    { type: "finish", finishReason: "stop" },
  ];
  await page.route("**/v1/chat", (route) =>
    route.fulfill({
      contentType: "text/event-stream",
      body: frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""),
    }));
  await page.goto(server.origin);
  const title = await page.title();
  await ask(page, "Hello");
  await page.locator("#chat td").waitFor();
  assertEquals(await page.locator("#chat [data-role=assistant] p").innerText(), markup);
  assertEquals(await page.locator("#chat td").innerText(), markup);
  assertEquals(await page.locator("#chat :is(img, b)").count(), 0);
  assertEquals([await page.title(), complaints], [title, []]);
});

browserTest(
  "chat panel shows the text around components of any shape, and stays usable",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page, complaints } = tab;
    const components = [
      { type: "chart", data: { data: [{ name: "a", y: 5 }] } },
      { type: "chart", data: { title: null, data: [null] } },
      { type: "table", data: { columns: 7, rows: [] } },
      { type: "table", data: { columns: [null], rows: [null] } },
      {
        type: "table",
        data: { title: { toString: 1, valueOf: 1 }, columns: [{ key: {} }], rows: [7] },
      },
      { type: "card", data: null },
      { type: { toString: 1 }, data: {} },
      null,
    ];
    const frames = [
      { type: "start", messageId: "run" },
      { type: "text-delta", id: "1", delta: "Before." },
      ...components.map((component, index) => ({
        type: "data-component",
        data: { id: `c${index}`, operation: "create", component },
      })),
      { type: "text-delta", id: "1", delta: "After." },
      { type: "finish", finishReason: "stop" },
    ];
    await page.route("**/v1/chat", (route) =>
      route.fulfill({
        contentType: "text/event-stream",
        body: frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""),
      }));
    await page.goto(server.origin);
    await ask(page, "Hello");
    assertMatch(await waitForAnswer(page, "After."), /^Before\./);
    assertEquals(await page.getByRole("button", { name: "Send" }).isEnabled(), true);
    assertEquals([await violations(page), complaints], [[], []]);
  },
);
