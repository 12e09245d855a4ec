import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { untilOpen } from "../support/health.ts";
import { startHoldingProxy } from "../support/holding_proxy.ts";
import { startNumbers } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { browserTest } from "../support/programs.ts";
import {
  collectFaults,
  NO_FAULTS,
  NUMBER_PUBLISHER,
  NUMBER_SETTINGS,
  numberOptions,
  startStage,
} from "./client_page.ts";

/** Sets the page's visibility: a browser under test reports every tab as visible. */
async function show(page: Page, state: "visible" | "hidden"): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
    Object.defineProperty(document, "hidden", { value: ${state === "hidden"}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}

browserTest(
  "client is offline while the browser is, and resumes afterwards",
  async () => {
    await using server = await startServer(NUMBER_SETTINGS);
    await using proxy = await startHoldingProxy(server.origin);
    await using stage = await startStage();
    const { origin } = server;
    const follower = await stage.open({ modules: origin, options: numberOptions(proxy.origin) });

    await follower.waitFor("live");
    const publisher = startNumbers({ origin, ...NUMBER_PUBLISHER });
    await follower.waitForNumber(10);
    await stage.context.setOffline(true);
    proxy.cut(); // The browser's own switch does not cut open connections.
    await follower.waitFor("offline");
    const published = publisher.last;
    await until(
      "numbers published while disconnected",
      () => publisher.last > published + 20 || undefined,
    );
    await stage.context.setOffline(false);
    await follower.waitFor("live");
    assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
    await untilOpen(origin, 1);
    assertEquals(stage.complaints(), []);
  },
);

browserTest(
  "client closes its stream while the page is hidden for minutes, and resumes when it is visible",
  async () => {
    await using server = await startServer(NUMBER_SETTINGS);
    await using stage = await startStage();
    const { origin } = server;
    const follower = await stage.open({
      modules: origin,
      options: numberOptions(origin),
      shorten: { fromMs: 100_000, by: 200 }, // Five minutes.
    });

    await follower.waitFor("live");
    const publisher = startNumbers({ origin, ...NUMBER_PUBLISHER });
    await follower.waitForNumber(10);
    await show(follower.page, "hidden");
    await follower.waitFor("paused");
    await untilOpen(origin, 0);
    const published = publisher.last;
    await until(
      "numbers published while disconnected",
      () => publisher.last > published + 20 || undefined,
    );
    await show(follower.page, "visible");
    await follower.waitFor("live");
    assertEquals(await collectFaults(follower, publisher), NO_FAULTS);
    await untilOpen(origin, 1);
    assertEquals(stage.complaints(), []);
  },
);
