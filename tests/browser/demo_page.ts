/**
 * The demo's page.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { type ServerProcess, type Settings, startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";

/** Selects the cells of prices. */
export const PRICES = "tr [data-field=price]";

/** Starts the demo at a fast pace, without simulated faults unless the settings enable them. */
export function startDemo(settings: Settings = {}): Promise<ServerProcess> {
  return startServer({ DEMO: "1", QUOTE_POLL_MS: "100", RETRY_MS: "200", ...settings });
}

/** Waits until the badge shows a state, and returns its text. */
export async function waitForBadge(page: Page, state: string): Promise<string> {
  await page.locator(`connection-badge[data-state=${state}]`).waitFor();
  const parts = ["word", "reason", "countdown"].map((part) =>
    page.locator(`connection-badge [part=${part}]`).textContent()
  );
  return (await Promise.all(parts)).join(" ");
}

/** Waits until a price has changed. */
export async function waitForPriceChange(page: Page): Promise<void> {
  const before = await page.locator(PRICES).allInnerTexts();
  await until("another price", async () => {
    const now = await page.locator(PRICES).allInnerTexts();
    return now.join() === before.join() ? undefined : true;
  });
}
