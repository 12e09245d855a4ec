// @ts-check
/// <reference lib="dom" />
/**
 * The list of news, updated in place and by text only.
 *
 * @module
 */
import { articleWords, feedWords, MOST_SHOWN, timeOf } from "./page_news_words.js";
import { find } from "./page_table.js";

/** @typedef {import("./page_shapes.js").Article} Article */
/** @typedef {import("./page_shapes.js").Feed} Feed */

/**
 * Takes over what the server has painted.
 *
 * @param {HTMLElement} page
 */
export function createNews(page) {
  const list = find(page, "#articles", HTMLUListElement);
  const template = find(page, "#article", HTMLTemplateElement);
  const empty = find(page, "#no-articles", HTMLElement);
  const feeds = find(page, "#feeds", HTMLUListElement);
  /** @type {Map<string, Article>} */
  const articles = new Map();
  /**
   * What the stream has told since articles were asked for: null where it was taken back.
   *
   * @type {Map<string, Article | null> | null}
   */
  let since = null;
  let isPaused = false;

  /** @param {string} id */
  function itemOf(id) {
    const known = [...list.children].find((each) =>
      each instanceof HTMLElement && each.dataset.article === id
    );
    if (known instanceof HTMLElement) return known;
    const item = find(template.content, "li", HTMLLIElement).cloneNode(true);
    if (!(item instanceof HTMLElement)) throw new TypeError("The template holds no item");
    item.dataset.article = id;
    return item;
  }

  /** @param {Article} article */
  function paintItem(article) {
    const item = itemOf(article.id);
    const { href, time, texts } = articleWords(article, Date.now());
    for (const [field, text] of Object.entries(texts)) {
      const element = find(item, `[data-field=${field}]`, HTMLElement);
      if (element.textContent !== text) element.textContent = text;
    }
    find(item, "time", HTMLTimeElement).dateTime = time;
    const link = find(item, "a", HTMLAnchorElement);
    if (href === null) link.removeAttribute("href");
    else link.href = href;
    return item;
  }

  /** Puts what has to be shown in its place. What stays is not touched, so that nobody loses what they read. */
  function paint() {
    const shown = [...articles.values()].reverse().sort((a, b) => timeOf(b) - timeOf(a))
      .slice(0, MOST_SHOWN);
    const ids = new Set(shown.map(({ id }) => id));
    // However long the list stands still: no more is kept than would be shown.
    for (const id of [...articles.keys()]) if (!ids.has(id)) articles.delete(id);
    if (isPaused) return;
    for (const item of [...list.children]) {
      if (!(item instanceof HTMLElement && ids.has(item.dataset.article ?? ""))) item.remove();
    }
    shown.forEach((article, at) => {
      const item = paintItem(article);
      const there = list.children[at] ?? null;
      if (there !== item) list.insertBefore(item, there);
    });
    empty.hidden = shown.length > 0;
  }

  /** @param {readonly Article[]} all Newest first. */
  function replace(all) {
    articles.clear();
    for (const article of [...all].reverse()) articles.set(article.id, article);
    paint();
  }

  return {
    replace,
    /**
     * To be called before the articles are asked for. Gives what takes the answer in: what the stream tells until then
     * may be newer than the answer, and stands.
     */
    ask() {
      /** @type {Map<string, Article | null>} */
      const told = new Map();
      since = told;
      /** @param {readonly Article[] | null} all Newest first; null where there was no answer. */
      return (all) => {
        if (since === told) since = null;
        if (all === null) return;
        const news = [...told.values()].filter((article) => article !== null);
        replace([...news.reverse(), ...all.filter(({ id }) => !told.has(id))]);
      };
    },
    /** @param {Article} article */
    set(article) {
      since?.set(article.id, article);
      articles.set(article.id, article);
      paint();
    },
    /** @param {string} id */
    remove(id) {
      since?.set(id, null);
      articles.delete(id);
      paint();
    },
    /** @param {readonly Feed[]} all */
    setFeeds(all) {
      feeds.replaceChildren(
        ...feedWords(all, Date.now()).map(({ state, text }) => {
          const line = document.createElement("li");
          line.dataset.state = state;
          line.textContent = text;
          return line;
        }),
      );
    },
    /** @param {boolean} yes Whether the reader wants the list to stand still. */
    setPaused(yes) {
      isPaused = yes;
      paint();
    },
  };
}
