/**
 * The identity of articles: the keys of an item, and the rules by which an item is an article that is known.
 *
 * Keys and ids are hashes of the source's text, so every isolate computes the same ones, before and after a restart.
 *
 * | where         | an item is a known article                                                                       |
 * | ------------- | ------------------------------------------------------------------------------------------------ |
 * | within a feed | by its guid; without one by its link; without both by its title and date, or title and summary   |
 * |               | under a new guid: by its link and title, if the feed no longer shows the former item             |
 * |               | under a new link and without a guid: by its title and date, if the feed no longer shows the former |
 * | across feeds  | by its link, unless it is a page for many stories: neither a word of the titles nor the date agrees |
 * | published     | by its guid or its link                                                                          |
 *
 * A key that two items of a feed share is a key of neither. A known key with another title and another link, or another
 * title and another date, is another story, unless the titles are similar and nothing else changed. A title alone never
 * makes two items one article: a distinctive one gives two articles one {@linkcode Article.story}.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Article } from "./article.ts";
import { canonicalUrl, comparableUrl } from "./parse/canonical_url.ts";
import type { FeedItem } from "./parse/item.ts";
import { areSimilar, isDistinctive, normalizeTitle } from "./titles.ts";

/** The base64url digits of a key: 96 bits of a hash. */
const KEY_DIGITS = 16;

/** A hash that identifies an article. The id of an article is a key of its first item. */
export type ArticleKey = string;

/** Hashes some texts. @param kind Keeps the hashes of different kinds of texts apart. */
function hash(kind: string, ...texts: readonly string[]): string {
  const preimage = JSON.stringify([kind, ...texts]);
  return createHash("sha256").update(preimage).digest("base64url").slice(0, KEY_DIGITS);
}

/** Returns the key of a link, which is the same at all sources. */
export function linkKey(url: string): ArticleKey {
  return hash("link", comparableUrl(url));
}

/** Returns the key of a guid, which is unique within its source only. Spellings of one URL are one guid. */
export function guidKey(source: string, guid: string): ArticleKey {
  const url = canonicalUrl(guid);
  return hash("guid", source, url === null ? guid : comparableUrl(url));
}

/** Returns a hash of what a source may change: the title, the summary, and the path of the link. */
export function editionOf(
  { title, summary, url }: Pick<Article, "title" | "summary" | "url">,
): string {
  const [path = ""] = comparableUrl(url).split(/[?#]/, 1); // a parameter may differ at every poll
  return hash("edition", title, summary, path);
}

/** Returns the key of a title that tells one story, whatever its spelling. Null for one that others use too. */
export function storyKey(title: string): ArticleKey | null {
  const normalized = normalizeTitle(title);
  return isDistinctive(normalized) ? hash("title", normalized) : null;
}

/** Returns the keys by which items of other sources find an article: its links. */
export function articleKeys({ id, url, sources }: Article): readonly ArticleKey[] {
  const sourceKeys = sources.map((source) => linkKey(source.url))
    // The link of the first item may be shared by several items. Then the id is another key.
    .filter((key, index) => index > 0 || key === id);
  const correctedKeys = url === sources[0]?.url ? [] : [linkKey(url)];
  return [...new Set([id, ...sourceKeys, ...correctedKeys])];
}

/** The identity of an item, as its feed shows it. */
export interface ItemIdentity {
  /** The key of its guid. Null if it has none. */
  readonly guid: ArticleKey | null;
  /** The key of its own link. Null if it has none. */
  readonly link: ArticleKey | null;
  /** A hash of its title, whatever the spelling. */
  readonly title: string;
  /** Its publication, in milliseconds since the Unix epoch. Null if it has no date. */
  readonly at: number | null;
  /** Its {@linkcode editionOf}. */
  readonly edition: string;
}

/** Returns the identity of a source's item. */
export function identityOf(source: string, item: FeedItem): ItemIdentity {
  return {
    guid: item.guid === null ? null : guidKey(source, item.guid),
    link: item.hasOwnLink ? linkKey(item.url) : null,
    title: hash("words", normalizeTitle(item.title)),
    at: item.publishedAt,
    edition: editionOf(item),
  };
}

/** An item that its feed has shown before. */
export interface KnownItem extends ItemIdentity {
  /** The id of its article. Null if it never became one. */
  readonly id: string | null;
}

/** An item of a document, and the known item that it repeats or changes. */
export interface MatchedItem<Known extends KnownItem> {
  readonly item: FeedItem;
  readonly identity: ItemIdentity;
  /** Null for a new item. */
  readonly known: Known | null;
  /** The keys that identify the item within its document: the guid's, then the link's. */
  readonly keys: readonly ArticleKey[];
  /** True if another story had one of the keys before, which therefore name that story. */
  readonly reusesKey: boolean;
}

/** Returns the values that one item of each list has at most. */
function uniqueValues(...lists: readonly (readonly (string | null)[])[]): ReadonlySet<string> {
  const shared = new Set<string>();
  const all = new Set<string>();
  for (const list of lists) {
    const seen = new Set<string>();
    for (const value of list) {
      if (value === null) continue;
      if (seen.has(value)) shared.add(value);
      seen.add(value);
      all.add(value);
    }
  }
  return all.difference(shared);
}

/** Removes the items that repeat another one of the document in everything. */
function distinctItems(
  source: string,
  items: readonly FeedItem[],
): { readonly item: FeedItem; readonly identity: ItemIdentity }[] {
  const distinct = new Map<string, { item: FeedItem; identity: ItemIdentity }>();
  for (const item of items) {
    const identity = identityOf(source, item);
    const { guid, link, title, at } = identity;
    const key = JSON.stringify([guid, link, title, at, at === null ? identity.edition : ""]);
    if (!distinct.has(key)) distinct.set(key, { item, identity });
  }
  return [...distinct.values()];
}

/**
 * Tests if a changed item is still the same story. One change is a correction: of the title, the link or the date. With a
 * second one, or without a date, it is another story, unless the new title resembles the former.
 *
 * @param titleOf Returns the former title, or undefined if it is no longer known.
 */
function isSameStory<Known extends KnownItem>(
  known: Known,
  identity: ItemIdentity,
  title: string,
  titleOf: (known: Known) => string | undefined,
): boolean {
  const isLinkSame = known.link === identity.link;
  const isDateSame = known.at === identity.at;
  if (known.title === identity.title) {
    return isLinkSame || isDateSame || known.at === null || identity.at === null;
  }
  const hasSameDate = isDateSame && identity.at !== null;
  if (isLinkSame && hasSameDate) return true;
  const formerTitle = titleOf(known);
  return (isLinkSame || hasSameDate) && formerTitle !== undefined && areSimilar(formerTitle, title);
}

/**
 * Matches the items of a document with those that the feed has shown before.
 *
 * @param knownItems In any order.
 * @param titleOf Returns the title of a known item, or undefined if it is no longer known.
 * @returns The items in the order of the document, each once.
 */
export function matchItems<Known extends KnownItem>(
  source: string,
  items: readonly FeedItem[],
  knownItems: readonly Known[],
  titleOf: (known: Known) => string | undefined,
): readonly MatchedItem<Known>[] {
  const distinct = distinctItems(source, items);
  const identities = distinct.map(({ identity }) => identity);
  const uniqueGuids = uniqueValues(
    identities.map(({ guid }) => guid),
    knownItems.map(({ guid }) => guid),
  );
  const uniqueLinks = uniqueValues(
    identities.map(({ link }) => link),
    knownItems.map(({ link }) => link),
  );
  const unclaimed = new Set(knownItems);
  const matches = new Map<ItemIdentity, Known>();
  const reused = new Set<ItemIdentity>();

  /** Claims the first remaining known item that passes a test. */
  function claim(identity: ItemIdentity, test: (known: Known) => boolean): boolean {
    for (const known of unclaimed) {
      if (!test(known)) continue;
      unclaimed.delete(known);
      matches.set(identity, known);
      return true;
    }
    return false;
  }

  // An unchanged item comes first, so that no other item takes its place.
  for (const identity of identities) {
    const { guid, link, title, at, edition } = identity;
    claim(
      identity,
      (known) =>
        known.guid === guid && known.link === link && known.title === title && known.at === at &&
        (at !== null || guid !== null || link !== null || known.edition === edition),
    );
  }
  const byGuid = Map.groupBy(knownItems, ({ guid }) => guid);
  const byLink = Map.groupBy(knownItems, ({ link }) => link);
  for (const { item, identity } of distinct) {
    if (matches.has(identity)) continue;
    const guid = identity.guid !== null && uniqueGuids.has(identity.guid) ? identity.guid : null;
    const link = identity.link !== null && uniqueLinks.has(identity.link) ? identity.link : null;
    const withLink = link === null ? undefined : byLink.get(link)?.[0];
    const byKey = (guid === null ? undefined : byGuid.get(guid)?.[0]) ??
      // A feed may begin or cease to give guids.
      (guid === null || withLink?.guid === null ? withLink : undefined);
    if (byKey === undefined) continue;
    const isSame = isSameStory(byKey, identity, item.title, titleOf);
    if (!isSame || !claim(identity, (known) => known === byKey)) reused.add(identity);
  }
  for (const { item, identity } of distinct) {
    if (matches.has(identity) || reused.has(identity)) continue;
    const { guid, link, title, at, edition } = identity;
    const hasGuid = guid !== null && uniqueGuids.has(guid);
    claim(identity, (known) => {
      if (known.title !== title) return false;
      if (link !== null && known.link === link) return uniqueLinks.has(link);
      if (hasGuid) return false;
      return at === null || known.at === null
        ? item.summary !== "" && known.edition === edition
        : known.at === at;
    });
  }

  return distinct.map(({ item, identity }) => ({
    item,
    identity,
    known: matches.get(identity) ?? null,
    keys: [
      identity.guid !== null && uniqueGuids.has(identity.guid) ? identity.guid : null,
      identity.link !== null && uniqueLinks.has(identity.link) ? identity.link : null,
    ].filter((key) => key !== null),
    reusesKey: reused.has(identity),
  }));
}

/**
 * Returns the id of the article that a new item creates. The link comes before the guid, because every source has the same
 * link, so two isolates that see the article at two sources give it one id.
 *
 * @param keys The keys that identify the item within its document.
 * @param isTaken Returns true for the id of another story.
 */
export function articleIdOf(
  { item, identity, keys, reusesKey }: Omit<MatchedItem<KnownItem>, "known">,
  isTaken: (id: string) => boolean,
): string {
  const { guid, link, title, at } = identity;
  const id = link !== null && keys.includes(link) ? link : keys[0];
  if (id !== undefined && !reusesKey && !isTaken(id)) return id;
  const edition = at === null ? identity.edition : "";
  return hash("item", guid ?? "", item.url, title, String(at), edition);
}
