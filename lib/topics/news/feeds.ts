/**
 * The feeds: built-in, demo and configured ones.
 *
 * @module
 */

import type { Config } from "../../core/config.ts";

/** One feed. */
export interface Feed {
  /** The source's name in filters and in the store. */
  readonly name: string;
  /** The source's name for people. */
  readonly title: string;
  readonly url: string;
}

/** The feeds that are polled if `NEWS_FEEDS` is not set. Checked in October 2026: the status of a feed reports a move. */
export const BUILT_IN_FEEDS: readonly Feed[] = [
  {
    name: "fed",
    title: "Federal Reserve",
    url: "https://www.federalreserve.gov/feeds/press_all.xml",
  },
  {
    name: "ecb",
    title: "European Central Bank",
    url: "https://www.ecb.europa.eu/rss/press.html", // XML, in spite of its name
  },
  { name: "eia", title: "EIA", url: "https://www.eia.gov/rss/todayinenergy.xml" },
  {
    name: "bbc",
    title: "BBC Business",
    url: "https://feeds.bbci.co.uk/news/business/rss.xml",
  },
  { name: "guardian", title: "The Guardian", url: "https://www.theguardian.com/business/rss" },
  {
    name: "cnbc",
    title: "CNBC",
    url: "https://search.cnbc.com/rs/search/combinedcms/view.xml?partnerId=wrss01&id=100003114",
  },
  {
    name: "marketwatch",
    title: "MarketWatch",
    url: "https://feeds.content.dowjones.io/public/rss/mw_topstories",
  },
  {
    name: "coindesk",
    title: "CoinDesk",
    url: "https://www.coindesk.com/arc/outboundfeeds/rss/",
  },
];

/** The feeds of `DEMO`: invented sources on hosts that cannot exist, so that no real source is credited with them. */
export const DEMO_FEEDS: readonly Feed[] = [
  { name: "wire", title: "Demo Wire", url: "https://wire.example/rss" },
  { name: "desk", title: "Demo Desk", url: "https://desk.example/atom" },
  { name: "herald", title: "Demo Herald", url: "https://herald.example/feed" },
  { name: "archive", title: "Demo Archive", url: "https://archive.example/rss" },
];

/** Makes the name of a feed from its URL: the host without a usual prefix. */
function feedNameOf(url: string): string {
  const host = URL.parse(url)?.hostname ?? "";
  return host.replace(/^(?:www|feeds|rss)\./, "").replace(/[^a-z0-9.-]+/g, "-").replace(
    /^[.-]+/,
    "",
  )
    .slice(0, 56);
}

/**
 * Makes the feeds of the settings. A built-in URL keeps its name. Another feed is named after its host, with a number if
 * the host has several.
 *
 * @param urls `NEWS_FEEDS`, undefined if it is not set.
 */
export function configuredFeeds(urls: readonly string[] | undefined): readonly Feed[] {
  if (urls === undefined) return BUILT_IN_FEEDS;
  const names = new Set<string>();
  return [...new Set(urls)].map((url) => {
    const builtIn = BUILT_IN_FEEDS.find((feed) => feed.url === url);
    const base = builtIn?.name ?? feedNameOf(url);
    let name = base;
    for (let n = 2; names.has(name); n++) name = `${base}-${n}`;
    names.add(name);
    return builtIn ? { ...builtIn, name } : { name, title: name, url };
  });
}

/** The shortest interval between two polls of a feed, in milliseconds. */
const FEED_POLL_MS = 60_000;

/** The same in `DEMO`, where stories change faster. */
const DEMO_FEED_POLL_MS = 5000;

/** Makes the settings of news from the configuration. */
export function newsSettings(
  { DEMO, NEWS_FEEDS, NEWS_POLL_MS }: Pick<Config, "DEMO" | "NEWS_FEEDS" | "NEWS_POLL_MS">,
) {
  return {
    feeds: DEMO ? DEMO_FEEDS : configuredFeeds(NEWS_FEEDS),
    pollMs: NEWS_POLL_MS ?? (DEMO ? DEMO_FEED_POLL_MS : FEED_POLL_MS),
    simulated: DEMO,
  };
}
