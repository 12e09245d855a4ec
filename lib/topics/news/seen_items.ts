/**
 * The seen items of a feed: what it has shown so far. They are in the shared store, because any isolate may make the next
 * poll, and they outlive the log and the lists, so that no item is new again while its feed still shows it.
 *
 * @module
 */
import { z } from "zod";
import type { Store } from "../../store/store.ts";
import { ARCHIVE_TTL_MS } from "./article_archive.ts";
import type { Feed } from "./feeds.ts";
import type { KnownItem } from "./identity.ts";

/** The most items of a document that are remembered: the newest ones. */
export const MAX_DOCUMENT_ITEMS = 1000;

/** The most items that are remembered of earlier documents. */
const MAX_FORMER_ITEMS = 200;

/** The most editions of an item. A further one changes its article no more, as a headline with a clock in it would. */
export const MAX_EDITIONS = 10;

const SeenItem = z.object({
  guid: z.string().nullable(),
  link: z.string().nullable(),
  title: z.string(),
  at: z.number().nullable(),
  edition: z.string(),
  id: z.string().nullable(),
  editions: z.array(z.string()).readonly(),
});

/** An item as of its last poll. */
export interface SeenItem extends KnownItem {
  /** The editions that its article has had, oldest first. One that returns is a test of headlines, and changes nothing. */
  readonly editions: readonly string[];
}

/** The key contains the URL, so another URL under the same name is another feed. */
function seenKeyOf({ name, url }: Feed): string {
  return `news:seen:${name}:${url}`;
}

/** Loads the seen items of a feed. Items of an unknown shape, which another version wrote, count as not seen. */
export async function loadSeenItems(
  store: Pick<Store, "get">,
  feed: Feed,
): Promise<readonly SeenItem[]> {
  const json = await store.get(seenKeyOf(feed));
  try {
    return json === null ? [] : z.array(SeenItem).parse(JSON.parse(json));
  } catch {
    return [];
  }
}

/** Saves the seen items of a feed. They expire a year after their last change. */
export async function saveSeenItems(
  store: Pick<Store, "set">,
  feed: Feed,
  seenItems: readonly SeenItem[],
): Promise<void> {
  await store.set(seenKeyOf(feed), JSON.stringify(seenItems), ARCHIVE_TTL_MS);
}

/** Merges the items of a document with the remaining earlier ones, of which the latest are kept. */
export function mergeSeenItems(
  documentItems: readonly SeenItem[],
  formerItems: readonly SeenItem[],
): readonly SeenItem[] {
  return [...documentItems, ...formerItems.slice(0, MAX_FORMER_ITEMS)];
}
