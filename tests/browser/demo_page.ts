/**
 * The demo's page, as tests see it.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { type ServerProcess, type Settings, startServer } from "../support/server_process.ts";

/** Where prices stand. */
export const PRICES = "[data-field=price]";

/** Starts the demo at a pace at which something happens soon: calm, unless the settings ask for faults. */
export function startDemo(settings: Settings = {}): Promise<ServerProcess> {
  return startServer({ DEMO: "1", QUOTE_POLL_MS: "100", RETRY_MS: "200", ...settings });
}

/** Waits until the badge shows a state, and gives the words beside it. */
export async function badge(page: Page, state: string): Promise<string> {
  await page.locator(`#connection[data-state=${state}]`).waitFor();
  return await page.locator("#connection").innerText();
}
