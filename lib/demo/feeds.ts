/**
 * Simulated feeds: RSS, Atom, a JSON feed that has moved, and one that is gone.
 *
 * @module
 */
import { storiesAt, type Story, type Teller, TELLERS } from "./stories.ts";

/** The most stories in a feed. */
const MAX_STORIES = 15;

/** A document is truncated in the last `lastsMs` of every `everyMs`. */
const CUT = { everyMs: 97_000, lastsMs: 6000 };

/** A simulated feed. */
export interface SimulatedFeed {
  readonly host: string;
  /** The latency of its answers. */
  readonly latencyMs: { readonly least: number; readonly most: number };
  /** Answers a GET as a real one would at a time, in milliseconds since the epoch. */
  respond(url: URL, headers: Headers, now: number): Response;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function rssItem({ title, summary, link, guid, at, isMalformed }: Story): string {
  // A malformed item has a bare ampersand, an invalid date, and a `javascript:` link.
  const date = isMalformed ? "Yesterday-ish" : new Date(at).toUTCString();
  return `<item><title>${isMalformed ? title : escapeXml(escapeXml(title))}</title>` +
    `<link>${isMalformed ? "javascript:alert(1)" : escapeXml(link)}</link>` +
    `<guid isPermaLink="false">${guid}</guid><pubDate>${date}</pubDate>` +
    `<description>${escapeXml(summary)}</description></item>`;
}

function rss(stories: readonly Story[]): string {
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>Demo Wire</title>` +
    `<link>https://wire.example/</link>${stories.map(rssItem).join("")}</channel></rss>`;
}

function atomEntry({ title, summary, link, guid, at }: Story): string {
  return `<entry><title type="html">${escapeXml(escapeXml(title))}</title>` +
    `<link rel="alternate" href="${escapeXml(link)}"/><id>tag:desk.example,2026:${guid}</id>` +
    `<published>${new Date(at).toISOString()}</published>` +
    `<summary type="html">${escapeXml(summary)}</summary></entry>`;
}

function atom(stories: readonly Story[]): string {
  return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Demo Desk</title>` +
    `<id>https://desk.example/</id>${stories.map(atomEntry).join("")}</feed>`;
}

function jsonFeed(stories: readonly Story[]): string {
  return JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    title: "Demo Herald",
    home_page_url: "https://herald.example/",
    items: stories.map(({ title, summary, link, guid, at }) => ({
      id: guid,
      url: link,
      title: title.replaceAll(/<[^<>]*>/g, ""),
      content_html: summary,
      date_published: new Date(at).toISOString(),
    })),
  });
}

/** The path, the content type and the writer of each teller's document. */
const FORMATS: Readonly<
  Record<
    Teller,
    readonly [path: string, type: string, write: (stories: readonly Story[]) => string]
  >
> = {
  wire: ["/rss", "application/rss+xml", rss],
  desk: ["/atom", "application/atom+xml", atom],
  herald: ["/news.json", "application/feed+json", jsonFeed],
};

/** Returns an entity tag of a text, by FNV-1a. */
function feedEtagOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return `W/"${(hash >>> 0).toString(16)}"`;
}

function feedOf(teller: Teller, startedAt: number): SimulatedFeed {
  const [path, type, write] = FORMATS[teller];
  return {
    host: `${teller}.example`,
    latencyMs: { least: 20, most: 120 },
    respond({ pathname }, headers, now) {
      // The herald's former address.
      if (pathname === "/feed" && teller === "herald") {
        return new Response(null, { status: 301, headers: { location: path } });
      }
      if (pathname !== path) return new Response("Not Found", { status: 404 });
      const whole = write(storiesAt(teller, startedAt, now, MAX_STORIES));
      const isCut = teller === "wire" &&
        (now - startedAt) % CUT.everyMs >= CUT.everyMs - CUT.lastsMs;
      const text = isCut ? whole.slice(0, whole.length / 2) : whole;
      const etag = feedEtagOf(text);
      const sent = { etag, "cache-control": "max-age=5", "content-type": type };
      return headers.get("if-none-match") === etag
        ? new Response(null, { status: 304, headers: sent })
        : new Response(text, { headers: sent });
    },
  };
}

/** A feed that is gone: it answers 410. */
const archive: SimulatedFeed = {
  host: "archive.example",
  latencyMs: { least: 20, most: 60 },
  respond: () => new Response("Gone", { status: 410 }),
};

/** Creates all simulated feeds of a demo. @param startedAt Its start, in milliseconds since the epoch. */
export function simulatedFeeds(startedAt: number): readonly SimulatedFeed[] {
  return [...TELLERS.map((teller) => feedOf(teller, startedAt)), archive];
}
