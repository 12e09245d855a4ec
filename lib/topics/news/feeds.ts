/**
 * The feeds: built-in, demo and configured ones.
 *
 * @module
 */
import type { Config } from "../../core/config.ts";

/** A feed to poll. */
export interface Feed {
  /** The source's name in filters and in the store. */
  readonly name: string;
  /** The source's display name. */
  readonly title: string;
  readonly url: string;
}

/**
 * The feeds if `NEWS_FEEDS` is not set. Their URLs are of October 2026. The status of a feed reports when it has moved.
 */
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

/**
 * The feeds of `DEMO`: invented sources on hosts that cannot exist, so that no real source is credited with their
 * items.
 */
export const DEMO_FEEDS: readonly Feed[] = [
  { name: "wire", title: "Demo Wire", url: "https://wire.example/rss" },
  { name: "desk", title: "Demo Desk", url: "https://desk.example/atom" },
  { name: "herald", title: "Demo Herald", url: "https://herald.example/feed" },
  { name: "archive", title: "Demo Archive", url: "https://archive.example/rss" },
];

/** The longest name that is made from a host. With a number it still fits into a `SourceName` of 64 characters. */
const MAX_FEED_NAME_CHARACTERS = 56;

/** Names a feed after the host of its URL, without a usual prefix such as `www`. */
function feedNameOf(url: string): string {
  const host = new URL(url).hostname.replace(/^(?:www|feeds|rss)\./, "");
  const name = host.replace(/[^a-z0-9.-]+/g, "-").replace(/^[.-]+/, "");
  return name.slice(0, MAX_FEED_NAME_CHARACTERS);
}

/**
 * Returns the feeds of the settings. A built-in URL keeps its name. Another feed is named after its host, with a number
 * if the host has several.
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

/** The settings of the feeds. */
export interface FeedSettings {
  readonly feeds: readonly Feed[];
  /** The shortest interval between two polls of a feed, in milliseconds. */
  readonly pollMs: number;
  /** Marks the articles of the feeds as simulated. */
  readonly isSimulated: boolean;
}

/** The default of `NEWS_POLL_MS`. */
const FEED_POLL_MS = 60_000;

/** The default of `NEWS_POLL_MS` in `DEMO`, where stories change faster. */
const DEMO_FEED_POLL_MS = 5000;

/** Derives the settings of the feed scheduler from the configuration. */
export function newsSettings(
  { DEMO, NEWS_FEEDS, NEWS_POLL_MS }: Pick<Config, "DEMO" | "NEWS_FEEDS" | "NEWS_POLL_MS">,
): FeedSettings {
  return {
    feeds: DEMO ? DEMO_FEEDS : configuredFeeds(NEWS_FEEDS),
    pollMs: NEWS_POLL_MS ?? (DEMO ? DEMO_FEED_POLL_MS : FEED_POLL_MS),
    isSimulated: DEMO,
  };
}
