/**
 * THE LIST of feeds.
 *
 * @module
 */

import type { Config } from "../../core/config.ts";

/** One feed. */
export interface Feed {
  /** Names it as a source, in filters and in the store. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly url: string;
}

/** The feeds that are followed where `NEWS_FEEDS` names none. Read 2026-10; what moves or goes says so in its status. */
export const BUILT_IN_FEEDS: readonly Feed[] = [
  {
    name: "fed",
    title: "Federal Reserve",
    url: "https://www.federalreserve.gov/feeds/press_all.xml",
  },
  {
    name: "ecb",
    title: "European Central Bank",
    url: "https://www.ecb.europa.eu/rss/press.html", // XML, whatever its name says
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
 * The feeds of `DEMO`: made-up sources on hosts that cannot exist, so that nobody is said to have written what nobody
 * wrote.
 */
export const DEMO_FEEDS: readonly Feed[] = [
  { name: "wire", title: "Demo Wire", url: "https://wire.example/rss" },
  { name: "desk", title: "Demo Desk", url: "https://desk.example/atom" },
  { name: "herald", title: "Demo Herald", url: "https://herald.example/feed" },
  { name: "archive", title: "Demo Archive", url: "https://archive.example/rss" },
];

/** A name for a feed of which only the URL is known: its host, without what all hosts have. */
function feedNameOf(url: string): string {
  const host = URL.parse(url)?.hostname ?? "";
  return host.replace(/^(?:www|feeds|rss)\./, "").replace(/[^a-z0-9.-]+/g, "-").replace(
    /^[.-]+/,
    "",
  )
    .slice(0, 56);
}

/**
 * The feeds of the settings. A URL of the list keeps its name; another is named after its host, with a number where
 * there are several of one.
 *
 * @param urls `NEWS_FEEDS`, undefined where it is not set.
 */
export function configuredFeeds(urls: readonly string[] | undefined): readonly Feed[] {
  if (urls === undefined) return BUILT_IN_FEEDS;
  const taken = new Set<string>();
  return [...new Set(urls)].map((url) => {
    const listed = BUILT_IN_FEEDS.find((feed) => feed.url === url);
    const base = listed?.name ?? feedNameOf(url);
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    return listed ? { ...listed, name } : { name, title: name, url };
  });
}

/** The shortest interval between two polls of a feed, in ms; in `DEMO`, where feeds are nobody's and life is faster. */
const POLL_MS = 60_000;
const DEMO_POLL_MS = 5000;

/** The feeds of the settings, and their pace. */
export function newsSettings(
  { DEMO, NEWS_FEEDS, NEWS_POLL_MS }: Pick<Config, "DEMO" | "NEWS_FEEDS" | "NEWS_POLL_MS">,
) {
  return {
    feeds: DEMO ? DEMO_FEEDS : configuredFeeds(NEWS_FEEDS),
    pollMs: NEWS_POLL_MS ?? (DEMO ? DEMO_POLL_MS : POLL_MS),
    simulated: DEMO,
  };
}
