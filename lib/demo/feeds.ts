/**
 * Simulated feeds: RSS, Atom, a JSON feed that has moved, and a feed that is gone.
 *
 * @module
 */
import { isoTime } from "../core/time.ts";
import type { LatencyRange } from "./simulated_upstream.ts";
import { type Outlet, OUTLETS, storiesAt, type Story } from "./stories.ts";

/** The most stories in a feed. */
const MAX_STORIES = 15;

/**
 * The document of `wire` is truncated in the last `durationMs` of every `everyMs`, which is not a multiple of the
 * interval between stories. So the truncations affect different stories.
 */
const TRUNCATION = { everyMs: 97_000, durationMs: 6000 };

/** A simulated feed. */
export interface SimulatedFeed {
  readonly host: string;
  readonly latencyMs: LatencyRange;
  /**
   * Responds to a GET as a real feed would.
   *
   * @param now Wall time in ms.
   */
  respond(url: URL, headers: Headers, now: number): Response;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function rssItem({ title, summary, link, guid, publishedAt, isMalformed }: Story): string {
  // A malformed item has a bare ampersand, an invalid date, and a `javascript:` link.
  const date = isMalformed ? "Yesterday-ish" : new Date(publishedAt).toUTCString();
  return `<item><title>${isMalformed ? title : escapeXml(escapeXml(title))}</title>` +
    `<link>${isMalformed ? "javascript:alert(1)" : escapeXml(link)}</link>` +
    `<guid isPermaLink="false">${guid}</guid><pubDate>${date}</pubDate>` +
    `<description>${escapeXml(summary)}</description></item>`;
}

function toRss(stories: readonly Story[]): string {
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>Demo Wire</title>` +
    `<link>https://wire.example/</link>${stories.map(rssItem).join("")}</channel></rss>`;
}

function atomEntry({ title, summary, link, guid, publishedAt }: Story): string {
  return `<entry><title type="html">${escapeXml(escapeXml(title))}</title>` +
    `<link rel="alternate" href="${escapeXml(link)}"/><id>tag:desk.example,2026:${guid}</id>` +
    `<published>${isoTime(publishedAt)}</published>` +
    `<summary type="html">${escapeXml(summary)}</summary></entry>`;
}

function toAtom(stories: readonly Story[]): string {
  return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Demo Desk</title>` +
    `<id>https://desk.example/</id>${stories.map(atomEntry).join("")}</feed>`;
}

function toJsonFeed(stories: readonly Story[]): string {
  return JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    title: "Demo Herald",
    home_page_url: "https://herald.example/",
    items: stories.map(({ title, summary, link, guid, publishedAt }) => ({
      id: guid,
      url: link,
      title: title.replaceAll(/<[^<>]*>/g, ""),
      content_html: summary,
      date_published: isoTime(publishedAt),
    })),
  });
}

/** The document of an outlet. */
interface FeedFormat {
  readonly path: string;
  readonly contentType: string;
  readonly serialize: (stories: readonly Story[]) => string;
}

const FORMATS: Readonly<Record<Outlet, FeedFormat>> = {
  wire: { path: "/rss", contentType: "application/rss+xml", serialize: toRss },
  desk: { path: "/atom", contentType: "application/atom+xml", serialize: toAtom },
  herald: { path: "/news.json", contentType: "application/feed+json", serialize: toJsonFeed },
};

/** Returns an entity tag of a text, by FNV-1a. */
function feedEtagOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return `W/"${(hash >>> 0).toString(16)}"`;
}

function createSimulatedFeed(outlet: Outlet, startedAt: number): SimulatedFeed {
  const { path, contentType, serialize } = FORMATS[outlet];
  return {
    host: `${outlet}.example`,
    latencyMs: { min: 20, max: 120 },
    respond({ pathname }, headers, now) {
      if (pathname === "/feed" && outlet === "herald") { // the feed's former address
        return new Response(null, { status: 301, headers: { location: path } });
      }
      if (pathname !== path) return new Response("Not Found", { status: 404 });
      const complete = serialize(
        storiesAt({ outlet, startedAt, now, maxStories: MAX_STORIES }),
      );
      const isTruncated = outlet === "wire" &&
        (now - startedAt) % TRUNCATION.everyMs >= TRUNCATION.everyMs - TRUNCATION.durationMs;
      const body = isTruncated ? complete.slice(0, complete.length / 2) : complete;
      const etag = feedEtagOf(body);
      const responseHeaders = {
        etag,
        "cache-control": "max-age=5",
        "content-type": contentType,
      };
      return headers.get("if-none-match") === etag
        ? new Response(null, { status: 304, headers: responseHeaders })
        : new Response(body, { headers: responseHeaders });
    },
  };
}

/** A feed that has been removed. It responds with 410. */
const removedFeed: SimulatedFeed = {
  host: "archive.example",
  latencyMs: { min: 20, max: 60 },
  respond: () => new Response("Gone", { status: 410 }),
};

/**
 * Creates all simulated feeds of a demo.
 *
 * @param startedAt The start of the demo: wall time in ms.
 */
export function createSimulatedFeeds(startedAt: number): readonly SimulatedFeed[] {
  return [...OUTLETS.map((outlet) => createSimulatedFeed(outlet, startedAt)), removedFeed];
}
