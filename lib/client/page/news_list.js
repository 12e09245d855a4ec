// @ts-check
/// <reference lib="dom" />
/**
 * The list of news, updated in place and by text only.
 *
 * @module
 */
import { find, write, writeNotes } from "./dom.js";
import { articleWords, feedWords, MOST_SHOWN } from "./news_words.js";

/** @import { Article, Feed } from "./types.js" */

/**
 * Takes over what the server has painted.
 *
 * @param {HTMLElement} page
 */
export function createNews(page) {
  const list = find(page, "#articles", HTMLUListElement);
  const template = find(page, "#article", HTMLTemplateElement);
  const empty = find(page, "#no-articles", HTMLElement);
  const feedList = find(page, "#feeds", HTMLUListElement);
  /** @type {Map<string, { article: Article, item: HTMLElement }>} What is shown. */
  const items = new Map();

  /** @param {string} id */
  function itemOf(id) {
    const painted = [...list.children].find((each) =>
      each instanceof HTMLElement && each.dataset.article === id
    );
    if (painted instanceof HTMLElement) return painted;
    const item = find(template.content, "li", HTMLLIElement).cloneNode(true);
    if (!(item instanceof HTMLElement)) throw new TypeError("The template holds no item");
    item.dataset.article = id;
    return item;
  }

  /** @param {Article} article */
  function paintItem(article) {
    const known = items.get(article.id);
    if (known?.article === article) return known.item;
    const item = known?.item ?? itemOf(article.id);
    items.set(article.id, { article, item });
    const { href, time, texts } = articleWords(article, Date.now());
    for (const [field, text] of Object.entries(texts)) {
      write(find(item, `[data-field=${field}]`, HTMLElement), text);
    }
    find(item, "time", HTMLTimeElement).dateTime = time;
    const link = find(item, "a", HTMLAnchorElement);
    if (href === null) link.removeAttribute("href");
    else if (link.getAttribute("href") !== href) link.href = href;
    return item;
  }

  return {
    /**
     * Puts what is to be shown in its place. What stays is not touched, so that nobody loses what they read.
     *
     * @param {readonly Article[]} articles Newest first.
     */
    paint(articles) {
      const shown = articles.slice(0, MOST_SHOWN);
      const ids = new Set(shown.map(({ id }) => id));
      for (const id of items.keys()) if (!ids.has(id)) items.delete(id);
      for (const item of [...list.children]) {
        if (!(item instanceof HTMLElement && ids.has(item.dataset.article ?? ""))) item.remove();
      }
      shown.forEach((article, at) => {
        const item = paintItem(article);
        const there = list.children[at] ?? null;
        if (there !== item) list.insertBefore(item, there);
      });
      empty.hidden = shown.length > 0;
    },
    /** @param {readonly Feed[]} feeds */
    paintFeeds: (feeds) => writeNotes(feedList, feedWords(feeds, Date.now())),
  };
}
