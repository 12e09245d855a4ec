/**
 * The news section of the live page: a list that needs no script.
 *
 * @module
 */
import { html } from "hono/html";
import { articleTexts, feedNotes } from "../../lib/client/page/text.js";
import type { Article } from "../../lib/topics/news/article.ts";
import type { FeedStatus } from "../../lib/topics/news/feed_status.ts";

/** The first articles of the page. */
export interface PageNews {
  /** Newest first. */
  readonly articles: readonly Article[];
  readonly feeds: readonly FeedStatus[];
  /** The source that is shown, or null for all sources. */
  readonly source: string | null;
}

/** Renders an article. The script fills a blank one. */
function articleItem(
  id: string,
  { href, time, texts }: Omit<ReturnType<typeof articleTexts>, "href"> & {
    readonly href: string | null;
  },
) {
  const link = href === null ? "" : html`href="${href}"`;
  return html`
    <li data-article="${id}">
      <a ${link} target="_blank" rel="noopener noreferrer" dir="auto"
        data-field="title">${texts.title}</a>
      <p dir="auto" data-field="summary">${texts.summary}</p>
      <p class="facts">
        <time data-field="published" datetime="${time}">${texts.published}</time>
        <span data-field="sources">${texts.sources}</span>
        <span data-field="simulated">${texts.simulated}</span>
        <span data-field="updated">${texts.updated}</span>
      </p>
    </li>
  `;
}

/** The texts of the template, from which the script makes further articles. */
const BLANK_ARTICLE = {
  href: null,
  time: "",
  texts: { title: "", summary: "", published: "", sources: "", updated: "", simulated: "" },
};

/** Renders the links to the news of all sources, and of each one. */
function sourceFilter({ articles, feeds, source: current }: PageNews) {
  const names = new Map(feeds.map(({ source, name }) => [source, name]));
  for (const { source, name } of articles.flatMap(({ sources }) => sources)) {
    if (!names.has(source)) names.set(source, name);
  }
  if (current !== null && !names.has(current)) names.set(current, current);
  const link = (source: string | null, name: string) =>
    html`<a href="${source === null ? "/" : `/?source=${source}`}#news" ${
      source === current ? html`aria-current="true"` : ""
    }>${name}</a>`;
  return html`
    <nav aria-label="Sources of news">
      ${link(null, "All")} ${[...names].map(([source, name]) => link(source, name))}
    </nav>
  `;
}

/** Renders the section of news. @param now Wall time, in milliseconds since the Unix epoch. */
export function newsSection(news: PageNews, now: number): ReturnType<typeof html> {
  const { articles, feeds } = news;
  return html`
    <section id="news" class="panel" aria-labelledby="news-title">
      <h2 id="news-title">News</h2>
      ${sourceFilter(news)}
      <ul id="articles">
        ${articles.map((article) => articleItem(article.id, articleTexts(article, now)))}
      </ul>
      <p id="no-articles" ${articles.length > 0 ? "hidden" : ""}>
        No articles yet: they appear here as they come.
      </p>
      <template id="article">${articleItem("", BLANK_ARTICLE)}</template>
      <ul id="feeds" class="notes">
        ${feedNotes(feeds, now).map(({ state, text }) =>
          html`<li data-state="${state}">${text}</li>`
        )}
      </ul>
    </section>
  `;
}
