import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { untilOpen } from "../support/health.ts";
import { startHoldingProxy } from "../support/holding_proxy.ts";
import { startNumbers } from "../support/numbers.ts";
import { startServer } from "../support/server_process.ts";
import { until } from "../support/within.ts";
import { browserTest } from "../support/programs.ts";
import { COUNTED, COUNTING, faults, NONE, numbersOf, startStage } from "./client_page.ts";

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
    await using server = await startServer(COUNTED);
    await using proxy = await startHoldingProxy(server.origin);
    await using stage = await startStage();
    const { origin } = server;
    const follower = await stage.open({ modules: origin, options: numbersOf(proxy.origin) });

    await follower.is("live");
    const publisher = startNumbers({ origin, ...COUNTING });
    await follower.receives(10);
    await stage.context.setOffline(true);
    proxy.cut(); // The browser's own switch does not cut open connections.
    await follower.is("offline");
    const published = publisher.last;
    await until(
      "numbers published while disconnected",
      () => publisher.last > published + 20 || undefined,
    );
    await stage.context.setOffline(false);
    await follower.is("live");
    assertEquals(await faults(follower, publisher), NONE);
    await untilOpen(origin, 1);
    assertEquals(stage.complaints(), []);
  },
);

browserTest(
  "client closes its stream while the page is hidden for minutes, and resumes when it is visible",
  async () => {
    await using server = await startServer(COUNTED);
    await using stage = await startStage();
    const { origin } = server;
    const follower = await stage.open({
      modules: origin,
      options: numbersOf(origin),
      shorten: { fromMs: 100_000, by: 200 }, // Five minutes.
    });

    await follower.is("live");
    const publisher = startNumbers({ origin, ...COUNTING });
    await follower.receives(10);
    await show(follower.page, "hidden");
    await follower.is("paused");
    await untilOpen(origin, 0);
    const published = publisher.last;
    await until(
      "numbers published while disconnected",
      () => publisher.last > published + 20 || undefined,
    );
    await show(follower.page, "visible");
    await follower.is("live");
    assertEquals(await faults(follower, publisher), NONE);
    await untilOpen(origin, 1);
    assertEquals(stage.complaints(), []);
  },
);
