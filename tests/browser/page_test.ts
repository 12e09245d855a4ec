import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse, QUOTES } from "../support/shapes.ts";
import { until } from "../support/within.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { PRICES, startDemo, waitForBadge, waitForPriceChange } from "./demo_page.ts";

const STREAM = "**/v1/stream?*";

/** Waits until the server has new prices. */
async function newPrices(origin: string): Promise<void> {
  async function prices(): Promise<string> {
    const { quotes } = parse(QUOTES, await (await fetch(`${origin}/v1/quotes`)).text());
    return quotes.map(({ price }) => price).join();
  }
  const before = await prices();
  await until("new prices", async () => (await prices()) === before ? undefined : true);
}

browserTest("page follows the stream without errors", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page, complaints } = tab;

  await page.goto(server.origin);
  assertStringIncludes(await waitForBadge(page, "live"), "Live");
  await waitForPriceChange(page);
  await waitForPriceChange(page);
  await page.locator("[data-freshness=live]").first().waitFor();
  assertStringIncludes(await page.locator("#simulated").innerText(), "SIMULATED");
  assertEquals(
    await page.locator("tr [data-field=simulated]").allInnerTexts(),
    Array(9).fill("SIM"),
  );
  assertEquals(await page.locator("[role=status]").count(), 1);
  assertEquals(complaints, []);
});

browserTest("page starts its stream at the cursor of the first paint", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;

  // A process that has published nothing may have no cursor yet. Each load waits for its own request,
  // so that the request of one load is never taken for that of the next.
  const load = await until("a cursor in the first paint", async () => {
    const opened = page.waitForRequest(STREAM);
    await page.goto(server.origin);
    const requested = new URL((await opened).url()).searchParams.get("last_event_id");
    const painted = await page.locator("main").getAttribute("data-cursor");
    return painted ? { painted, requested } : undefined;
  });
  assertEquals(load.requested, load.painted);
  await waitForBadge(page, "live");
});

browserTest("page is a table of prices without JavaScript", async () => {
  await using server = await startDemo();
  await using tab = await openTab({ javaScriptEnabled: false });
  const { page, complaints } = tab;

  const prices = await until("a price in the first paint", async () => {
    await page.goto(server.origin);
    const texts = await page.locator(PRICES).allInnerTexts();
    return texts.every((text) => /^[\d,.]+$/.test(text)) ? texts : undefined;
  });
  assertEquals(prices.length, await page.locator("tr[data-symbol]").count());
  assertStringIncludes(await page.locator("connection-badge").innerText(), "Snapshot");
  assertEquals(await page.locator("button:visible").count(), 0);
  assertEquals(complaints, []);
});

browserTest("page shows that it reconnects, and is live after a restart", async () => {
  const first = await startDemo();
  await using tab = await openTab();
  const { page } = tab;
  try {
    await page.goto(first.origin);
    await waitForBadge(page, "live");
    // On a busy machine the stream may be live before the first price, without which nothing can be cut.
    await page.locator("[data-freshness=live]").first().waitFor();
    first.signal("SIGKILL");
    await first.exited;
    assertStringIncludes(
      await waitForBadge(page, "reconnecting"),
      "The connection was lost. Next try in",
    );
    await page.locator("[data-freshness=cut]").first().waitFor();
    assertStringIncludes(await page.locator("table").innerText(), "last known");
  } finally {
    await first.stop();
  }
  await using _second = await startDemo({ PORT: String(first.port) });
  await waitForBadge(page, "live");
  await waitForPriceChange(page);
});

browserTest("page shows that the connection is silent, and replaces it", async () => {
  await using server = await startDemo({ HEARTBEAT_MS: "400" });
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  try {
    server.signal("SIGSTOP");
    assertStringIncludes(await waitForBadge(page, "stale"), "silent");
  } finally {
    server.signal("SIGCONT");
  }
  await waitForBadge(page, "live");
  await waitForPriceChange(page);
});

browserTest("page is stale if no price is fresh", async () => {
  await using server = await startDemo({ QUOTE_POLL_MS: "60000" });
  await using tab = await openTab();
  const { page } = tab;
  await until("a cursor in the first paint", async () => {
    const text = await (await fetch(server.origin)).text();
    return /data-cursor="\d/.test(text) || undefined;
  });

  // No value is known, and none changes for a minute.
  await page.route(`${server.origin}/`, async (route) => {
    const response = await route.fetch();
    const nothing = JSON.stringify({ quotes: [], status: [] }).replaceAll('"', "&quot;");
    const body = (await response.text())
      .replace(/data-snapshot="[^"]*"/, `data-snapshot="${nothing}"`);
    await route.fulfill({ response, body });
  });
  await page.goto(server.origin);
  assertStringIncludes(
    await waitForBadge(page, "stale"),
    "Connected, but no price below is fresh.",
  );
  assertEquals(await page.locator("[data-freshness=waiting]").count(), 9);
});

browserTest("page is offline without a network, and resumes with one", async () => {
  const first = await startDemo();
  await using tab = await openTab();
  const { page } = tab;
  try {
    await page.goto(first.origin);
    await waitForBadge(page, "live");
    await page.context().setOffline(true);
    first.signal("SIGKILL");
    await first.exited;
    assertStringIncludes(await waitForBadge(page, "offline"), "There is no network.");
  } finally {
    await first.stop();
  }
  await using _second = await startDemo({ PORT: String(first.port) });
  await page.context().setOffline(false);
  await waitForBadge(page, "live");
});

browserTest(
  "page shows that the server is busy, and connects when its button is pressed",
  async () => {
    await using server = await startDemo({ STREAMS_PER_ISOLATE: "1" });
    await using tab = await openTab();
    const { page } = tab;

    const other = await fetch(`${server.origin}/v1/quotes/stream`);
    await page.goto(server.origin);
    assertStringIncludes(await waitForBadge(page, "busy"), "1 of 1 streams in use");
    await other.body?.cancel();
    await until("a free slot", async () => {
      await page.getByRole("button", { name: "Reconnect now" }).click();
      await page.locator("connection-badge:is([data-state=live], [data-state=busy])").waitFor();
      return await page.locator("connection-badge[data-state=live]").count() > 0 || undefined;
    });
    await waitForPriceChange(page);
  },
);

browserTest(
  "page shows that the stream is refused, and reconnects when its button is pressed",
  async () => {
    await using server = await startDemo();
    await using tab = await openTab();
    const { page } = tab;

    await page.route(STREAM, (route) => route.fulfill({ status: 404 }));
    await page.goto(server.origin);
    await waitForBadge(page, "stopped");
    await page.unroute(STREAM);
    await page.getByRole("button", { name: "Reconnect now" }).click();
    await waitForBadge(page, "live");
  },
);

browserTest("page changes nothing while it is paused", async () => {
  await using server = await startDemo();
  await using tab = await openTab();
  const { page } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await waitForPriceChange(page);
  await page.locator("#pause").click();
  const before = await page.locator("table").innerText();
  for (let change = 0; change < 3; change++) await newPrices(server.origin);
  assertEquals(await page.locator("table").innerText(), before);
  assertMatch(await waitForBadge(page, "stale"), /Paused by you at [\d:]{8} UTC\./);
  await page.locator("#pause").click();
  await waitForPriceChange(page);
  await waitForBadge(page, "live");
});

browserTest("page fits a phone, and has no animation with reduced motion", async () => {
  await using server = await startDemo();
  await using tab = await openTab({
    viewport: { width: 360, height: 740 },
    reducedMotion: "reduce",
    colorScheme: "dark",
  });
  const { page, complaints } = tab;

  await page.goto(server.origin);
  await waitForBadge(page, "live");
  await waitForPriceChange(page);
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);
  assertEquals(await page.evaluate("document.getAnimations().length"), 0);
  assertEquals(complaints, []);
});
