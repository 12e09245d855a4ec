import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sparklinePoints } from "../../lib/client/page/sparkline.js";
import type { Bar } from "../../lib/topics/quotes/history/bar.ts";
import type { ProviderStatus, Quote } from "../../lib/topics/quotes/quote.ts";
import { createPage, QUOTE, renderPage, STATUS } from "./page_support.ts";

/** Returns the text of a symbol's row. */
function rowText(page: string, symbol: string): string {
  const row = page.split(`data-symbol="${symbol}"`)[1]?.split("</tr>")[0] ?? "";
  const text = row.slice(row.indexOf(">") + 1).replace(/<[^>]*>/g, " ");
  return text.replace(/\s+/g, " ").trim();
}

Deno.test("page renders the latest values, and the cursor from which its stream continues", async () => {
  const { app, calls } = createPage([QUOTE], [STATUS]);
  const response = await app.request("/");
  const page = await response.text();

  assertEquals(calls, ["watch", "watch news", "snapshot", "news of null"]);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/html; charset=utf-8$/i);
  assertEquals(response.headers.get("cache-control"), "no-store");
  assertStringIncludes(page, `data-cursor="1754229803000-7"`);
  assertEquals(
    rowText(page, "BTC-USD"),
    "BTC-USD Bitcoin 76,975.10 USD ▼ −0.16 % −123.40 in 24 h live " +
      "14:03:22 UTC received 14:03:23 Coinbase",
  );
});

Deno.test("page contains the snapshot that it rendered, for its script", async () => {
  const page = await renderPage([QUOTE], [STATUS]);
  const json = /data-snapshot="([^"]*)"/.exec(page)?.[1]?.replaceAll("&quot;", '"') ?? "";
  assertEquals(JSON.parse(json), { quotes: [QUOTE], status: [STATUS] });
});

/** The trend of bitcoin: four bars of five minutes. */
const TRENDS = new Map([["BTC-USD", {
  intervalMs: 300_000,
  bars: ["100", "110", "90", "105"].map((price, n): Bar => [
    Date.parse("2026-08-03T13:40:00Z") + n * 300_000,
    price,
    price,
    price,
    price,
    null,
  ]),
}]]);

Deno.test("page draws the course of the day at first paint, and hands its points to the script", async () => {
  const page = await renderPage([QUOTE], [STATUS], { trends: TRENDS });
  assertStringIncludes(page, 'class="line" d="M0 16L33.3 3L66.7 29L100 9.5"');
  const [, scales = ""] = /data-scales="([^"]+)"/.exec(page) ?? [];
  const points = sparklinePoints("M0 16L33.3 3L66.7 29L100 9.5", scales);
  const prices = points.map(({ price }) => price);
  assertEquals([points[0]?.at, points.at(-1)?.at], [1_785_764_400_000, 1_785_765_300_000]);
  assertEquals(prices, [100, 110, 90, 105]);
});

Deno.test("page has charts for browsers without JavaScript, with their range and their beginning", async () => {
  const page = await renderPage([QUOTE], [STATUS], { trends: TRENDS });
  const [, charts = ""] = /<noscript>([\s\S]*?)<\/noscript>/.exec(page) ?? [];
  const text = charts.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
  assertEquals(text, "Charts of the day Bitcoin 90.00 – 110.00. Since 13:40:00 UTC.");
  assertStringIncludes(charts, 'aria-label="Bitcoin, 90.00 – 110.00"');
  assertStringIncludes(charts, 'href="#trend-BTC-USD"');
  assertStringIncludes(page, '<g id="trend-BTC-USD">');
  assertEquals((await renderPage([QUOTE], [STATUS])).includes("<noscript>"), false);
});

Deno.test("page shows that it waits for the first price while no value is known", async () => {
  const page = await renderPage();
  assertStringIncludes(rowText(page, "BTC-USD"), "waiting for the first price");
  assertStringIncludes(page, `data-cursor=""`);
});

Deno.test("page names the providers that it waits for, and those that are down", async () => {
  const waiting = await renderPage([QUOTE], [STATUS]);
  assertStringIncludes(rowText(waiting, "ETH-USD"), "waiting for the first price from coinbase");
  const down = await renderPage([], [{ ...STATUS, state: "down" }]);
  assertStringIncludes(rowText(down, "ETH-USD"), "no price yet: coinbase down");
});

/** Texts of a row, with the changes of the quote and of the status that cause them. */
const ROW_TEXTS: readonly (readonly [text: string, Partial<Quote>, Partial<ProviderStatus>])[] = [
  ["live", {}, {}],
  ["live, pre-market", { session: "pre" }, {}],
  ["delayed", { is_delayed: true }, {}],
  ["delayed by 15 min", { is_delayed: true, delay_s: 900 }, {}],
  ["delayed by 2 h, trading halted", { is_delayed: true, delay_s: 7200, session: "halted" }, {}],
  ["market closed", { session: "closed" }, {}],
  ["stale", { is_stale: true }, {}],
  ["down, last known", { is_stale: true }, { state: "down" }],
  ["market closed, source down", { session: "closed" }, { state: "down" }],
  ["stale", { is_stale: true, is_delayed: true, delay_s: 900 }, {}],
  ["BTC-USD SIM Bitcoin", { simulated: true }, {}],
  ["▲ +0.50 % +1.00 since close", {
    change: "1",
    change_pct: 0.5,
    basis: "prev_close",
  }, {}],
  ["▲ +0.50 %", { change: null, change_pct: 0.5 }, {}],
  ["▼ −0.16 % −123.40 this session", { basis: "session" }, {}],
  ["unchanged in 24 h", { change: "0.00", change_pct: 0 }, {}],
  ["– not given", { change: null, change_pct: null }, {}],
  ["2026-07-31 20:00 UTC", { as_of: "2026-07-31T20:00:00.000Z" }, {}],
  ["no market time received 14:03:23 UTC", { as_of: null }, {}],
  ["90,071,992,547,409.93 points", { price: "90071992547409.931", unit: "points" }, {}],
  ["coinbase Data by Coinbase", { attribution: "Data by Coinbase" }, {}],
];

for (const [text, quote, status] of ROW_TEXTS) {
  Deno.test(`page shows "${text}" in a row`, async () => {
    const page = await renderPage([{ ...QUOTE, ...quote }], [{ ...STATUS, ...status }]);
    assertStringIncludes(rowText(page, "BTC-USD"), text);
  });
}

Deno.test("page shows a change that rounds to zero without an arrow or a direction", async () => {
  const quote = { ...QUOTE, change: "0.01", change_pct: 0.0002, basis: "prev_close" } as const;
  const page = await renderPage([quote], [STATUS]);
  const text = rowText(page, "BTC-USD");
  assertStringIncludes(text, "0.00 % +0.01 since close");
  assert(!/[▲▼]/.test(text), text);
  assertStringIncludes(page, `data-direction="flat"`);
});

Deno.test("page shows the problem of a provider, and the time of its next call", async () => {
  const page = await renderPage([QUOTE], [{
    ...STATUS,
    state: "down",
    reason: "It answered 503",
    next_try_at: "2026-08-03T14:04:00.000Z",
  }]);
  assertStringIncludes(
    page,
    "coinbase has been down since 14:00:00 UTC: It answered 503. " +
      "Next try at 14:04:00 UTC. Symbols: BTC-USD, ETH-USD.",
  );
});

Deno.test("page shows the remarks of live providers too", async () => {
  const reason = "Coinbase and Kraken differ by 3 % on BTC-USD";
  assertStringIncludes(
    await renderPage([QUOTE], [{ ...STATUS, reason }]),
    `coinbase is live: ${reason}. Symbols: BTC-USD, ETH-USD.`,
  );
});

Deno.test("page shows the worst problem first", async () => {
  const states = ["closed", "delayed", "live", "stale", "down"] as const;
  const page = await renderPage(
    [QUOTE],
    states.map((state) => ({ ...STATUS, provider: `the-${state}`, state, reason: "So it is" })),
  );
  const shown = [...page.matchAll(/<li data-state="(\w+)">/g)].map(([_, state]) => state);
  assertEquals(shown, ["down", "stale", "live", "delayed", "closed"]);
});

Deno.test("page names the symbols without a source", async () => {
  const page = await renderPage([QUOTE], [{
    ...STATUS,
    provider: "none",
    symbols: ["BRENT", "WTI"],
    state: "down",
    reason: "no source configured",
  }]);
  assertStringIncludes(rowText(page, "BRENT"), "down, no source configured");
  // No skeleton, since no value will arrive.
  assertMatch(page, /data-symbol="BRENT" data-freshness="missing"/);
  assertStringIncludes(page, "No prices for BRENT, WTI: no source configured.");
});

Deno.test("page has nine rows in four groups, in the order of the list", async () => {
  const page = await renderPage([QUOTE], [STATUS]);
  const parts = page.matchAll(/data-symbol="([^"]+)"|scope="rowgroup" colspan="7">(\w+)/g);
  assertEquals(
    [...parts].map(([_, symbol, group]) => symbol ?? `${group}:`).join(" "),
    "Crypto: BTC-USD ETH-USD Metals: XAU-USD XAG-USD Oil: BRENT WTI Indices: SPX DJI IXIC",
  );
});

Deno.test("page lists no provider that is live without a remark", async () => {
  const page = await renderPage([QUOTE], [STATUS]);
  assertMatch(page, /<section id="problems" class="panel" hidden>/);
});

Deno.test("page escapes the values of providers", async () => {
  const markup = `<script>alert("1")</script>`;
  const page = await renderPage(
    [{ ...QUOTE, name: markup, attribution: markup }],
    [{ ...STATUS, state: "down", reason: markup }],
  );
  assert(!page.includes("<script>"), page);
  assertStringIncludes(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
});

Deno.test("page has no inline script, style or handler, and a security policy that blocks them", async () => {
  const { app } = createPage([QUOTE], [STATUS]);
  const response = await app.request("/");
  const page = await response.text();
  assertEquals(page.match(/<script[^>]*>[^<]*/g), [`<script type="module" src="/page/page.js">`]);
  assert(!/<style|\sstyle=|\son\w+=|javascript:/i.test(page), page);

  const policy = response.headers.get("content-security-policy") ?? "";
  assert(!policy.includes("unsafe"), policy);
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
    assertStringIncludes(policy, rule);
  }
  assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  assertEquals(response.headers.get("referrer-policy"), "no-referrer");
});

Deno.test("HEAD of the page does not keep the pollers running", async () => {
  const { app, calls } = createPage([QUOTE], [STATUS]);
  const response = await app.request("/", { method: "HEAD" });
  assertEquals(response.status, 200);
  assertEquals(await response.text(), "");
  assertEquals(calls, ["snapshot", "news of null"]);
});

Deno.test("page shows commands with the host of the request, if it is valid", async () => {
  const { app } = createPage();
  const valid = await app.request("https://tape.example:8443/");
  const command = `curl -N "https://tape.example:8443/v1/quotes/stream"`;
  assertStringIncludes((await valid.text()).replaceAll("&quot;", '"'), command);
  const malformed = await app.request("http://a$(id).example/");
  assertStringIncludes(await malformed.text(), "http://localhost:8000/v1/quotes/stream");
});

Deno.test("page states that all or some prices are simulated", async () => {
  const banner = (page: string) => /<p id="simulated" (hidden)?[^]*?<span>([^<]*)/.exec(page);
  assertEquals(banner(await renderPage([QUOTE], [STATUS]))?.slice(1), ["hidden", ""]);
  const simulatedQuote = { ...QUOTE, simulated: true };
  const allSimulated = banner(await renderPage([simulatedQuote], [STATUS]));
  assertEquals(allSimulated?.slice(1), [
    undefined,
    "This server simulates every price and story.",
  ]);
  const someSimulated = banner(
    await renderPage([simulatedQuote, { ...QUOTE, symbol: "ETH-USD" }], [STATUS]),
  );
  assertEquals(someSimulated?.[2], "This server simulates everything marked SIM.");
});

Deno.test("page offers an operation in the demo only", async () => {
  assert(!(await renderPage()).includes(`id="operation"`));
  assert((await renderPage([], [], { isDemo: true })).includes(`id="operation"`));
});

const TYPES = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

Deno.test("GET of each of the page's files succeeds, and answers 304 to its ETag", async () => {
  const { app } = createPage();
  const files = new Map(
    [...(await renderPage()).matchAll(/(?:src|href)="(\/[\w./]+\.(js|css|svg))"/g)]
      .map(([_, path = "", ending = ""]) => [path, ending]),
  );
  files.delete("/client.js"); // served by other routes
  assertEquals([...files.keys()].sort(), ["/icon.svg", "/page/page.css", "/page/page.js"]);
  for (const path of ["/page/chart.js", "/page/uplot.js"]) files.set(path, "js");
  files.set("/page/uplot.css", "css");
  for (const [path, ending] of files) {
    const response = await app.request(path);
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("cache-control"), "no-cache");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const type = Object.entries(TYPES).find(([name]) => name === ending)?.[1] ?? "";
    assertStringIncludes(response.headers.get("content-type") ?? "", type);
    const etag = response.headers.get("etag") ?? "";
    await response.body?.cancel();
    const again = await app.request(path, { headers: { "if-none-match": etag } });
    assertEquals([again.status, await again.text()], [304, ""]);
  }
});

Deno.test("page's script and style sheet are bundled, and import the client only", async () => {
  const { app } = createPage();
  const imports = async (path: string) =>
    [...(await (await app.request(path)).text()).matchAll(/^(?:@?import .*"(.*)";)$/gm)]
      .map(([_, from]) => from);
  assertEquals(await imports("/page/page.js"), ["../client.js"]);
  assertEquals(await imports("/page/chart.js"), ["/page/uplot.js"]);
  assertEquals(await imports("/page/page.css"), []);
});

Deno.test("page is compressed for clients that accept it", async () => {
  const { app } = createPage([QUOTE], [STATUS]);
  const plain = await (await app.request("/")).text();
  const compressed = await app.request("/", { headers: { "accept-encoding": "gzip" } });
  assertEquals(compressed.headers.get("content-encoding"), "gzip");
  const decompressed = compressed.body?.pipeThrough(new DecompressionStream("gzip"));
  assertEquals(await new Response(decompressed ?? null).text(), plain);
});

Deno.test("page's routes are in the API's description", () => {
  const { app } = createPage();
  const { paths } = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Edgetape", version: "0" },
  });
  const types = Object.entries(paths ?? {}).map(([path, { get }]) => {
    const response = get?.responses?.["200"];
    return [path, ...Object.keys(response && "content" in response ? response.content ?? {} : {})];
  });
  assertEquals(types, [
    ["/", "text/html"],
    ["/page/page.css", "text/css"],
    ["/page/page.js", "text/javascript"],
    ["/page/chart.js", "text/javascript"],
    ["/icon.svg", "image/svg+xml"],
    ["/page/uplot.js", "text/javascript"],
    ["/page/uplot.css", "text/css"],
  ]);
});
