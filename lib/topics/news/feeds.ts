/**
 * The feeds: built-in, demo and configured ones.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Config } from "../../core/config.ts";
import type { FeedSetting } from "../../core/feed_setting.ts";

/** A feed to poll. */
export interface Feed {
  /** The source's name in filters and in the store. */
  readonly name: string;
  /** The source's display name. */
  readonly title: string;
  readonly url: string;
  /** The symbols of all of its articles. */
  readonly symbols?: readonly string[] | undefined;
  /** Headers of its requests, for the origin of its URL only. Their names are in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The charset of its documents, whatever they say. */
  readonly charset?: string | undefined;
}

/** Removes the query of a feed's URL, because it may contain an operator's key. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
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

/** The longest part of a derived name: a host, or the path of a feed. Two parts fit into a `SourceName`. */
const MAX_NAME_PART_CHARACTERS = 31;

/** The digits of a hash in a derived name. */
const NAME_HASH_DIGITS = 8;

/** Derives a part of a name from some text. */
function namePart(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9.]+/g, "-").slice(0, MAX_NAME_PART_CHARACTERS)
    .replace(/^[.-]+|[.-]+$/g, "");
}

/** Names a feed after the host of its URL, without a usual prefix such as `www`. */
function hostNameOf(url: string): string {
  return namePart(new URL(url).hostname.replace(/^(?:www|feeds|rss)\./, ""));
}

/** Names a feed after its host and its path, but not after its query, because it may contain an operator's key. */
function pathNameOf(url: string): string {
  const { pathname } = new URL(url);
  return [hostNameOf(url), namePart(pathname)].filter((part) => part !== "").join("-");
}

/** Names a feed after its host and the hash of its URL. */
function hashNameOf(url: string): string {
  const digits = createHash("sha256").update(url).digest("hex").slice(0, NAME_HASH_DIGITS);
  return `${hostNameOf(url)}-${digits}`;
}

/** Derives names, from the shortest to the one that is unique. */
const NAMINGS = [hostNameOf, pathNameOf, hashNameOf] as const;

/**
 * Names feeds after their URLs. Feeds that would have the same name, or one that is taken, all have a longer one, so that
 * no name depends on their order.
 */
function deriveNames(
  urls: readonly string[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  let unnamed = urls;
  for (const naming of NAMINGS) {
    const byName = Map.groupBy(unnamed, naming);
    const used = new Set([...taken, ...names.values()]);
    unnamed = [];
    for (const [name, named] of byName) {
      const [url, ...others] = named;
      if (url !== undefined && others.length === 0 && name !== "" && !used.has(name)) {
        names.set(url, name);
      } else unnamed = [...unnamed, ...named];
    }
  }
  return names;
}

/**
 * Returns the feeds of the settings, each URL once. A feed without a `source` has that of the built-in feed of its URL,
 * else its host; feeds of one host have their paths as well.
 *
 * @param settings `NEWS_FEEDS`, undefined if it is not set.
 */
export function configuredFeeds(settings: readonly FeedSetting[] | undefined): readonly Feed[] {
  if (settings === undefined) return BUILT_IN_FEEDS;
  const chosen = new Set(settings.flatMap(({ source }) => source ?? []));
  const unique = new Map(
    settings.toReversed().map((setting) => [new URL(setting.url).href, setting]),
  );
  const feeds = [...unique.values()].toReversed().map(({ name, source, ...feed }) => {
    const builtIn = BUILT_IN_FEEDS.find(({ url }) => url === feed.url);
    const builtInName = builtIn && !chosen.has(builtIn.name) ? builtIn.name : undefined;
    return { ...feed, source: source ?? builtInName, title: name ?? builtIn?.title };
  });
  const taken = new Set(feeds.flatMap(({ source }) => source ?? []));
  const unnamed = feeds.filter(({ source }) => source === undefined).map(({ url }) => url);
  const derived = deriveNames(unnamed, taken);
  return feeds.map(({ source, title, ...feed }) => {
    const name = source ?? derived.get(feed.url) ?? hashNameOf(feed.url);
    return { ...feed, name, title: title ?? name };
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
