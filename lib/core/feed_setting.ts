/**
 * A feed in the setting `NEWS_FEEDS`.
 *
 * @module
 */
import { z } from "zod";
import { SYMBOL_PATTERN } from "./symbol.ts";

/** The most feeds of a deployment. */
export const MAX_FEEDS = 200;

/** The longest URL of a feed, in UTF-16 units. */
const MAX_FEED_URL_CHARACTERS = 2048;

/** Returns true for the URL of a feed: https, and without credentials, because statuses and logs show it. */
export function isFeedUrl(candidate: string): boolean {
  const url = URL.parse(candidate);
  return candidate.length <= MAX_FEED_URL_CHARACTERS && !/\s/.test(candidate) &&
    url?.protocol === "https:" && url.username === "" &&
    url.password === "";
}

/** Returns true for a charset that documents can be decoded with. */
function isCharset(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/** The headers that the request of a feed sets itself, or that would break it. */
const FEED_REQUEST_HEADERS: ReadonlySet<string> = new Set([
  ...["accept-encoding", "connection", "content-length", "host", "range", "transfer-encoding"],
  ...["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"],
]);

const feedHeader = z.string().toLowerCase().regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/)
  .refine((name) => !FEED_REQUEST_HEADERS.has(name));

/** The longest name of a feed, in UTF-16 units. */
export const MAX_FEED_NAME_CHARACTERS = 100;

/** The schema of a feed of the settings. */
export const feedSetting = z.strictObject({
  url: z.string().refine(isFeedUrl),
  source: z.string().toLowerCase().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/).optional(),
  name: z.string().trim().min(1).max(MAX_FEED_NAME_CHARACTERS).optional(),
  symbols: z.array(z.string().toUpperCase().regex(SYMBOL_PATTERN)).max(20).optional(),
  headers: z.record(feedHeader, z.string().regex(/^[\x20-\x7e]{1,1024}$/)).optional(),
  charset: z.string().refine(isCharset).optional(),
});

/** A feed of the settings. */
export type FeedSetting = Readonly<z.infer<typeof feedSetting>>;
