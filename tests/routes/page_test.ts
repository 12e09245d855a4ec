import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createManualClock } from "../support/manual_clock.ts";
import type { Article, FeedStatus } from "../../lib/topics/news/article.ts";
import { pageRoutes } from "../../routes/page.ts";
import type { PageNews } from "../../routes/page_news.ts";
import type { Quote, Status } from "../../lib/topics/quotes/quote.ts";

const NOW = Date.parse("2026-08-03T14:03:30.000Z");
const ASSETS = new URL("../../lib/", import.meta.url);

const QUOTE: Quote = {
  symbol: "BTC-USD",
  name: "Bitcoin",
  class: "crypto",
  price: "76975.1",
  change: "-123.40",
  change_pct: -0.16,
  basis: "rolling_24h",
  currency: "USD",
  unit: "coin",
  decimals: 2,
  session: "always",
  as_of: "2026-08-03T14:03:22.000Z",
  received_at: "2026-08-03T14:03:23.000Z",
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "coinbase",
  attribution: "Coinbase",
  simulated: false,
};

const STATUS: Status = {
  provider: "coinbase",
  symbols: ["BTC-USD", "ETH-USD"],
  state: "live",
  since: "2026-08-03T14:00:00.000Z",
  reason: null,
  breaker: "closed",
  next_try_at: null,
};

/** The page over a fake of what it needs, with a note of each call. */
function createPage(
  quotes: readonly Quote[] = [],
  status: readonly Status[] = [],
  { articles = [], feeds = [] }: Partial<Pick<PageNews, "articles" | "feeds">> = {},
) {
  const calls: string[] = [];
  const app = pageRoutes({
    world: {
      clock: createManualClock(NOW),
      readAsset: (path) => Deno.readFile(new URL(path, ASSETS)),
    },
    quotes: {
      watch() {
        calls.push("watch");
        return Promise.resolve();
      },
      snapshot() {
        calls.push("snapshot");
        const cursor = quotes.length > 0 ? "1754229803000-7" : null;
        return Promise.resolve({ quotes: [...quotes], status: [...status], cursor });
      },
    },
    news: {
      watch() {
        calls.push("watch news");
        return Promise.resolve();
      },
      newest(sources) {
        calls.push(`news of ${sources}`);
        const rest = { retracted: [], cursor: null, isWhole: true, hasGap: false };
        return Promise.resolve({ articles, ...rest });
      },
      feeds: () => Promise.resolve(feeds),
    },
  });
  return { app, calls };
}

async function paint(...known: Parameters<typeof createPage>): Promise<string> {
  const response = await createPage(...known).app.request("/");
  assertEquals(response.status, 200);
  return await response.text();
}

/** The text of a symbol's row, as a reader without a style sheet has it. */
function rowText(page: string, symbol: string): string {
  const row = page.split(`data-symbol="${symbol}"`)[1]?.split("</tr>")[0] ?? "";
  const text = row.slice(row.indexOf(">") + 1).replace(/<[^>]*>/g, " ");
  return text.replace(/\s+/g, " ").trim();
}

Deno.test("page paints what is known, with the cursor from which its stream goes on", async () => {
  const { app, calls } = createPage([QUOTE], [STATUS]);
  const response = await app.request("/");
  const page = await response.text();

  assertEquals(calls, ["watch", "watch news", "snapshot", "news of null"]);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/html; charset=utf-8$/i);
  assertEquals(response.headers.get("cache-control"), "no-store");
  assertStringIncludes(page, `data-cursor="1754229803000-7"`);
  assertEquals(
    rowText(page, "BTC-USD"),
    "BTC-USD Bitcoin 76,975.10 USD ▼ −123.40 (−0.16 %) in 24 hours live " +
      "14:03:22 UTC received 14:03:23 coinbase",
  );
});

Deno.test("page hands its script the very snapshot it painted", async () => {
  const page = await paint([QUOTE], [STATUS]);
  const json = /data-snapshot="([^"]*)"/.exec(page)?.[1]?.replaceAll("&quot;", '"') ?? "";
  assertEquals(JSON.parse(json), { quotes: [QUOTE], status: [STATUS] });
});

Deno.test("page says what it waits for where nothing is known", async () => {
  const page = await paint();
  assertStringIncludes(rowText(page, "BTC-USD"), "waiting for the first price");
  assertStringIncludes(page, `data-cursor=""`);
});

Deno.test("page says from whom it waits for a price, and who is down", async () => {
  const waiting = await paint([QUOTE], [STATUS]);
  assertStringIncludes(rowText(waiting, "ETH-USD"), "waiting for the first price from coinbase");
  const down = await paint([], [{ ...STATUS, state: "down" }]);
  assertStringIncludes(rowText(down, "ETH-USD"), "no price yet: coinbase down");
});

const WORDS: readonly (readonly [string, Partial<Quote>, Partial<Status>])[] = [
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
  ["SIMULATED", { simulated: true }, {}],
  ["▲ +1.00 (+0.50 %) since the last close", {
    change: "1",
    change_pct: 0.5,
    basis: "prev_close",
  }, {}],
  ["▲ +0.50 %", { change: null, change_pct: 0.5 }, {}],
  ["(−0.16 %) this UTC day", { basis: "utc_day" }, {}],
  ["unchanged", { change: "0.00", change_pct: 0 }, {}],
  ["not given", { change: null, change_pct: null }, {}],
  ["2026-07-31 20:00 UTC", { as_of: "2026-07-31T20:00:00.000Z" }, {}],
  ["no market time received 14:03:23 UTC", { as_of: null }, {}],
  ["90,071,992,547,409.93 points", { price: "90071992547409.931", unit: "points" }, {}],
  ["coinbase Data by Coinbase", { attribution: "Data by Coinbase" }, {}],
];

for (const [words, quote, status] of WORDS) {
  Deno.test(`page says "${words}"`, async () => {
    const page = await paint([{ ...QUOTE, ...quote }], [{ ...STATUS, ...status }]);
    assertStringIncludes(rowText(page, "BTC-USD"), words);
  });
}

Deno.test("page says what is wrong with a provider, and when it is tried again", async () => {
  const page = await paint([QUOTE], [{
    ...STATUS,
    state: "down",
    reason: "It answered 503",
    next_try_at: "2026-08-03T14:04:00.000Z",
  }]);
  assertStringIncludes(
    page,
    "coinbase has been down since 14:00:00 UTC: It answered 503. " +
      "Next try at 14:04:00 UTC. Concerns BTC-USD, ETH-USD.",
  );
});

Deno.test("page says what is to be known of providers that are live, too", async () => {
  const reason = "Coinbase and Kraken differ by 3 % on BTC-USD";
  assertStringIncludes(
    await paint([QUOTE], [{ ...STATUS, reason }]),
    `coinbase is live, with a remark: ${reason}. Concerns BTC-USD, ETH-USD.`,
  );
});

Deno.test("page says what is worst first", async () => {
  const states = ["closed", "delayed", "live", "stale", "down"] as const;
  const page = await paint(
    [QUOTE],
    states.map((state) => ({ ...STATUS, provider: `the-${state}`, state, reason: "So it is" })),
  );
  const told = [...page.matchAll(/<li data-state="(\w+)">/g)].map(([_, state]) => state);
  assertEquals(told, ["down", "stale", "live", "delayed", "closed"]);
});

Deno.test("page says which symbols nobody gives", async () => {
  const page = await paint([QUOTE], [{
    ...STATUS,
    provider: "none",
    symbols: ["BRENT", "WTI"],
    state: "down",
    reason: "no source configured",
  }]);
  assertStringIncludes(rowText(page, "BRENT"), "down, no source configured");
  assertStringIncludes(page, "Nobody gives BRENT, WTI: no source configured.");
});

Deno.test("page has nine rows in four groups, in the order of the list", async () => {
  const page = await paint([QUOTE], [STATUS]);
  const parts = page.matchAll(/data-symbol="([^"]+)"|scope="rowgroup" colspan="6">(\w+)/g);
  assertEquals(
    [...parts].map(([_, symbol, group]) => symbol ?? `${group}:`).join(" "),
    "crypto: BTC-USD ETH-USD metals: XAU-USD XAG-USD oil: BRENT WTI indices: SPX DJI IXIC",
  );
});

Deno.test("page has nothing to say about providers that are live", async () => {
  const page = await paint([QUOTE], [STATUS]);
  assertMatch(page, /<section id="problems" class="panel" hidden>/);
});

Deno.test("page escapes what it was given", async () => {
  const evil = `<script>alert("1")</script>`;
  const page = await paint(
    [{ ...QUOTE, name: evil, attribution: evil }],
    [{ ...STATUS, state: "down", reason: evil }],
  );
  assert(!page.includes("<script>"), page);
  assertStringIncludes(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
});

Deno.test("page has no inline script, style or handler, and a policy that refuses them", async () => {
  const { app } = createPage([QUOTE], [STATUS]);
  const response = await app.request("/");
  const page = await response.text();
  assertEquals(page.match(/<script[^>]*>[^<]*/g), [`<script type="module" src="/page.js">`]);
  assert(!/<style|\sstyle=|\son\w+=|javascript:/i.test(page), page);

  const policy = response.headers.get("content-security-policy") ?? "";
  assert(!policy.includes("unsafe"), policy);
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
    assertStringIncludes(policy, rule);
  }
  assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  assertEquals(response.headers.get("referrer-policy"), "no-referrer");
});

Deno.test("page answers HEAD without counting it as watching", async () => {
  const { app, calls } = createPage([QUOTE], [STATUS]);
  const response = await app.request("/", { method: "HEAD" });
  assertEquals(response.status, 200);
  assertEquals(await response.text(), "");
  assertEquals(calls, ["snapshot", "news of null"]);
});

Deno.test("page shows a command that can be copied, whatever host was asked for", async () => {
  const { app } = createPage();
  const good = await app.request("https://tape.example:8443/");
  const command = `curl -N "https://tape.example:8443/v1/quotes/stream"`;
  assertStringIncludes(await good.text(), command);
  const bad = await app.request("http://a$(id).example/");
  assertStringIncludes(await bad.text(), "http://localhost:8000/v1/quotes/stream");
});

Deno.test("page's files are all there, and known again by their ETag", async () => {
  const { app } = createPage();
  const wanted = [...(await paint()).matchAll(/(?:src|href)="(\/[\w.]+\.(?:js|css|svg))"/g)]
    .map(([_, path]) => path ?? "");
  const seen = new Set<string>();
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const response = await app.request(path);
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("cache-control"), "no-cache");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const type = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
    const ending = path.endsWith(".js") ? "js" : path.endsWith(".css") ? "css" : "svg";
    assertStringIncludes(response.headers.get("content-type") ?? "", type[ending]);
    const text = await response.text();
    wanted.push(...[...text.matchAll(/ from "\.(\/\w+\.js)"/g)].map(([_, file]) => file ?? ""));

    const tag = response.headers.get("etag") ?? "";
    const again = await app.request(path, { headers: { "if-none-match": tag } });
    assertEquals([again.status, await again.text()], [304, ""]);
  }
  assertEquals(seen.size, 10);
});

Deno.test("page's routes are in the API's description", () => {
  const { app } = createPage();
  const { paths } = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Edgetape", version: "0" },
  });
  const types = Object.entries(paths ?? {}).map(([path, { get }]) => {
    const answer = get?.responses?.["200"];
    return [path, ...Object.keys(answer && "content" in answer ? answer.content ?? {} : {})];
  });
  assertEquals(types.length, 11);
  assertEquals(types.slice(0, 3), [
    ["/", "text/html"],
    ["/page.css", "text/css"],
    ["/page.js", "text/javascript"],
  ]);
});

const ARTICLE: Article = {
  id: "a1",
  title: "Gold's slide <b>deepens</b>",
  summary: `5 < 6 & "so"`,
  url: "https://news.example/1?a=1&b=2",
  sources: [
    { source: "wire", name: "The Wire", url: "https://news.example/1?a=1&b=2" },
    { source: "desk", name: "The Desk", url: "https://desk.example/1" },
  ],
  published_at: "2026-08-03T14:00:00.000Z",
  first_seen_at: "2026-08-03T14:01:00.000Z",
  updated_at: "2026-08-03T14:02:00.000Z",
  symbols: [],
  simulated: false,
};

const FEED: FeedStatus = {
  source: "wire",
  name: "The Wire",
  url: "https://wire.example/rss",
  state: "ok",
  moved_to: null,
  reason: null,
  polled_at: null,
  next_poll_at: "2026-08-03T14:05:00.000Z",
};

Deno.test("page paints news as text, with links that tell nothing of us, and marks what was updated", async () => {
  const page = await paint([], [], { articles: [ARTICLE] });
  const item = page.split(`data-article="a1"`)[1]?.split("</li>")[0] ?? "";
  const words = item.slice(item.indexOf(">") + 1).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  assertEquals(
    words.trim(),
    "Gold&#39;s slide &lt;b&gt;deepens&lt;/b&gt; 5 &lt; 6 &amp; &quot;so&quot; 14:00:00 UTC " +
      "The Wire, The Desk Updated 14:02:00 UTC",
  );
  assertStringIncludes(item, `href="https://news.example/1?a=1&amp;b=2"`);
  assertStringIncludes(item, `rel="noopener noreferrer"`);
});

Deno.test("page links nowhere but to pages of http(s)", async () => {
  const page = await paint([], [], { articles: [{ ...ARTICLE, url: "javascript:alert(1)" }] });
  const item = page.split(`data-article="a1"`)[1]?.split("</li>")[0] ?? "";
  assert(!item.includes("href"), item);
});

Deno.test("page has the news of the sources that are named, and links to those of each", async () => {
  const { app, calls } = createPage([], [], { articles: [ARTICLE], feeds: [FEED] });
  const page = await (await app.request("/?source=Desk")).text();
  assert(calls.includes("news of desk"));
  assertStringIncludes(page, `data-source="desk"`);
  const links = [...page.matchAll(/href="(\/[^"]*#news)"([^>]*)>([^<]*)/g)]
    .map(([_, href, more, name]) => [href, (more ?? "").trim(), name]);
  assertEquals(links, [
    ["/#news", "", "All"],
    ["/?source=wire#news", "", "The Wire"],
    ["/?source=desk#news", `aria-current="true"`, "The Desk"],
  ]);
});

Deno.test("page says which feeds have moved, broke or are gone", async () => {
  const feeds: readonly FeedStatus[] = [
    FEED,
    { ...FEED, name: "A", state: "moved", moved_to: "https://a.example/new" },
    { ...FEED, name: "B", state: "broken", reason: "B refused: HTTP 503" },
    { ...FEED, name: "C", state: "gone", reason: "It is gone for good (410)" },
  ];
  const page = await paint([], [], { feeds });
  const list = page.split(`id="feeds"`)[1]?.split("</ul>")[0] ?? "";
  const lines = [...list.matchAll(/<li[^>]*>([^<]*)/g)].map(([_, text]) => text);
  assertEquals(lines, [
    "A has moved to https://a.example/new.",
    "B is broken: B refused: HTTP 503. Next try at 14:05:00 UTC.",
    "C is gone: It is gone for good (410).",
  ]);
});
