import { assert, assertEquals } from "@std/assert";
import {
  type FeedState,
  initialFeedState,
  loadFeedState,
  saveFeedState,
  toFeedStatus,
} from "../../../lib/topics/news/feed_state.ts";
import { noMetrics } from "../../../lib/core/metrics.ts";
import { pollFeed } from "../../../lib/topics/news/poll.ts";
import { type Call, createOutside, endless } from "../../upstream/support.ts";
import { createTestStore, rss, sample } from "./support.ts";

const MINUTE = 60_000;
const FEED = { name: "example", title: "Example", url: "https://feeds.example.com/rss" };

function document(text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { headers: { "content-type": "application/rss+xml", ...headers } });
}

function status(code: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: code, headers });
}

const ONE = rss("<item><title>A</title><link>https://a.example/1</link></item>", "<ttl>5</ttl>");

/** A feed that gives these answers in turn, and what is known of it. */
function createFeed(...answers: readonly ((call: Call) => Response | Promise<Response>)[]) {
  const left = [...answers];
  const outside = createOutside((call) => (left.shift() ?? (() => status(500)))(call));
  let known: FeedState = initialFeedState(FEED);
  return {
    ...outside,
    known: () => known,
    status: () => toFeedStatus(FEED, known),
    /** @returns The titles of what came, null where nothing was to be taken in. */
    async poll(): Promise<readonly string[] | null> {
      const poll = await pollFeed(outside.runtime, FEED, known, MINUTE);
      known = poll.state;
      return poll.items?.map(({ title }) => title) ?? null;
    },
    /** How long from now to the next poll. */
    waitMs: () => (known.next_poll_at ?? Infinity) - outside.clock.now(),
  };
}

Deno.test("pollFeed() brings items, and knows when to come back: after the feed's TTL", async () => {
  const feed = createFeed(() => document(ONE));
  assertEquals(feed.status().state, "waiting");
  assertEquals(await feed.poll(), ["A"]);
  assertEquals([feed.waitMs(), feed.known().failures], [5 * MINUTE, 0]);
  const { state, reason, moved_to, polled_at } = feed.status();
  assertEquals([state, reason, moved_to], ["ok", null, null]);
  assertEquals(polled_at, new Date(feed.clock.now()).toISOString());
  assertEquals(feed.clock.timers, 0);
});

Deno.test("pollFeed() asks whether there is anything new with the validators as they came", async () => {
  const validators = { etag: 'W/"1"', "last-modified": "Mon, 05 Oct 2026 13:58:00 GMT" };
  const feed = createFeed(
    () => document(ONE, validators),
    () => status(304, { "cache-control": "max-age=600" }),
    () => document(ONE),
    () => document(ONE),
  );
  await feed.poll();
  assertEquals(await feed.poll(), null);
  assertEquals([feed.status().state, feed.waitMs()], ["unchanged", 10 * MINUTE]);
  await feed.poll();
  for (const call of feed.calls.slice(1, 3)) {
    assertEquals(call.headers.get("if-none-match"), 'W/"1"');
    assertEquals(call.headers.get("if-modified-since"), "Mon, 05 Oct 2026 13:58:00 GMT");
  }
  // The last answer had none: what belonged to the one before is no more true.
  await feed.poll();
  assertEquals(feed.calls[3]?.headers.get("if-none-match"), null);
});

Deno.test("pollFeed() leaves a feed alone for longer with each failure, says why, and asks it at its pace when it is back", async () => {
  const feed = createFeed(() => status(503), () => status(500), () => document(ONE));
  assertEquals(await feed.poll(), null);
  assertEquals(feed.waitMs(), 1.5 * MINUTE);
  const { state, reason } = feed.status();
  assertEquals([state, reason], ["broken", "Example refused: HTTP 503"]);
  await feed.poll();
  assertEquals(feed.waitMs(), 3 * MINUTE);
  assertEquals(await feed.poll(), ["A"]);
  assertEquals([feed.status().reason, feed.waitMs()], [null, 5 * MINUTE]);
});

Deno.test("pollFeed() heeds Retry-After, for an hour at most", async () => {
  for (const [seconds, minutes] of [["600", 10], ["2700", 45], ["86400", 60]] as const) {
    const feed = createFeed(() => status(429, { "retry-after": seconds }));
    await feed.poll();
    assertEquals(feed.waitMs(), minutes * MINUTE);
  }
});

Deno.test("pollFeed() leaves a feed that is gone alone for good", async () => {
  const feed = createFeed(() => status(410));
  await feed.poll();
  const { state, reason, next_poll_at } = feed.status();
  assertEquals([state, reason, next_poll_at], ["gone", "It is gone for good (410)", null]);
});

Deno.test("pollFeed() asks a feed that has moved at its new address, says so, and goes back where that fails", async () => {
  const moved = "https://new.example.com/rss";
  const feed = createFeed(
    () => status(301, { location: moved }),
    () => document(ONE, { etag: '"1"' }),
    () => status(304),
    () => status(410),
    () => document(ONE),
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

Deno.test("pollFeed() does not move to what is no feed", async () => {
  const feed = createFeed(
    () => status(301, { location: "https://new.example.com/" }),
    () => document("<html><p>Welcome</html>", { "content-type": "text/html" }),
  );
  await feed.poll();
  const { state, moved_to, reason } = feed.status();
  assertEquals([state, moved_to], ["broken", null]);
  assertEquals(reason, "It is a page for people (HTML), no feed");
});

const BROKEN: Readonly<Record<string, () => Response>> = {
  "It is a page for people (HTML), no feed": () =>
    document(sample("feed_bad_html_429.html"), { "content-type": "text/html" }),
  "It declares document types or entities, which we do not read": () =>
    document(sample("feed_bad_billion_laughs.xml")),
  "Example answered with image/png, which we did not ask for": () =>
    document("x", { "content-type": "image/png" }),
  "Example was not called: 169.254.169.254 is no public host": () =>
    status(301, { location: "https://169.254.169.254/" }),
  "Example was not called: its address is not https": () =>
    status(302, { location: "http://feeds.example.com/rss" }),
};

for (const [reason, answer] of Object.entries(BROKEN)) {
  Deno.test(`pollFeed() tells a broken feed: ${reason}`, async () => {
    const feed = createFeed(answer);
    assertEquals(await feed.poll(), null);
    assertEquals([feed.status().state, feed.status().reason], ["broken", reason]);
  });
}

Deno.test("pollFeed() reads at most 2 MB after decompression, and lets go of what is longer", async () => {
  const chunk = " ".repeat(1_048_576);
  const { state, response } = endless([chunk, chunk, "."], {
    headers: { "content-type": "text/xml" },
  });
  const feed = createFeed(() => response);
  await feed.poll();
  assertEquals(feed.status().reason, "Example answered with more than 2097152 bytes");
  assert(state.isCancelled);
});

Deno.test("pollFeed() does not wait for a feed that hangs longer than its deadline", async () => {
  const feed = createFeed(() => new Promise<Response>(() => {}));
  const polled = feed.poll();
  await feed.clock.advance(8000);
  assertEquals(await polled, null);
  assertEquals(feed.status().reason, "Example did not answer within 8 s");
});

Deno.test("loadFeed() gives what saveFeed() kept, and nothing of what it cannot read or of another URL", async () => {
  const feed = createFeed(() => document(ONE, { etag: '"1"' }));
  await feed.poll();
  const memory = createTestStore(feed.clock.now);
  await saveFeedState(memory, FEED, feed.known());
  assertEquals(await loadFeedState(memory, FEED), feed.known());
  const other = { ...FEED, url: "https://other.example.com/rss" };
  assertEquals(await loadFeedState(memory, other), initialFeedState(other));
  const broken = { ...memory, get: () => Promise.resolve(`{"url":1}`) };
  assertEquals(await loadFeedState(broken, FEED), initialFeedState(FEED));
});

Deno.test("pollFeed() counts what became of each call", async () => {
  const feed = createFeed(
    () => document(ONE, { etag: '"1"' }),
    () => status(304),
    () => status(503),
    () => document("<html>"),
  );
  const counted: string[] = [];
  const metrics = {
    ...noMetrics,
    called: (...what: string[]) => void counted.push(what.join(" ")),
  };
  let known: FeedState = initialFeedState(FEED);
  for (let n = 0; n < 4; n++) {
    ({ state: known } = await pollFeed({ ...feed.runtime, metrics }, FEED, known, MINUTE));
  }
  assertEquals(counted, ["feeds ok", "feeds ok", "feeds http", "feeds shape"]);
});
