import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLive, createWire } from "./wire.ts";

const MINUTE = 60_000;

/**
 * Creates a page that polls, because its streams stay silent.
 *
 * @param routes The JSON responses by path below `/v1/`. Polls of other paths stay pending.
 */
async function createPolling(
  options: Parameters<ReturnType<typeof createWire>["connect"]>[0] = {},
  routes: Readonly<Record<string, () => unknown>> = {},
) {
  const wire = createWire({ hasEventSource: false });
  const connected = await wire.connect(options);
  wire.serve((request) => {
    if (request.transport !== "poll") return;
    const createBody = routes[request.url.pathname.replace("/v1/", "")];
    if (createBody) request.respond(createBody());
  });
  await wire.clock.advance(20_000);
  assertEquals(wire.last().transport, "poll");
  const streams = () => wire.requests.filter(({ transport }) => transport !== "poll");
  const polls = () => wire.requests.filter(({ transport }) => transport === "poll");
  return { wire, streams, polls, ...connected };
}

/** Creates the body of `GET /v1/quotes`. */
const quotes = (cursor: string, price = 1) => ({
  quotes: [{ symbol: "WTI", price, received_at: "2026-01-01T00:00:00.000Z" }],
  status: [],
  cursor,
  next_poll_delay: 5,
});
/** Creates the body of `GET /v1/news`. An id with `u` is an updated article, with `r` a retracted one too. */
const news = (cursor: string, ...ids: string[]) => ({
  articles: ids.map((id) => ({ id, updated_at: id.startsWith("u") ? "2026" : null })),
  retracted: ids.filter((id) => id.startsWith("r")),
  cursor,
  next_poll_delay: 5,
});

Deno.test("createConnection() goes one transport level down after each two silent attempts, and polls at the lowest", async () => {
  const wire = createWire();
  const { feed, states } = await wire.connect();
  await wire.clock.advance(9999);
  assertEquals([wire.requests.length, feed.state().kind], [1, "connecting"]);
  await wire.clock.advance(30_001);
  const transports = wire.requests.map(({ transport }) => transport);
  assertEquals(transports, ["eventsource", "eventsource", "fetch", "fetch", "poll"]);
  assertEquals(wire.open().length, 1);
  assertEquals([...new Set(states.map(({ kind }) => kind))], ["stale"]);
  wire.last().respond(quotes("5-0"));
  await wire.clock.advance(0);
  assertEquals([feed.state().kind, feed.state().transport], ["polling", "poll"]);
  feed.close();
});

Deno.test("createConnection() replaces a silent connection, and goes a transport level down after the second", async () => {
  const { wire, feed } = await createLive();
  for (let count = 0; count < 2; count++) {
    await wire.clock.advance(37_499);
    assertEquals([wire.requests.length, feed.state().kind], [count + 1, "live"]);
    await wire.clock.advance(1001);
    assertEquals([wire.open().length, wire.last().cursor, feed.state().kind], [1, "5-0", "stale"]);
    assertEquals(wire.last().transport, ["eventsource", "fetch"][count]);
    wire.last().sync("5-0");
    await wire.clock.advance(0);
    assertEquals(feed.state().failures, 0);
  }
  feed.close();
});

Deno.test("createConnection() keeps its transport if each silent connection is followed by a healthy one", async () => {
  const { wire, feed } = await createLive();
  for (let count = 0; count < 3; count++) {
    await wire.clock.advance(38_000);
    wire.last().sync("5-0");
    await wire.clock.advance(12_000);
    wire.last().send("heartbeat", wire.clock.now(), "6-0");
    await wire.clock.advance(1000);
  }
  assertEquals(wire.requests.map(({ transport }) => transport), Array(4).fill("eventsource"));
  feed.close();
});

Deno.test("createConnection() keeps its transport while connections are cut", async () => {
  const wire = createWire();
  wire.serve((request) => request.cut());
  const { feed } = await wire.connect();
  await wire.clock.advance(10 * MINUTE);
  assertEquals(new Set(wire.requests.map(({ transport }) => transport)), new Set(["eventsource"]));
  feed.close();
});

Deno.test("createConnection() never polls if no topic can be polled, and gives up", async () => {
  for (
    const options of [{ topics: ["events/a"] }, {
      topics: ["operations/o"],
      ticket: () => Promise.resolve("t"),
    }]
  ) {
    const wire = createWire();
    const { feed } = await wire.connect(options);
    await wire.clock.advance(5 * MINUTE);
    assertEquals(wire.requests.map(({ transport }) => transport).includes("poll"), false);
    assertEquals(feed.state().kind, "stopped");
    feed.close();
  }
});

Deno.test("createConnection() delivers the first poll, with the news since the stream was cut", async () => {
  const { feed, events, polls } = await createPolling(
    { topics: ["quotes", "news"], cursor: "4-0" },
    { quotes: () => quotes("9-0"), news: () => news("7-0", "a", "u", "r") },
  );
  assertEquals(polls().map(({ url }) => url.pathname + url.search), [
    "/v1/news?after=4-0",
    "/v1/quotes",
  ]);
  assertEquals(events.map(({ type }) => type), [
    ...["article", "article.updated", "article", "article.retracted", "snapshot"],
  ]);
  // The news were requested first: a stream from there misses neither topic.
  assertEquals(feed.cursor(), "7-0");
  feed.close();
});

Deno.test("createConnection() does not advance past the news by the cursor of quotes", async () => {
  const { feed } = await createPolling(
    { topics: ["quotes", "news"], cursor: "4-0" },
    { quotes: () => quotes("9-0"), news: () => ({ ...news("", "a"), cursor: null }) },
  );
  assertEquals(feed.cursor(), "4-0");
  feed.close();
});

Deno.test("createConnection() delivers nothing of a round that failed, and then all of it", async () => {
  let isDown = true;
  const { wire, feed, events, polls } = await createPolling({
    topics: ["quotes", "news"],
    cursor: "4-0",
  }, { news: () => news("7-0", "a") });
  wire.serve((request) => {
    if (request.transport !== "poll") return;
    if (request.url.pathname.endsWith("news")) request.respond(news("7-0", "a"));
    else if (isDown) request.refuse(502);
    else request.respond(quotes("9-0"));
  });
  polls().at(-1)?.refuse(502);
  await wire.clock.advance(0);
  assertEquals([events, feed.cursor(), feed.state().kind], [[], "4-0", "reconnecting"]);
  isDown = false;
  await wire.clock.advance(3000);
  assertEquals(events.map(({ type }) => type), ["article", "snapshot"]);
  feed.close();
});

Deno.test("createConnection() polls at the server's pace with jitter, one round at a time", async () => {
  const { wire, feed, polls } = await createPolling({}, {});
  for (const [random, ms] of [[0, 4500], [1, 5500]] as const) {
    const pollCount = polls().length;
    wire.page.random = () => random;
    await wire.clock.advance(3000); // While a request is pending.
    assertEquals(polls().length, pollCount);
    wire.last().respond(quotes("5-0"));
    await wire.clock.advance(ms - 1);
    assertEquals(polls().length, pollCount);
    await wire.clock.advance(1);
    assertEquals(polls().length, pollCount + 1);
  }
  feed.close();
});

Deno.test("createConnection() delivers a response with the same ETag once", async () => {
  let etag = "a";
  const wire = createWire({ hasEventSource: false });
  const { feed, events } = await wire.connect();
  wire.serve((request) => {
    if (request.transport === "poll") request.respond(quotes("5-0"), { etag });
  });
  await wire.clock.advance(31_000);
  assertEquals(events.length, 1);
  etag = "b";
  await wire.clock.advance(6000);
  assertEquals(events.length, 2);
  feed.close();
});

Deno.test("createConnection() polls below the path of the server, with the filters and the cookie", async () => {
  const { feed, polls } = await createPolling({
    url: "https://edge.test/base",
    topics: ["quotes", "news"],
    symbols: ["WTI"],
    sources: ["a", "b"],
    withCredentials: true,
  }, { "/base/news": () => news("5-0") });
  const { href } = polls()[0]?.url ?? {};
  assertEquals(href, "https://edge.test/base/v1/news?source=a%2Cb");
  assert(polls()[0]?.withCredentials);
  feed.close();
});

Deno.test("createConnection() names the topics that it cannot poll, and polls without a ticket", async () => {
  const ticket = () => Promise.resolve("t");
  const { wire, feed, polls } = await createPolling(
    { topics: ["quotes", "events/alerts", "operations/o"], ticket },
    { quotes: () => quotes("5-0") },
  );
  assertEquals(feed.state().kind, "polling");
  assertStringIncludes(feed.state().reason, "but not for events/alerts, operations/o.");
  assertEquals(polls().map(({ url }) => url.searchParams.get("ticket")), [null]);
  await wire.clock.advance(0);
  feed.close();
});

Deno.test("createConnection() polls operations and sessions to their terminal states, and ends with them", async () => {
  let state = "running";
  const { wire, feed, events, polls } = await createPolling({
    topics: ["operations/o", "sessions/s"],
  }, {
    "operations/o": () => ({ id: "o", state, next_poll_delay: 5 }),
    "sessions/s/events": () => ({ session_state: state, progress: 1, next_poll_delay: 5 }),
  });
  state = "completed";
  await wire.clock.advance(6000);
  const expected = [["progress", "o"], ["session", "s"], ["completed", "o"], ["completed", "s"]];
  assertEquals(events.map(({ type, data }) => [type, data.id]), expected);
  assertEquals([feed.state().kind, wire.clock.timers, polls().length], ["ended", 0, 4]);
  feed.close();
});

Deno.test("createConnection() delivers `gone` for topics that polls no longer find, and polls the others", async () => {
  const { wire, feed, events, polls } = await createPolling({
    topics: ["operations/o", "quotes"],
    cursor: "5-0",
  }, { quotes: () => quotes("7-0") });
  polls().at(-1)?.refuse(404);
  await wire.clock.advance(6000);
  assertEquals(events.map(({ type }) => type), ["snapshot", "gone", "snapshot"]);
  assertEquals(events[1]?.data, ["operations/o"]);
  assertEquals(polls().map(({ url }) => url.pathname), [
    "/v1/quotes",
    "/v1/operations/o",
    "/v1/quotes",
  ]);
  assertEquals(feed.state().kind, "polling");
  feed.close();
});

Deno.test("createConnection() keeps trying streams for other topics when all pollable topics have ended", async () => {
  const { wire, feed, streams } = await createPolling(
    { topics: ["operations/o", "events/alerts"] },
    { "operations/o": () => ({ id: "o", state: "failed", next_poll_delay: 0 }) },
  );
  assertEquals(feed.state().kind, "polling");
  const streamCount = streams().length;
  await wire.clock.advance(MINUTE);
  assertEquals(streams().length, streamCount + 1);
  feed.close();
});

Deno.test("createConnection() tries a stream while it polls, until the stream has its sync", async () => {
  let price = 1;
  const { wire, feed, events, streams, polls } = await createPolling({}, {
    quotes: () => quotes("7-0", price++),
  });
  await wire.clock.advance(MINUTE);
  const stream = streams().at(-1);
  assertEquals([stream?.isOpen, stream?.cursor, feed.state().kind], [true, "7-0", "polling"]);
  await wire.clock.advance(6000);
  assert(polls().at(-1) === wire.last());
  stream?.sync("7-0");
  await wire.clock.advance(0);
  assertEquals([feed.state().kind, feed.state().transport], ["live", "fetch"]);
  const counts = [polls().length, events.length];
  await wire.clock.advance(30_000);
  assertEquals([polls().length, events.length], counts);
  feed.close();
});

Deno.test("createConnection() tries a stream once a minute while streams are blocked", async () => {
  const { wire, feed, streams } = await createPolling({}, { quotes: () => quotes("7-0") });
  const streamCount = streams().length;
  await wire.clock.advance(70_000 * 5);
  assertEquals(streams().length, streamCount + 5);
  assertEquals([feed.state().kind, feed.state().failures], ["polling", 0]);
  assert(wire.open().length <= 1);
  feed.close();
});

Deno.test("createConnection() misses no event of topics that it cannot poll, and delivers no article twice", async () => {
  const { wire, feed, events, streams } = await createPolling(
    { topics: ["news", "events/alerts"], cursor: "4-0", types: ["tick"] },
    { news: () => news("7-0", "a") },
  );
  assertEquals(feed.cursor(), "4-0");
  await wire.clock.advance(MINUTE);
  const stream = streams().at(-1);
  assertEquals(stream?.cursor, "4-0");
  stream?.sync("4-0");
  stream?.send("tick", {}, "5-0");
  stream?.send("article", { id: "a" }, "6-0");
  stream?.send("article", { id: "b" }, "8-0");
  await wire.clock.advance(0);
  assertEquals(events.at(-2)?.id, "5-0");
  assertEquals(events.filter(({ id }) => id).map(({ id }) => id), ["5-0", "8-0"]);
  feed.close();
});

Deno.test("createConnection() polls again if a poll gets no response", async () => {
  const { wire, feed, polls } = await createPolling({}, {});
  await wire.clock.advance(10_000);
  assertEquals([polls().length, wire.open().length], [2, 1]);
  wire.last().respond(quotes("5-0"));
  await wire.clock.advance(0);
  assertEquals(feed.state().kind, "polling");
  await wire.clock.advance(5000);
  await wire.clock.advance(25_000);
  assertEquals(
    [polls().length, wire.open().filter(({ transport }) => transport === "poll").length],
    [4, 1],
  );
  feed.close();
});

Deno.test("createConnection() delivers a gap that a poll reports", async () => {
  const { feed, events } = await createPolling({ topics: ["news"], cursor: "4-0" }, {
    news: () => ({ ...news("7-0", "a"), gap: true }),
  });
  assertEquals(events.slice(0, 2), [
    { type: "gap", data: { topic: "news", after: "4-0", before: null }, id: "" },
    { type: "article", data: { id: "a", updated_at: null }, id: "" },
  ]);
  assertEquals(feed.cursor(), "7-0");
  feed.close();
});

Deno.test("createConnection() polls only while the page is visible", async () => {
  const { wire, feed, polls } = await createPolling({}, { quotes: () => quotes("7-0") });
  wire.hide();
  assertEquals([feed.state().kind, wire.clock.timers, wire.open().length], ["paused", 0, 0]);
  assertStringIncludes(feed.state().reason, "hidden");
  const pollCount = polls().length;
  await wire.clock.advance(MINUTE);
  assertEquals(polls().length, pollCount);
  wire.show();
  await wire.clock.advance(0);
  assertEquals([polls().length, feed.state().kind], [pollCount + 1, "polling"]);
  feed.close();
});

Deno.test("createConnection() pauses if the stream falls silent while the page is hidden", async () => {
  const wire = createWire({ hasEventSource: false });
  const { feed } = await wire.connect();
  wire.hide();
  await wire.clock.advance(21_000);
  assertEquals([feed.state().kind, wire.requests.length, wire.clock.timers <= 1], [
    "paused",
    2,
    true,
  ]);
  feed.close();
});
