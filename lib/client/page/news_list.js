// @ts-check
/// <reference lib="dom" />
/**
 * The list of news and the notes about feeds.
 *
 * @module
 */
import { writeText } from "../badge/view.js";
import { findElement, showNotes } from "./dom.js";
import { articleTexts, feedNotes, MAX_SHOWN_ARTICLES } from "./text.js";

/** @import { ArticleData, FeedData } from "../format/types.js" */

/** Takes over the server's first paint. @param {HTMLElement} page */
export function createNewsList(page) {
  const list = findElement(page, "#articles", HTMLUListElement);
  const template = findElement(page, "#article", HTMLTemplateElement);
  const emptyNote = findElement(page, "#no-articles", HTMLElement);
  const feedList = findElement(page, "#feeds", HTMLUListElement);
  /** @type {Map<string, { article: ArticleData, item: HTMLElement }>} The painted articles. */
  const items = new Map();

  /** Finds the server's item of an article, or creates one. @param {string} id */
  function itemFor(id) {
    const existing = [...list.children].find((each) =>
      each instanceof HTMLElement && each.dataset.article === id
    );
    if (existing instanceof HTMLElement) return existing;
    const item = findElement(template.content, "li", HTMLLIElement).cloneNode(true);
    if (!(item instanceof HTMLElement)) throw new TypeError("The template holds no item");
    item.dataset.article = id;
    return item;
  }

  /** @param {ArticleData} article */
  function paintItem(article) {
    const known = items.get(article.id);
    if (known?.article === article) return known.item;
    const item = known?.item ?? itemFor(article.id);
    items.set(article.id, { article, item });
    const { href, time, texts } = articleTexts(article, Date.now());
    for (const [field, text] of Object.entries(texts)) {
      writeText(findElement(item, `[data-field=${field}]`, HTMLElement), text);
    }
    findElement(item, "time", HTMLTimeElement).dateTime = time;
    const link = findElement(item, "a", HTMLAnchorElement);
    if (href === null) link.removeAttribute("href");
    else if (link.getAttribute("href") !== href) link.href = href;
    return item;
  }

  return {
    /**
     * Paints the newest articles. Unchanged items are not touched, so that no reader loses the place.
     *
     * @param {readonly ArticleData[]} articles Newest first.
     */
    paint(articles) {
      const visible = articles.slice(0, MAX_SHOWN_ARTICLES);
      const ids = new Set(visible.map(({ id }) => id));
      for (const id of items.keys()) if (!ids.has(id)) items.delete(id);
      for (const item of [...list.children]) {
        if (!(item instanceof HTMLElement && ids.has(item.dataset.article ?? ""))) item.remove();
      }
      visible.forEach((article, at) => {
        const item = paintItem(article);
        const present = list.children[at] ?? null;
        if (present !== item) list.insertBefore(item, present);
      });
      emptyNote.hidden = visible.length > 0;
    },
    /** @param {readonly FeedData[]} feeds */
    paintFeeds: (feeds) => showNotes(feedList, feedNotes(feeds, Date.now())),
  };
}
