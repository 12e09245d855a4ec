import { assertEquals, assertThrows } from "@std/assert";
import { connect } from "../../lib/client/client.js";
import { newsUrl } from "../../lib/client/client/news_request.js";
import { serverUrl, streamUrl } from "../../lib/client/client/url.js";
import { createWire } from "./wire.ts";

const PAGE = "https://page.test/sub/page.html";

Deno.test("streamUrl() and newsUrl() keep the path of the server", () => {
  const options = { url: "", topics: ["news"] };
  for (
    const [url, base] of [
      ["", "https://page.test"],
      ["/edge/", "https://page.test/edge"],
      ["edge", "https://page.test/sub/edge"],
      ["https://edge.test/a", "https://edge.test/a"],
    ] as const
  ) {
    const server = serverUrl(url, PAGE);
    assertEquals(streamUrl(server, options, "", undefined).href, `${base}/v1/stream?topics=news`);
    assertEquals(
      newsUrl(server, { limit: 200, sources: ["a", "b"] }).href,
      `${base}/v1/news?limit=200&source=a%2Cb`,
    );
  }
});

/** Connects, and returns the name of the channel that the tab has opened. */
function openedChannel(url: string, baseUrl: string): string {
  const { runtime } = createWire();
  let openedName = "";
  const feed = connect({ url, topics: ["quotes"] }, {
    ...runtime,
    baseUrl,
    locks: { request: () => new Promise<never>(() => {}) },
    openChannel(name) {
      openedName = name;
      return { onmessage: null, postMessage() {}, close() {} };
    },
  });
  feed.close();
  return openedName;
}

Deno.test("connect() shares a connection among tabs that name the same server, from any path", () => {
  const page = "https://page.test/one/";
  const otherPage = "https://page.test/other/";
  assertEquals(openedChannel("", page), openedChannel("https://page.test/", otherPage));
  assertEquals(openedChannel("edge", page), openedChannel("edge/", page));
  assertEquals(openedChannel("edge", page) === openedChannel("edge", otherPage), false);
});

Deno.test("connect() throws a TypeError if the URL is invalid, shared or not", () => {
  assertThrows(() => openedChannel("http://[", PAGE), TypeError);
  const { runtime } = createWire();
  assertThrows(() => connect({ url: "http://[", topics: [], share: false }, runtime), TypeError);
});
