/**
 * The news section of the live page: a list that needs no script.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "./html.ts";
import { articleTexts, feedNotes, feedTexts } from "../../lib/client/page/text.js";
import type { Article } from "../../lib/topics/news/article.ts";
import type { Instruments } from "../../lib/topics/quotes/instrument.ts";
import type { FeedStatus } from "../../lib/topics/news/feed_status.ts";

/** The first articles of the page. */
export interface PageNews {
  /** Newest first. */
  readonly articles: readonly Article[];
  readonly feeds: readonly FeedStatus[];
  /** The sources that are shown, sorted; null for all sources. */
  readonly sources: readonly string[] | null;
  /** True if the operator allows the pictures of articles, which are on other hosts. */
  readonly hasImages: boolean;
}

type ArticleContent = ReturnType<typeof articleTexts>;

/** Renders an article of the list, or of the template. Without images it has no place for one, which the script heeds. */
function articleItem(
  id: string,
  { href, image, time, texts }: ArticleContent,
  symbols: readonly string[],
  hasImages: boolean,
) {
  const link = href === null ? "" : html`href="${href}"`;
  const picture = html`<img alt="" width="96" height="64" loading="lazy" decoding="async" ${
    image === null ? "hidden" : html`src="${image}"`
  }>`;
  return html`
    <li data-article="${id}">
      ${hasImages ? picture : ""}
      <a ${link} target="_blank" rel="noopener noreferrer" dir="auto"
        data-field="title">${texts.title}</a>
      <p dir="auto" data-field="summary">${texts.summary}</p>
      <p class="facts">
        <time data-field="published" datetime="${time}">${texts.published}</time>
        <span data-field="sources">${texts.sources}</span>
        <span data-symbols>${symbols.map((symbol) =>
          html`<a href="#quote-${symbol}">${symbol}</a>`
        )}</span>
        <span data-field="simulated">${texts.simulated}</span>
        <span data-field="updated">${texts.updated}</span>
      </p>
    </li>
  `;
}

/** The content of the template, which the script clones and fills for each further article. */
const BLANK_ARTICLE: ArticleContent = {
  href: null,
  image: null,
  time: "",
  texts: { title: "", summary: "", published: "", sources: "", updated: "", simulated: "" },
};

/** Renders the links to the news of all sources, of each source, and of the shown combination. */
function sourceFilter({ articles, feeds, sources }: PageNews) {
  /** The names of the links, by the value of the parameter `source`. */
  const names = new Map(feeds.map(({ source, name }) => [source, name]));
  for (const { source, name } of articles.flatMap((article) => article.sources)) {
    if (!names.has(source)) names.set(source, name);
  }
  const shown = sources?.join(",") ?? null;
  if (shown !== null && !names.has(shown)) names.set(shown, shown);
  const renderLink = (source: string | null, name: string) =>
    html`<a href="/${source === null ? "" : `?source=${encodeURIComponent(source)}`}#news" ${
      source === shown ? html`aria-current="true"` : ""
    }>${name}</a>`;
  return html`
    <nav aria-label="Sources of news">
      ${renderLink(null, "All")} ${[...names].map(([source, name]) => renderLink(source, name))}
    </nav>
  `;
}

/** Renders the state of every feed. @param now Wall time, in milliseconds since the Unix epoch. */
function feedDetails(feeds: readonly FeedStatus[], now: number): Html {
  const items = feeds.map((feed) => {
    const { state, lastArticle, notes } = feedTexts(feed, now);
    return html`
      <li data-feed="${feed.source}">
        <strong dir="auto">${feed.name}</strong>
        <span data-field="state">${state}</span>
        <span data-field="lastArticle">${lastArticle}</span>
        <span data-field="notes">${notes}</span>
      </li>
    `;
  });
  return html`
    <details id="feed-details" ${feeds.length === 0 ? "hidden" : ""}>
      <summary>Feeds</summary>
      <ul>${items}</ul>
    </details>
  `;
}

/**
 * Renders the section of news.
 *
 * @param instruments Those that the page has a row of. An article links to the rows of its symbols.
 * @param now Wall time, in milliseconds since the Unix epoch.
 */
export function newsSection(news: PageNews, instruments: Instruments, now: number): Html {
  const { articles, feeds, hasImages } = news;
  return html`
    <section id="news" class="panel" aria-labelledby="news-title">
      <h2 id="news-title">News</h2>
      ${sourceFilter(news)}
      <ul id="articles">
        ${articles.map((article) => {
          const symbols = article.symbols.filter((symbol) => instruments.has(symbol));
          return articleItem(article.id, articleTexts(article, now), symbols, hasImages);
        })}
      </ul>
      <p id="no-articles" ${articles.length > 0 ? "hidden" : ""}>
        No articles yet. New articles appear here.
      </p>
      <template id="article">${articleItem("", BLANK_ARTICLE, [], hasImages)}</template>
      <ul id="feeds" class="notes">
        ${feedNotes(feeds, now).map(({ state, text }) =>
          html`<li data-state="${state}">${text}</li>`
        )}
      </ul>
      ${feedDetails(feeds, now)}
    </section>
  `;
}
