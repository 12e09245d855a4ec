/** The settings and the status of feeds, through the whole server. */
import { assert, assertEquals } from "@std/assert";
import { rss } from "../topics/news/support.ts";
import { createNewsUnderTest } from "./news_support.ts";

const SECRET = "s3cr3t";

/** The answers of feeds that try to make the server repeat their URL or a header. */
const ANSWERS: Readonly<Record<string, (url: URL) => Response>> = {
  "plain.example.com": () => new Response(rss("<item><title>plain</title><link>#a</link></item>")),
  "bare.example.com": () => new Response(rss("<item><title>bare</title></item>")),
  "moved.example.com": ({ search, pathname }) =>
    pathname === "/new"
      ? new Response(rss("<item><title>moved</title><link>?id=1</link></item>"))
      : new Response(null, { status: 301, headers: { location: `/new${search}` } }),
  "refusing.example.com": ({ href }) => new Response(href, { status: 401, statusText: SECRET }),
  "page.example.com": ({ href }) => new Response(`<html>${href}</html>`),
  "json.example.com": ({ href }) => new Response(`{"href":"${href}"`),
  "picture.example.com": () => new Response(SECRET, { headers: { "content-type": "image/png" } }),
  "throwing.example.com": ({ href }) => {
    throw new TypeError(`error sending request for url (${href})`);
  },
};

Deno.test("no key in the headers or the URL of a feed leaves the server, whatever the feed answers", async () => {
  const feeds = Object.keys(ANSWERS).flatMap((host) =>
    ["a", "b"].map((topic) => ({
      url: `https://${host}/?topic=${topic}&key=${SECRET}`,
      headers: { "x-api-key": SECRET },
    }))
  );
  await using test = createNewsUnderTest(
    { DEMO: "0", LOG_LEVEL: "debug", NEWS_FEEDS: JSON.stringify(feeds) },
    (url) => Promise.resolve().then(() => ANSWERS[url.hostname]?.(url) ?? new Response(null)),
    () => Promise.resolve(["192.0.32.8"]),
  );
  await using client = await test.follow("/v1/news/stream");
  await test.clock.advance(200_000);
  const texts = [JSON.stringify(client.frames), test.lines.join("\n")];
  for (const path of ["/v1/news", "/", "/metrics"]) {
    texts.push(await (await test.send(path)).text());
  }
  const list = await test.list();
  assertEquals(list.feeds.length, feeds.length);
  assertEquals(new Set(list.feeds.map(({ state }) => state)), new Set(["ok", "moved", "broken"]));
  assert(list.articles.length > 0);
  for (const text of texts) assert(!text.includes(SECRET), text);
});

Deno.test("two hundred feeds are polled, listed and filtered", async () => {
  const names = Array.from({ length: 200 }, (_, n) => `feed${n}.example.com`);
  await using test = createNewsUnderTest(
    { DEMO: "0", NEWS_FEEDS: names.map((name) => `https://${name}/rss`).join() },
    ({ hostname }) => {
      const item = `<item><title>${hostname}</title><link>https://${hostname}/1</link></item>`;
      return Promise.resolve(new Response(rss(item)));
    },
    () => Promise.resolve(["192.0.32.8"]),
  );
  const { feeds, articles } = await test.list("?limit=200");
  assertEquals(
    feeds.map(({ source, state }) => [source, state]),
    names.map((name) => [name, "ok"]),
  );
  assertEquals(new Set(articles.map(({ title }) => title)), new Set(names));
  const found = await test.list("?source=feed7.example.com");
  assertEquals(found.articles.map(({ title }) => title), ["feed7.example.com"]);
  const page = await (await test.send("/")).text();
  assertEquals(page.match(/<li data-feed=/g)?.length, 200);
});
