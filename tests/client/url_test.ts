import { assertEquals, assertThrows } from "@std/assert";
import { connect } from "../../lib/client/client.js";
import { addressOf, baseOf, newsAddressOf } from "../../lib/client/client/url.js";
import { createWire } from "./wire.ts";

const PAGE = "https://page.test/sub/page.html";

Deno.test("addressOf() and newsAddressOf() lie below a server's path", () => {
  const options = { url: "", topics: ["news"] };
  for (
    const [url, base] of [
      ["", "https://page.test"],
      ["/edge/", "https://page.test/edge"],
      ["edge", "https://page.test/sub/edge"],
      ["https://edge.test/a", "https://edge.test/a"],
    ] as const
  ) {
    const found = baseOf(url, PAGE);
    assertEquals(addressOf(found, options, "", undefined).href, `${base}/v1/stream?topics=news`);
    assertEquals(
      newsAddressOf(found, ["a", "b"]).href,
      `${base}/v1/news?limit=200&source=a%2Cb`,
    );
  }
});

/** The name that tabs of a page share by. */
function nameOf(url: string, baseUrl: string): string {
  const { world } = createWire();
  let name = "";
  const feed = connect({ url, topics: ["quotes"] }, {
    ...world,
    baseUrl,
    locks: { request: () => new Promise<never>(() => {}) },
    channel(given) {
      name = given;
      return { onmessage: null, postMessage() {}, close() {} };
    },
  });
  feed.close();
  return name;
}

Deno.test("connect() shares with the tabs of one server, whatever page they show", () => {
  const [one, other] = ["https://page.test/one/", "https://page.test/other/"];
  assertEquals(nameOf("", one), nameOf("https://page.test/", other));
  assertEquals(nameOf("edge", one), nameOf("edge/", one));
  assertEquals(nameOf("edge", one) === nameOf("edge", other), false);
});

Deno.test("connect() throws where the URL is none, shared or not", () => {
  assertThrows(() => nameOf("http://[", PAGE), TypeError);
  const { world } = createWire();
  assertThrows(() => connect({ url: "http://[", topics: [], share: false }, world), TypeError);
});
