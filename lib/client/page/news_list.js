// @ts-check
/// <reference lib="dom" />
/**
 * The list of news and the notes about feeds.
 *
 * @module
 */
import { writeText } from "../dom/write_text.js";
import { utcDay } from "../format/values.js";
import { findElement, showNotes } from "./dom.js";
import { articleTexts, feedNotes, feedTexts, MAX_SHOWN_ARTICLES } from "./text.js";

/** @import { ArticleData, FeedData } from "../format/types.js" */

/**
 * @typedef {object} PaintedArticle
 * @property {ArticleData} article
 * @property {string} day The day in UTC of the paint: a time shows its date on any other day.
 * @property {HTMLElement} item
 */

/** Takes over the server's first paint. @param {HTMLElement} page */
export function createNewsList(page) {
  const list = findElement(page, "#articles", HTMLUListElement);
  const template = findElement(page, "#article", HTMLTemplateElement);
  const emptyNote = findElement(page, "#no-articles", HTMLElement);
  const feedList = findElement(page, "#feeds", HTMLUListElement);
  const feedDetails = findElement(page, "#feed-details", HTMLDetailsElement);
  /** The articles in the list, by id. @type {Map<string, PaintedArticle>} */
  const painted = new Map();

  /** Finds the server's item of an article, or creates one. @param {string} id */
  function findOrCreateItem(id) {
    const serverItem = [...list.children].find((child) =>
      child instanceof HTMLElement && child.dataset.article === id
    );
    if (serverItem instanceof HTMLElement) return serverItem;
    const item = findElement(template.content, "li", HTMLLIElement).cloneNode(true);
    if (!(item instanceof HTMLElement)) throw new TypeError("The template has no item");
    item.dataset.article = id;
    return item;
  }

  /**
   * Paints links to the rows of an article's symbols, as far as the page has them.
   *
   * @param {HTMLElement} element
   * @param {readonly string[]} symbols
   */
  function paintSymbols(element, symbols) {
    const shown = symbols.filter((symbol) => document.getElementById(`quote-${symbol}`) !== null);
    const links = shown.map((symbol) => {
      const link = document.createElement("a");
      link.href = `#quote-${symbol}`;
      link.textContent = symbol;
      return link;
    });
    const present = [...element.children].map(({ textContent }) => textContent);
    if (present.join() !== shown.join()) element.replaceChildren(...links);
  }

  /**
   * Paints an article unless it is painted already. An article is immutable: a changed one is a new object.
   *
   * @param {ArticleData} article
   * @param {number} now
   */
  function paintItem(article, now) {
    const day = utcDay(now);
    const previous = painted.get(article.id);
    if (previous?.article === article && previous.day === day) return previous.item;
    const item = previous?.item ?? findOrCreateItem(article.id);
    painted.set(article.id, { article, day, item });
    const { href, image, time, texts } = articleTexts(article, now);
    for (const [field, text] of Object.entries(texts)) {
      writeText(findElement(item, `[data-field=${field}]`, HTMLElement), text);
    }
    findElement(item, "time", HTMLTimeElement).dateTime = time;
    const link = findElement(item, "a", HTMLAnchorElement);
    if (href === null) link.removeAttribute("href");
    else if (link.getAttribute("href") !== href) link.href = href;
    paintSymbols(findElement(item, "[data-symbols]", HTMLElement), article.symbols);
    // Without a place for a picture, the operator allows none.
    const picture = item.querySelector("img");
    if (picture !== null) {
      picture.hidden = image === null;
      if (image !== null && picture.getAttribute("src") !== image) picture.src = image;
    }
    return item;
  }

  return {
    /**
     * Paints the newest articles and removes all others. Unchanged items stay in place, so that no reader loses focus,
     * selection or position.
     *
     * @param {readonly ArticleData[]} articles Newest first.
     */
    paint(articles) {
      const now = Date.now();
      const visible = articles.slice(0, MAX_SHOWN_ARTICLES);
      const ids = new Set(visible.map(({ id }) => id));
      for (const id of painted.keys()) if (!ids.has(id)) painted.delete(id);
      for (const child of [...list.children]) {
        const isVisible = child instanceof HTMLElement && ids.has(child.dataset.article ?? "");
        if (!isVisible) child.remove();
      }
      visible.forEach((article, index) => {
        const item = paintItem(article, now);
        const current = list.children[index] ?? null;
        if (current !== item) list.insertBefore(item, current);
      });
      emptyNote.hidden = visible.length > 0;
    },
    /** Paints the notes about feeds, and their details. @param {readonly FeedData[]} feeds */
    paintFeeds(feeds) {
      const now = Date.now();
      showNotes(feedList, feedNotes(feeds, now));
      for (const feed of feeds) {
        const item = feedDetails.querySelector(`[data-feed="${feed.source}"]`);
        if (item === null) continue;
        for (const [field, text] of Object.entries(feedTexts(feed, now))) {
          writeText(findElement(item, `[data-field=${field}]`, HTMLElement), text);
        }
      }
    },
  };
}
