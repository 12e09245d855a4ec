import { assert, assertEquals } from "@std/assert";
import { fetchResponse, fetchText } from "../../lib/upstream/request.ts";
import { type Call, createNetwork, endless, failureOf } from "./support.ts";

const FEED = "https://feeds.example.com/news";
const options = { title: "Example", accept: /xml/ };
const conditional = {
  ...options,
  headers: { "if-none-match": 'W/"1"', "if-modified-since": "Mon, 05 Oct 2026 13:58:00 GMT" },
};

function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location } });
}

function xml(headers: Record<string, string> = {}): Response {
  return new Response("<rss/>", { headers: { "content-type": "text/xml", ...headers } });
}

/** Creates a network with a response for each URL. */
function respondWith(responses: Readonly<Record<string, () => Response>>) {
  return createNetwork(({ url }: Call) =>
    responses[url]?.() ?? new Response(null, { status: 404 })
  );
}

Deno.test("fetchResponse() returns the headers with the text", async () => {
  const { runtime } = createNetwork(() => xml({ etag: '"2"', "cache-control": "max-age=60" }));
  const { text, headers, movedTo } = await fetchResponse(runtime, options, FEED);
  assertEquals([text, headers.get("etag"), movedTo], ["<rss/>", '"2"', null]);
});

Deno.test("fetchResponse() returns null as the text of a conditional request after a 304, and cancels the body", async () => {
  const { state, response } = endless([], { status: 200, headers: { etag: 'W/"1"' } });
  // A Response of status 304 may not have a body here: over the network it might.
  const unchanged = new Proxy(response, {
    get: (target, name) => name === "status" ? 304 : Reflect.get(target, name, target),
  });
  const { runtime, calls } = createNetwork(() => unchanged);
  const { text, headers } = await fetchResponse(runtime, conditional, FEED);
  assertEquals([text, headers.get("etag")], [null, 'W/"1"']);
  assertEquals(calls[0]?.headers.get("if-none-match"), 'W/"1"');
  assert(state.isCancelled);
});

Deno.test("fetchResponse() fails on a 304 to an unconditional request; fetchText() always does", async () => {
  const { runtime } = createNetwork(() => new Response(null, { status: 304 }));
  for (
    const request of [fetchResponse(runtime, options, FEED), fetchText(runtime, conditional, FEED)]
  ) {
    const { kind, status } = await failureOf(request);
    assertEquals([kind, status], ["http", 304]);
  }
});

const MOVES = [
  { hops: [[301, "https://b.example.com/"]], movedTo: "https://b.example.com/" },
  { hops: [[308, "/new"]], movedTo: "https://feeds.example.com/new" },
  { hops: [[302, "https://b.example.com/"]], movedTo: null },
  {
    hops: [[301, "https://b.example.com/"], [301, "https://c.example.com/"]],
    movedTo: "https://c.example.com/",
  },
  {
    hops: [[301, "https://b.example.com/"], [307, "https://c.example.com/"]],
    movedTo: "https://b.example.com/",
  },
  {
    hops: [[302, "https://b.example.com/"], [301, "https://c.example.com/"]],
    movedTo: null,
  },
] as const;

for (const { hops, movedTo } of MOVES) {
  Deno.test(`fetchResponse() has moved to ${movedTo} after ${hops.map(([status]) => status)}`, async () => {
    const left = [...hops];
    const { runtime } = createNetwork(() => {
      const hop = left.shift();
      return hop ? redirect(hop[0], hop[1]) : xml();
    });
    assertEquals((await fetchResponse(runtime, options, FEED)).movedTo, movedTo);
  });
}

Deno.test("fetchResponse() blocks a permanent redirect into our own network", async () => {
  const { runtime, calls } = respondWith({ [FEED]: () => redirect(301, "https://127.0.0.1/") });
  assertEquals((await failureOf(fetchResponse(runtime, options, FEED))).kind, "blocked");
  assertEquals(calls.length, 1);
});

Deno.test("fetchResponse() sends no validators of one origin to another", async () => {
  const other = "https://b.example.com/";
  const { runtime, calls } = respondWith({
    [FEED]: () => redirect(301, other),
    [other]: () => xml(),
  });
  assertEquals((await fetchResponse(runtime, conditional, FEED)).text, "<rss/>");
  assertEquals(calls[1]?.headers.get("if-none-match"), null);
});
