// @ts-check
/**
 * What the page says about news, in words: the server's first paint and the browser's updates both come from here. No
 * DOM, no clock.
 *
 * @module
 */
import { timeWords } from "../format/values.js";

/** @typedef {import("./types.js").Article} Article */
/** @typedef {import("./types.js").Feed} Feed */

/** Articles the page shows, at most: the newest. */
export const MOST_SHOWN = 30;

/**
 * When an article was published, as far as that is known: never after it was seen first. In ms since the epoch.
 *
 * @param {Article} article
 */
export function publishedAt({ published_at, first_seen_at }) {
  const seen = Date.parse(first_seen_at);
  return published_at === null ? seen : Math.min(Date.parse(published_at), seen);
}

/**
 * All that an article says, by the name of the field. `href` is null where the link leads to no page.
 *
 * @param {Article} article
 * @param {number} now Milliseconds since the epoch.
 */
export function articleWords(article, now) {
  const { title, summary, url, sources, updated_at, simulated } = article;
  const time = new Date(publishedAt(article)).toISOString();
  return {
    href: /^https?:\/\//i.test(url) ? url : null,
    time,
    texts: {
      title,
      summary,
      published: `${timeWords(time, now)} UTC`,
      sources: sources.map(({ name }) => name).join(", "),
      updated: updated_at === null ? "" : `Updated ${timeWords(updated_at, now)} UTC`,
      simulated: simulated ? "SIM" : "",
    },
  };
}

/**
 * A text as a sentence.
 *
 * @param {string} text
 */
function sentence(text) {
  return text.replace(/\.?$/, ".");
}

/**
 * What there is to know about feeds that do not simply answer.
 *
 * @param {readonly Feed[]} feeds
 * @param {number} now Milliseconds since the epoch.
 */
export function feedWords(feeds, now) {
  return feeds.flatMap(({ name, state, moved_to, reason, next_poll_at }) => {
    if (state === "moved") {
      return [{ state: "live", text: sentence(`${name} has moved to ${moved_to}`) }];
    }
    if (state === "gone") {
      return [{ state: "down", text: sentence(`${name} is gone: ${reason}`) }];
    }
    if (state !== "broken") return [];
    const next = next_poll_at ? ` Next try at ${timeWords(next_poll_at, now)} UTC.` : "";
    return [{ state: "stale", text: sentence(`${name} cannot be read: ${reason}`) + next }];
  });
}
