import { assert, assertEquals } from "@std/assert";
import { DAY_MS, HOUR_MS } from "../../../lib/core/time.ts";
import { noMetrics } from "../../../lib/core/metrics.ts";
import { type FeedState, initialFeedState } from "../../../lib/topics/news/feed_state.ts";
import { toFeedStatus } from "../../../lib/topics/news/feed_status.ts";
import {
  freshnessMsOf,
  pollFeed,
  type PollHints,
  pollIntervalMs,
} from "../../../lib/topics/news/poll.ts";
import { type Call, createNetwork, endless } from "../../upstream/support.ts";
import { NOW, rss, sample } from "./support.ts";

const MINUTE_MS = 60_000;
const FEED = { name: "example", title: "Example", url: "https://feeds.example.com/rss" };

function document(text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { headers: { "content-type": "application/rss+xml", ...headers } });
}

function status(code: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: code, headers });
}

const ONE_ITEM = rss(
  "<item><title>A</title><link>https://a.example/1</link></item>",
  "<ttl>5</ttl>",
);

/** Creates a feed that sends these responses in turn. It keeps its state between polls. */
function createFeed(...responses: readonly ((call: Call) => Response | Promise<Response>)[]) {
  const pendingResponses = [...responses];
  const network = createNetwork((call) => (pendingResponses.shift() ?? (() => status(500)))(call));
  let state: FeedState = initialFeedState(FEED);
  return {
    ...network,
    state: () => state,
    status: () => toFeedStatus(FEED, state),
    /** Polls the feed. @returns The titles of its items, null if there is nothing to ingest. */
    async poll(): Promise<readonly string[] | null> {
      const poll = await pollFeed(network.runtime, FEED, state, MINUTE_MS);
      state = poll.state;
      return poll.items?.map(({ title }) => title) ?? null;
    },
    /** Returns the time until the next poll, in milliseconds. */
    waitMs: () => (state.next_poll_at ?? Infinity) - network.clock.now(),
  };
}

Deno.test("pollFeed() returns items, and sets the next poll after the feed's TTL", async () => {
  const feed = createFeed(() => document(ONE_ITEM));
  assertEquals(feed.status().state, "waiting");
  assertEquals(await feed.poll(), ["A"]);
  assertEquals([feed.waitMs(), feed.state().failures], [5 * MINUTE_MS, 0]);
  const { state, reason, moved_to, polled_at } = feed.status();
  assertEquals([state, reason, moved_to], ["ok", null, null]);
  assertEquals(polled_at, new Date(feed.clock.now()).toISOString());
  assertEquals(feed.clock.timers, 0);
});

Deno.test("pollFeed() sends the validators back unchanged", async () => {
  const validators = { etag: 'W/"1"', "last-modified": "Mon, 05 Oct 2026 13:58:00 GMT" };
  const feed = createFeed(
    () => document(ONE_ITEM, validators),
    () => status(304, { "cache-control": "max-age=600" }),
    () => document(ONE_ITEM),
    () => document(ONE_ITEM),
  );
  await feed.poll();
  assertEquals(await feed.poll(), null);
  assertEquals([feed.status().state, feed.waitMs()], ["unchanged", 10 * MINUTE_MS]);
  await feed.poll();
  for (const call of feed.calls.slice(1, 3)) {
    assertEquals(call.headers.get("if-none-match"), 'W/"1"');
    assertEquals(call.headers.get("if-modified-since"), "Mon, 05 Oct 2026 13:58:00 GMT");
  }
  // The last document had no validators, so those of the one before are void.
  await feed.poll();
  assertEquals(feed.calls[3]?.headers.get("if-none-match"), null);
});

Deno.test("pollFeed() backs off with each failure, reports the reason, and returns to the feed's interval afterwards", async () => {
  const feed = createFeed(() => status(503), () => status(500), () => document(ONE_ITEM));
  assertEquals(await feed.poll(), null);
  assertEquals(feed.waitMs(), 1.5 * MINUTE_MS);
  const { state, reason } = feed.status();
  assertEquals([state, reason], ["broken", "Example refused: HTTP 503"]);
  await feed.poll();
  assertEquals(feed.waitMs(), 3 * MINUTE_MS);
  assertEquals(await feed.poll(), ["A"]);
  assertEquals([feed.status().reason, feed.waitMs()], [null, 5 * MINUTE_MS]);
});

Deno.test("pollFeed() honours Retry-After up to an hour", async () => {
  for (const [seconds, minutes] of [["600", 10], ["2700", 45], ["86400", 60]] as const) {
    const feed = createFeed(() => status(429, { "retry-after": seconds }));
    await feed.poll();
    assertEquals(feed.waitMs(), minutes * MINUTE_MS);
  }
});

Deno.test("pollFeed() schedules no poll of a feed that is gone", async () => {
  const feed = createFeed(() => status(410));
  await feed.poll();
  const { state, reason, next_poll_at } = feed.status();
  assertEquals([state, reason, next_poll_at], ["gone", "The feed answered 410 Gone", null]);
});

Deno.test("pollFeed() polls a moved feed at its new URL, reports it, and returns to the configured URL on failure", async () => {
  const moved = "https://new.example.com/rss";
  const feed = createFeed(
    () => status(301, { location: moved }),
    () => document(ONE_ITEM, { etag: '"1"' }),
    () => status(304),
    () => status(410),
    () => document(ONE_ITEM),
  );
  assertEquals(await feed.poll(), ["A"]);
  assertEquals([feed.status().state, feed.status().moved_to], ["moved", moved]);
  await feed.poll();
  assertEquals([feed.calls[2]?.url, feed.status().state], [moved, "moved"]);
  await feed.poll();
  assertEquals([feed.status().state, feed.status().moved_to], ["broken", null]);
  await feed.poll();
  assertEquals([feed.calls[4]?.url, feed.status().state], [FEED.url, "ok"]);
  assertEquals(feed.calls[4]?.headers.get("if-none-match"), null);
});

Deno.test("pollFeed() does not move to a document that is not a feed", async () => {
  const feed = createFeed(
    () => status(301, { location: "https://new.example.com/" }),
    () => document("<html><p>Welcome</html>", { "content-type": "text/html" }),
  );
  await feed.poll();
  const { state, moved_to, reason } = feed.status();
  assertEquals([state, moved_to], ["broken", null]);
  assertEquals(reason, "The answer is an HTML page, not a feed");
});

const BROKEN: Readonly<Record<string, () => Response>> = {
  "The answer is an HTML page, not a feed": () =>
    document(sample("feed_bad_html_429.html"), { "content-type": "text/html" }),
  "The answer is XML, but not a feed": () => document("<a/>"),
  "Example answered with image/png, which was not requested": () =>
    document("x", { "content-type": "image/png" }),
  "Example was not called: 169.254.169.254 is not a public host": () =>
    status(301, { location: "https://169.254.169.254/" }),
  "Example was not called: its URL is not https": () =>
    status(302, { location: "http://feeds.example.com/rss" }),
};

for (const [reason, respond] of Object.entries(BROKEN)) {
  Deno.test(`pollFeed() reports a broken feed: ${reason}`, async () => {
    const feed = createFeed(respond);
    assertEquals(await feed.poll(), null);
    assertEquals([feed.status().state, feed.status().reason], ["broken", reason]);
  });
}

for (
  const type of [
    ...["application/rss", "text/rss", "application/x-rss", "unknown", "binary/octet-stream"],
    ...["application/force-download", "application/zip", "text/css", "", "Application/RDF+XML"],
  ]
) {
  Deno.test(`pollFeed() reads a feed that is sent as ${type || "nothing"}`, async () => {
    const feed = createFeed(() => document(ONE_ITEM, { "content-type": type }));
    assertEquals(await feed.poll(), ["A"]);
  });
}

Deno.test("pollFeed() reads at most 2 MB after decompression, and cancels a longer body", async () => {
  const chunk = " ".repeat(1_048_576);
  const { state, response } = endless([chunk, chunk, "."], {
    headers: { "content-type": "text/xml" },
  });
  const feed = createFeed(() => response);
  await feed.poll();
  assertEquals(feed.status().reason, "Example answered with more than 2097152 bytes");
  assert(state.isCancelled);
});

Deno.test("pollFeed() waits for a feed no longer than the deadline", async () => {
  const feed = createFeed(() => new Promise<Response>(() => {}));
  const polled = feed.poll();
  await feed.clock.advance(8000);
  assertEquals(await polled, null);
  assertEquals(feed.status().reason, "Example did not answer within 8 s");
});

Deno.test("pollFeed() counts the outcome of each call", async () => {
  const feed = createFeed(
    () => document(ONE_ITEM, { etag: '"1"' }),
    () => status(304),
    () => status(503),
    () => document("<html>"),
  );
  const counted: string[] = [];
  const metrics = {
    ...noMetrics,
    called: (...labels: string[]) => void counted.push(labels.join(" ")),
  };
  let state: FeedState = initialFeedState(FEED);
  for (let n = 0; n < 4; n++) {
    ({ state } = await pollFeed({ ...feed.runtime, metrics }, FEED, state, MINUTE_MS));
  }
  assertEquals(counted, ["feeds ok", "feeds ok", "feeds http", "feeds shape"]);
});

function intervalMs(hints: Partial<PollHints>, { minMs = MINUTE_MS, jitter = 0.5 } = {}): number {
  const none: PollHints = { ttlMs: null, freshnessMs: null, retryAfterMs: null, failures: 0 };
  return pollIntervalMs({ ...none, ...hints }, minMs, jitter);
}

Deno.test("pollIntervalMs() is what the feed asks for, within bounds", () => {
  assertEquals(intervalMs({}), MINUTE_MS);
  assertEquals(intervalMs({ ttlMs: 15 * MINUTE_MS }), 15 * MINUTE_MS);
  assertEquals(intervalMs({ ttlMs: 5 * MINUTE_MS, freshnessMs: 7 * MINUTE_MS }), 7 * MINUTE_MS);
  assertEquals(intervalMs({ ttlMs: 1, freshnessMs: 0 }), MINUTE_MS);
  assertEquals(intervalMs({ ttlMs: 1e15 }), 60 * MINUTE_MS);
  assertEquals(intervalMs({}, { minMs: 90 * MINUTE_MS }), 90 * MINUTE_MS);
});

Deno.test("pollIntervalMs() doubles with each failure, with jitter, up to an hour", () => {
  const waits = [1, 2, 3, 10, 5000].map((failures) => intervalMs({ failures }, { jitter: 1 }));
  assertEquals(waits, [2, 4, 8, 60, 60].map((minutes) => minutes * MINUTE_MS));
  assertEquals(intervalMs({ failures: 3 }, { jitter: 0 }), 4 * MINUTE_MS);
});

Deno.test("pollIntervalMs() is never shorter than Retry-After", () => {
  assertEquals(intervalMs({ failures: 1, retryAfterMs: 10 * MINUTE_MS }), 10 * MINUTE_MS);
});

const AGES: readonly (readonly [control: string | null, age: string | null, ms: number | null])[] =
  [
    [null, null, null],
    ["public", null, null],
    ["public, max-age=300", null, 300_000],
    ["Max-Age=300", "100", 200_000],
    [`max-age="300"`, "400", 0],
    ["s-maxage=300", null, null],
    ["max-age=300, no-cache", null, 0],
    ["no-store", null, 0],
    ["max-age=soon", "x", null],
  ];

for (const [control, age, ms] of AGES) {
  Deno.test(`freshnessMsOf() is ${ms} for ${control} at age ${age}`, () => {
    const headers = new Headers();
    if (control !== null) headers.set("cache-control", control);
    if (age !== null) headers.set("age", age);
    assertEquals(freshnessMsOf(headers, NOW), ms);
    assert(ms === null || ms >= 0);
  });
}

Deno.test("pollFeed() sends the headers of the settings to the configured origin only, and decodes with their charset", async () => {
  const bytes = new Uint8Array([...new TextEncoder().encode(ONE_ITEM.replace(">A<", ">A~<"))])
    .map((byte) => byte === 0x7e ? 0xe9 : byte);
  const headers = { "content-type": "application/rss+xml; charset=utf-8" };
  const network = createNetwork(() => new Response(bytes, { headers }));
  const configured = { ...FEED, headers: { "x-key": "secret" }, charset: "windows-1252" };
  const state = initialFeedState(FEED);
  const poll = await pollFeed(network.runtime, configured, state, MINUTE_MS);
  assertEquals(poll.items?.map(({ title }) => title), ["Aé"]);
  await pollFeed(network.runtime, configured, { ...state, url: "https://new.example/" }, MINUTE_MS);
  assertEquals(network.calls.map((call) => call.headers.get("x-key")), ["secret", null]);
});

Deno.test("pollFeed() writes no query of the feed's URL into the links of items, because it may contain a key", async () => {
  const network = createNetwork(() =>
    document(rss("<item><title>A</title><link>#a</link></item>"))
  );
  const feed = { ...FEED, url: `${FEED.url}?key=s3cr3t` };
  const { items } = await pollFeed(network.runtime, feed, initialFeedState(feed), MINUTE_MS);
  assertEquals(items?.map(({ url }) => url.replace("#a", "")), [FEED.url]);
  assertEquals(network.calls[0]?.url, feed.url);
});

Deno.test("pollFeed() reads a feed whole once a day, even if it answers 304 for ever", async () => {
  const network = createNetwork(({ headers }) =>
    headers.has("if-none-match") ? status(304) : document(ONE_ITEM, { etag: '"1"' })
  );
  let state: FeedState = initialFeedState(FEED);
  const wholeReads: number[] = [];
  for (let hour = 0; hour < 20 * 24; hour++) {
    const poll = await pollFeed(network.runtime, FEED, state, MINUTE_MS);
    if (poll.items !== null) wholeReads.push(hour);
    state = poll.state;
    await network.clock.advance(HOUR_MS);
  }
  assertEquals(wholeReads, Array.from({ length: 20 }, (_, day) => 24 * day));
});

Deno.test("pollFeed() reads a feed whole if its last whole read is in the future, by a clock that was wrong", async () => {
  const feed = createFeed(
    () => document(ONE_ITEM, { etag: '"1"' }),
    ({ headers }) => headers.has("if-none-match") ? status(304) : document(ONE_ITEM),
  );
  feed.clock.shiftWallClock(DAY_MS);
  await feed.poll();
  feed.clock.shiftWallClock(-DAY_MS);
  assertEquals(await feed.poll(), ["A"]);
});

const SENT = "Mon, 05 Oct 2026 15:00:00 GMT";

const EXPIRIES: readonly (readonly [headers: Record<string, string>, ms: number | null])[] = [
  [{ date: SENT, expires: "Mon, 05 Oct 2026 15:10:00 GMT" }, 10 * MINUTE_MS],
  [{ date: SENT, expires: "Mon, 05 Oct 2026 15:10:00 GMT", age: "60" }, 9 * MINUTE_MS],
  [{ date: SENT, expires: "Monday, 05-Oct-26 15:10:00 GMT" }, 10 * MINUTE_MS],
  [{ expires: new Date(NOW + 5 * MINUTE_MS).toUTCString() }, 5 * MINUTE_MS],
  [{ date: SENT, expires: "Sun, 04 Oct 2026 15:10:00 GMT" }, 0],
  [{ date: SENT, expires: "0" }, 0],
  [
    { date: SENT, expires: "Mon, 05 Oct 2026 16:00:00 GMT", "cache-control": "max-age=300" },
    300_000,
  ],
  [{ date: SENT, expires: "Mon, 05 Oct 2026 16:00:00 GMT", "cache-control": "no-cache" }, 0],
  [{ date: SENT }, null],
];

for (const [headers, ms] of EXPIRIES) {
  Deno.test(`freshnessMsOf() is ${ms} for ${JSON.stringify(headers)}`, () => {
    assertEquals(freshnessMsOf(new Headers(headers), NOW), ms);
  });
}

Deno.test("pollFeed() reports how many items have no link, no words or no date, also after a 304, and why the list is short", async () => {
  const link = "<link>https://a.example/1</link>";
  const dated =
    `<item><title>A</title>${link}<pubDate>Wed, 05 Aug 2020 15:00:00 GMT</pubDate></item>`;
  const undated = "<item><title>C</title><link>https://a.example/3</link></item>";
  const items = [dated, "<item><title>B</title></item>", `<item>${link}</item>`, undated];
  const feed = createFeed(
    () => document(rss(items.join("")), { etag: '"1"' }),
    () => status(304),
    () => status(500),
    () => document(rss("")),
    () => document(rss(dated)),
  );
  const poll = async () => {
    await feed.poll();
    const { state, reason, items, skipped, undated } = feed.status();
    return [state, reason, items, skipped, undated];
  };
  const loss = "2 of 4 items have no link or no words";
  assertEquals(await poll(), ["ok", loss, 4, 2, 1]);
  assertEquals(await poll(), ["unchanged", loss, 4, 2, 1]);
  assertEquals(await poll(), ["broken", "Example refused: HTTP 500", 4, 2, 1]);
  assertEquals(await poll(), ["ok", "The document has no items", 0, 0, 0]);
  assertEquals(await poll(), ["ok", null, 1, 0, 0]);
});
