/** The ticker on a site of another origin, whose policy allows only our scripts and connections. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import type { ServerProcess } from "../support/server_process.ts";
import { blocksOf } from "../support/guides.ts";
import { until } from "../support/within.ts";
import { violations } from "./axe.ts";
import { openTab } from "./browser.ts";
import { browserTest } from "../support/programs.ts";
import { startDemo } from "./demo_page.ts";
import { type Site, startSite } from "./site.ts";

/** The most symbols of a stream. A ticker with more follows all. */
const MAX_SYMBOLS = 100;

/** A poll interval that keeps quotes fresh on a busy machine. */
const CALM = { QUOTE_POLL_MS: "1000" };

/** Starts a site whose page has this body and may connect to these servers. */
function startTickerSite(body: string, servers: readonly ServerProcess[], lang?: string): Site {
  const origins = servers.map(({ origin }) => origin).join(" ");
  return startSite({
    body: `${body}<script type="module" src="${servers[0]?.origin}/ticker.js"></script>`,
    policy: [
      `script-src ${origins}`,
      `connect-src ${origins}`,
      "style-src 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ],
    ...(lang === undefined ? {} : { lang }),
  });
}

/** Records the streams that a page requests from now on: the symbols of each, "" without symbols. */
function recordStreams(page: Page): string[] {
  const streams: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname === "/v1/stream") streams.push(url.searchParams.get("symbols") ?? "");
  });
  return streams;
}

/** Waits until a server has this number of open streams. */
async function waitForStreams({ origin }: ServerProcess, count: number): Promise<void> {
  await until(`${count} streams`, async () => {
    const { streams } = await (await fetch(`${origin}/health`)).json();
    return streams.open === count || undefined;
  });
}

/** Waits until no item of a ticker waits for its price. Returns the labels. */
async function readLabels(page: Page, selector = "edgetape-ticker"): Promise<string[]> {
  const list = page.locator(`${selector} [part=list]`);
  await page.locator(`${selector}:has([part=badge][data-state=live])`).waitFor();
  return await until("prices", async () => {
    const texts = await list.locator(".label").allTextContents();
    return texts.some((text) => text.includes("waiting")) ? undefined : texts;
  });
}

/** Locates the price of a symbol. */
const price = (page: Page, symbol: string) =>
  page.locator(`edgetape-ticker [data-symbol="${symbol}"] [part=price]`);

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(
    `<edgetape-ticker> shows prices as they change under a strict policy, in ${colorScheme} mode`,
    async () => {
      await using server = await startDemo(CALM);
      await using site = startTickerSite(
        `<edgetape-ticker symbols="BTC-USD, xau-usd SPX"></edgetape-ticker>`,
        [server],
      );
      await using tab = await openTab({ colorScheme });
      const { page, complaints } = tab;

      await page.goto(site.origin);
      await page.evaluate(`document.documentElement.style.colorScheme = "${colorScheme}"`);
      const [bitcoin = "", gold = "", index = ""] = await readLabels(page);
      assertMatch(
        bitcoin,
        /^Bitcoin, [\d,]+\.\d\d USD, (up|down) [\d.]+\u00a0% .*, live.*, simulated$/,
      );
      assertMatch(gold, /^Gold.*, [\d,.]+ USD per troy oz, /);
      assertMatch(index, /^S&P 500, [\d,.]+ points, .*(delayed by 1[05]\u00a0min|market closed)/);
      const firstPrice = await price(page, "BTC-USD").innerText();
      await until(
        "another price",
        async () => await price(page, "BTC-USD").innerText() !== firstPrice || undefined,
      );
      const visibleText = await page.locator("edgetape-ticker [part=list]").innerText();
      assertMatch(visibleText, /[▲▼]\u00a0[+−][\d.]+\u00a0% \([+−][\d,.]+\)/);
      assertStringIncludes(visibleText, "SIMULATED");

      await page.getByText("Sources").click();
      assertMatch(await page.locator("[part=sources]").innerText(), /BTC-USD: \w+/);
      assertEquals(await page.locator("[aria-live], [role=status]").count(), 1);
      assertEquals(await violations(page), []);
      assertEquals([complaints, site.reports], [[], []]);
    },
  );
}

browserTest(
  "<edgetape-ticker> shows still skeletons until it has prices, with reduced motion",
  async () => {
    await using server = await startDemo(CALM);
    await using site = startTickerSite(
      `<edgetape-ticker symbols="BTC-USD,ETH-USD,SPX,DJI" layout="scroll"></edgetape-ticker>`,
      [server],
      "de",
    );
    await using tab = await openTab({
      reducedMotion: "reduce",
      viewport: { width: 320, height: 640 },
    });
    const { page, complaints } = tab;

    const release = Promise.withResolvers<void>();
    await page.route("**/v1/stream?*", async (route) => {
      await release.promise;
      await route.continue();
    });
    await page.goto(site.origin);
    const waiting = page.locator("edgetape-ticker [data-freshness=waiting]");
    await waiting.first().waitFor();
    assertEquals(await waiting.locator(".label").allTextContents(), [
      "BTC-USD, waiting for the first price",
      "ETH-USD, waiting for the first price",
      "SPX, waiting for the first price",
      "DJI, waiting for the first price",
    ]);
    assertEquals(await violations(page), []);
    release.resolve();
    await readLabels(page);
    assertMatch(await price(page, "BTC-USD").innerText(), /^[\d.]+,\d\d$/);
    assertEquals(await page.evaluate("document.getAnimations().length"), 0);
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 320);
    assertEquals([await violations(page), complaints], [[], []]);
  },
);

browserTest("<edgetape-ticker> follows its attributes", async () => {
  await using first = await startDemo(CALM);
  await using second = await startDemo(CALM);
  await using site = startTickerSite(
    `<edgetape-ticker symbols="BTC-USD"></edgetape-ticker>`,
    [first, second],
  );
  await using tab = await openTab();
  const { page, complaints } = tab;
  const streams = recordStreams(page);
  const setAttribute = (name: string, value: string) =>
    page.locator("edgetape-ticker").evaluate(
      (ticker, [name, value]) => ticker.setAttribute(name, value),
      [name, value] as const,
    );

  await page.goto(site.origin);
  await readLabels(page);
  await setAttribute("symbols", "XAU-USD,BTC-USD");
  await price(page, "XAU-USD").getByText(/\d/).waitFor();
  assertEquals(streams, ["BTC-USD", "BTC-USD,XAU-USD"]);
  await setAttribute("symbols", "BTC-USD"); // has arrived already
  assertEquals((await readLabels(page)).length, 1);

  await waitForStreams(second, 0);
  await setAttribute("url", second.origin);
  await waitForStreams(second, 1);
  await waitForStreams(first, 0);
  assertEquals((await readLabels(page)).length, 1);
  assertEquals(streams, ["BTC-USD", "BTC-USD,XAU-USD", "BTC-USD"]);

  await setAttribute("url", "http://");
  await page.getByText(`"http://" is not a valid URL.`).waitFor();
  await waitForStreams(second, 0);
  assertEquals(complaints, []);
});

browserTest(
  "<edgetape-ticker> shares one connection with the page's other tickers, and the last one closes it",
  async () => {
    await using server = await startDemo(CALM);
    await using site = startTickerSite(
      `<edgetape-ticker id="a" symbols="BTC-USD"></edgetape-ticker>
     <edgetape-ticker id="b" symbols="WTI"></edgetape-ticker>`,
      [server],
    );
    await using tab = await openTab();
    const { page, complaints } = tab;
    const streams = recordStreams(page);

    await page.goto(site.origin);
    await Promise.all([readLabels(page, "#a"), readLabels(page, "#b")]);
    await waitForStreams(server, 1);
    await page.evaluate("document.querySelector('#a').remove()");
    await page.evaluate("document.querySelector('main').prepend(document.querySelector('#b'))");
    await readLabels(page, "#b");
    await waitForStreams(server, 1);
    assertEquals(streams, ["BTC-USD,WTI"]);
    await page.evaluate("document.querySelector('#b').remove()");
    await waitForStreams(server, 0);
    assertEquals(complaints, []);
  },
);

browserTest(
  "<edgetape-ticker> accepts any number of symbols, and an unknown one affects no other",
  async () => {
    await using server = await startDemo(CALM);
    const tooMany = Array.from({ length: MAX_SYMBOLS + 1 }, (_, n) => `NONE-${n}`).join();
    await using site = startTickerSite(
      `<edgetape-ticker id="all"></edgetape-ticker>
     <template><edgetape-ticker symbols="BTC-USD,NOPE"></edgetape-ticker></template>
     <template><edgetape-ticker symbols="BTC-USD,${tooMany}"></edgetape-ticker></template>`,
      [server],
    );
    await using tab = await openTab();
    const { page } = tab;
    const streams = recordStreams(page);
    /** Replaces the ticker by the next one. */
    const showNextTicker = async () => {
      await page.evaluate("document.querySelector('edgetape-ticker').remove()");
      await waitForStreams(server, 0);
      await page.evaluate(`{
      const template = document.querySelector("template");
      template.replaceWith(template.content);
    }`);
    };

    await page.goto(site.origin);
    await page.locator("[part=list] li").first().waitFor();
    assertEquals((await readLabels(page)).length, 9);
    for (const width of [320, 700, 1100, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      const items = page.locator("edgetape-ticker li[data-symbol]");
      const isCut = await items.evaluateAll((elements) =>
        elements.some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      );
      assertEquals(isCut, false, `at ${width} px`);
    }
    await showNextTicker();
    const [bitcoin = "", unknown] = await readLabels(page);
    assertMatch(bitcoin, /^Bitcoin, /);
    assertEquals(unknown, "NOPE, not offered here");
    await showNextTicker();
    assertEquals((await readLabels(page)).length, MAX_SYMBOLS + 2);
    assertEquals([...new Set(streams.filter(Boolean))], ["BTC-USD,NOPE"]);
  },
);

browserTest(
  "<edgetape-ticker> marks prices as last known while it has no connection",
  async () => {
    const server = await startDemo(CALM);
    await using site = startTickerSite(
      `<edgetape-ticker symbols="BTC-USD"></edgetape-ticker>`,
      [server],
    );
    await using tab = await openTab();
    const { page } = tab;
    try {
      await page.goto(site.origin);
      await readLabels(page);
    } finally {
      await server.stop();
    }
    const item = page.locator("edgetape-ticker [data-freshness=cut]");
    await item.waitFor();
    assertStringIncludes(await item.innerText(), "last known");
    assertMatch(await item.locator(".label").innerText(), /, last known, simulated$/);
    assertEquals(await page.getByRole("button", { name: "Reconnect now" }).isVisible(), true);
  },
);

browserTest("<edgetape-ticker> and <connection-badge> work as in the guide's example", async () => {
  await using server = await startDemo(CALM);
  const blocks = await blocksOf("ticker", "html");
  const [style = ""] = await blocksOf("ticker", "css");
  await using site = startSite({
    body: blocks.join("").replaceAll("http://127.0.0.1:8000", server.origin),
    style,
    policy: [
      `script-src 'unsafe-inline' ${server.origin}`, // one of the scripts is inline
      `connect-src ${server.origin}`,
      "style-src 'self'",
    ],
  });
  await using tab = await openTab();
  const { page, complaints } = tab;

  await page.goto(site.origin);
  assertEquals((await readLabels(page)).length, 3);
  await page.locator("main > connection-badge[data-state=live]").waitFor();
  const size =
    "getComputedStyle(document.querySelector('edgetape-ticker').shadowRoot.querySelector('[part=price]')).fontSize";
  assertEquals(await page.evaluate(size), "24px");
  assertEquals([await violations(page), complaints, site.reports], [[], [], []]);
});
