/**
 * The page over fake services.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { ProviderStatus, Quote } from "../../lib/topics/quotes/quote.ts";
import type { BarSeries } from "../../lib/topics/quotes/history/bar.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { pageRoutes } from "../../routes/page/page.ts";
import type { PageNews } from "../../routes/page/news.ts";
import { createManualClock } from "../support/manual_clock.ts";

/** The time at which the page is rendered. */
const NOW = Date.parse("2026-08-03T14:03:30.000Z");
const ASSETS = new URL("../../lib/", import.meta.url);

/** A live quote of coinbase. */
export const QUOTE: Quote = {
  symbol: "BTC-USD",
  name: "Bitcoin",
  class: "crypto",
  price: "76975.1",
  change: "-123.40",
  change_pct: -0.16,
  basis: "rolling_24h",
  prev_close: null,
  open: null,
  high: null,
  low: null,
  volume: null,
  bid: null,
  ask: null,
  currency: "USD",
  unit: "coin",
  decimals: 2,
  session: "always",
  next_open: null,
  as_of: "2026-08-03T14:03:22.000Z",
  received_at: "2026-08-03T14:03:23.000Z",
  is_delayed: false,
  delay_s: null,
  is_stale: false,
  source: "coinbase",
  attribution: "Coinbase",
  simulated: false,
};

/** The status of a live provider. */
export const STATUS: ProviderStatus = {
  provider: "coinbase",
  symbols: ["BTC-USD", "ETH-USD"],
  state: "live",
  since: "2026-08-03T14:00:00.000Z",
  reason: null,
  breaker: "closed",
  next_try_at: null,
};

/** Creates the page over fake services, and records their calls. */
export function createPage(
  quotes: readonly Quote[] = [],
  status: readonly ProviderStatus[] = [],
  { articles = [], feeds = [], isDemo = false, hasImages = false, trends = new Map() }:
    & Partial<Pick<PageNews, "articles" | "feeds">>
    & {
      readonly isDemo?: boolean;
      readonly hasImages?: boolean;
      readonly trends?: ReadonlyMap<string, BarSeries>;
    } = {},
) {
  const calls: string[] = [];
  const app = pageRoutes({
    runtime: {
      clock: createManualClock(NOW),
      readAsset: (path) =>
        Deno.readFile(
          new URL(path.startsWith("npm:") ? import.meta.resolve(path.slice(4)) : path, ASSETS),
        ),
    },
    quotes: {
      instruments: instrumentsFor({}),
      watch() {
        calls.push("watch");
        return Promise.resolve();
      },
      snapshot() {
        calls.push("snapshot");
        const cursor = quotes.length > 0 ? "1754229803000-7" : null;
        return Promise.resolve({ quotes: [...quotes], status: [...status], cursor });
      },
      trends: () => Promise.resolve(trends),
    },
    news: {
      watch() {
        calls.push("watch news");
        return Promise.resolve();
      },
      latest({ sources }) {
        calls.push(`news of ${sources}`);
        return Promise.resolve({
          articles,
          retracted: [],
          cursor: null,
          isWhole: true,
          hasGap: false,
        });
      },
      feeds: () => Promise.resolve(feeds),
    },
    isDemo,
    hasImages,
  });
  return { app, calls };
}

/** Creates the page, and renders it without a filter. */
export async function renderPage(...values: Parameters<typeof createPage>): Promise<string> {
  const response = await createPage(...values).app.request("/");
  assertEquals(response.status, 200);
  return await response.text();
}
