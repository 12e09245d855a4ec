import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { QuotesSnapshot } from "../../lib/topics/quotes/quote.ts";
import { QuoteHistory } from "../../lib/topics/quotes/history/quote_history.ts";
import { instrumentsFor } from "../../lib/topics/quotes/instruments.ts";
import { compareIds } from "../support/order.ts";
import { ID, QUOTES_ANSWER } from "../support/shapes.ts";
import { createAppUnderTest, refusalOf } from "./support.ts";

const ALERT = { type: "note", data: 1 };

Deno.test("GET /v1/quotes returns the latest quotes and the status of their providers", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/v1/quotes");
  assertEquals([response.status, response.headers.get("cache-control")], [200, "no-cache"]);
  const body = await response.json();
  assertEquals(Object.keys(body), ["quotes", "status", "cursor", "next_poll_delay"]);
  QUOTES_ANSWER.parse(body);
  ID.parse(body.cursor);
  const { quotes, status } = QuotesSnapshot.parse(body);
  assertEquals(
    quotes.map(({ symbol, simulated }) => [symbol, simulated]),
    [...instrumentsFor({}).keys()].map((symbol) => [symbol, true]),
  );
  // At this time, the market of spot metals is closed.
  assertEquals(status.map(({ provider, state }) => [provider, state]), [
    ["coinbase", "live"],
    ["gold-api", "closed"],
    ["yahoo", "delayed"],
  ]);
  assertEquals(body.next_poll_delay, 5);
});

Deno.test("GET /v1/quotes filters by symbols, in any case", async () => {
  await using test = createAppUnderTest();
  const body = await (await test.send("/v1/quotes?symbols=eth-usd,ETH-USD")).json();
  const { quotes, status } = QuotesSnapshot.parse(body);
  assertEquals(quotes.map(({ symbol }) => symbol), ["ETH-USD"]);
  assertEquals(status.map(({ provider }) => provider), ["coinbase"]);
});

Deno.test("GET /v1/quotes refuses unknown symbols before it polls", async () => {
  await using test = createAppUnderTest();
  for (const path of ["/v1/quotes", "/v1/quotes/stream"]) {
    const response = await test.send(`${path}?symbols=BTC-USD,doge`);
    const { code, errors } = await response.json();
    assertEquals([response.status, code, errors], [400, "unknown_symbol", [
      { field: "symbols", detail: "`DOGE` is unknown" },
    ]]);
  }
  assertEquals(await refusalOf(await test.send("/v1/quotes?symbols=BTC-USD&symbols=ETH-USD")), [
    400,
    "bad_parameters",
  ]);
  assertEquals([test.fetched, test.clock.timers], [[], 0]);
});

Deno.test("GET /v1/quotes returns a cursor that a stream continues from", async () => {
  await using test = createAppUnderTest();
  const { cursor, quotes } = await (await test.send("/v1/quotes")).json();
  await using client = await test.follow(`/v1/quotes/stream?last_event_id=${cursor}`);
  assertEquals(client.frames.map(({ event, id }) => [event, id]), [["sync", cursor]]);
  assertEquals(JSON.parse(client.frames[0]?.data ?? "{}").resumed, true);
  await test.clock.advance(6000);
  const [next] = client.frames.filter(({ event }) => event === "quote");
  assert(compareIds(next?.id ?? "", cursor) > 0);
  assertNotEquals(JSON.parse(next?.data ?? "{}").price, quotes[0].price);
});

Deno.test("GET /v1/quotes has an ETag of all but the cursor, and answers 304 to it", async () => {
  await using test = createAppUnderTest();
  const first = await test.send("/v1/quotes");
  await test.publish("alerts", ALERT);
  const second = await test.send("/v1/quotes");
  assertNotEquals((await second.json()).cursor, (await first.json()).cursor);
  const etag = first.headers.get("etag") ?? "";
  assertEquals(second.headers.get("etag"), etag);

  const request = () => test.send("/v1/quotes", { headers: { "if-none-match": etag } });
  const unchanged = await request();
  assertEquals([unchanged.status, unchanged.headers.get("etag"), await unchanged.text()], [
    304,
    etag,
    "",
  ]);
  await test.clock.advance(6000);
  const changed = await request();
  assertEquals(changed.status, 200);
  assertNotEquals(changed.headers.get("etag"), etag);
});

Deno.test("GET /v1/quotes keeps the pollers running for three intervals, after which none runs", async () => {
  await using test = createAppUnderTest({ STREAMING_SOURCES: "none" });
  const fetchedFor = async (ms: number) => {
    const before = test.fetched.length;
    await test.clock.advance(ms);
    return test.fetched.length - before;
  };
  await test.send("/v1/quotes");
  const callsPerPoll = test.fetched.length;
  assertEquals(callsPerPoll, 11);
  assertEquals(await fetchedFor(14_900), 2 * callsPerPoll);
  assertEquals(await fetchedFor(59_000), 0);
  assert(test.clock.timers > 0);
  await test.clock.advance(2000);
  assertEquals(test.clock.timers, 0);
});

Deno.test("a repeated GET /v1/quotes keeps the pollers running, and calls no provider within the TTL", async () => {
  await using test = createAppUnderTest();
  await test.send("/v1/quotes");
  const callsPerPoll = test.fetched.length;
  await test.send("/v1/quotes");
  assertEquals(test.fetched.length, callsPerPoll);
  await test.clock.advance(13_000);
  await test.send("/v1/quotes");
  const before = test.fetched.length;
  await test.clock.advance(13_000);
  assert(test.fetched.length >= before + 2 * callsPerPoll, String(test.fetched.length));
});

Deno.test("GET /v1/quotes waits for 800 ms for a provider that hangs, then returns what it has", async () => {
  await using test = createAppUnderTest(
    { STREAMING_SOURCES: "none" },
    () => new Promise(() => {}),
  );
  let received: Response | undefined;
  const pending = Promise.resolve(test.app.request("/v1/quotes")).then((response) => {
    received = response;
  });
  await test.clock.advance(799);
  assertEquals(received, undefined);
  await test.clock.advance(1);
  await pending;
  const { quotes, cursor } = QUOTES_ANSWER.parse(await received?.json());
  assertEquals([received?.status, quotes], [200, []]);
  assert(cursor !== null);
});

Deno.test("GET /v1/quotes names the symbols without a source under the current settings", async () => {
  await using test = createAppUnderTest({ UNOFFICIAL_SOURCES: "none" });
  const unservedSymbols = async (path: string) => {
    const { status } = QuotesSnapshot.parse(await (await test.send(path)).json());
    return status.filter(({ provider }) => provider === "none")
      .map(({ symbols, state, reason }) => [symbols, state, reason]);
  };
  assertEquals(await unservedSymbols("/v1/quotes"), [
    [["BRENT", "WTI", "SPX", "DJI", "IXIC"], "down", "no source configured"],
  ]);
  assertEquals(await unservedSymbols("/v1/quotes?symbols=BTC-USD,XAU-USD"), []);
  assertEquals(test.fetched.some((url) => url.includes("yahoo")), false);
});

Deno.test("HEAD /v1/quotes has the headers of GET, and does not start the pollers", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/v1/quotes", { method: "HEAD" });
  assertEquals([response.status, await response.text()], [200, ""]);
  assert(response.headers.has("etag"));
  await test.clock.advance(10_000);
  assertEquals(test.fetched, []);
});

Deno.test("GET /v1/quotes/stream opens with a snapshot, and sends prices at max_rate", async () => {
  await using test = createAppUnderTest();
  await test.send("/v1/quotes");
  await using client = await test.follow("/v1/quotes/stream?symbols=btc-usd&max_rate=0.1");
  const events = () => client.frames.map(({ event }) => event).join(" ");
  assertEquals(events(), "sync snapshot");
  const { quotes } = QuotesSnapshot.parse(client.dataOf("snapshot")[0]);
  assertEquals(quotes.map(({ symbol }) => symbol), ["BTC-USD"]);
  await test.clock.advance(40_000);
  const count = client.frames.filter(({ event }) => event === "quote").length;
  assert(count >= 3 && count <= 5, events());
  assertEquals(await refusalOf(await test.send("/v1/quotes/stream?max_rate=3")), [
    400,
    "bad_parameters",
  ]);
});

Deno.test("GET /v1/quotes/{symbol}/history returns bars up to the latest price, of the source that serves it", async () => {
  await using test = createAppUnderTest();
  for (const range of ["1h", "1d", "5d", "1mo", "1y"]) {
    for (const symbol of ["BTC-USD", "SPX"]) {
      const response = await test.send(`/v1/quotes/${symbol}/history?range=${range}`);
      const history = QuoteHistory.parse(await response.json());
      const { quotes } = QuotesSnapshot.parse(await (await test.send("/v1/quotes")).json());
      const quote = quotes.find((candidate) => candidate.symbol === symbol);
      const { bars, source, is_stale, simulated } = history;
      assertEquals([history.symbol, history.range, source, is_stale, simulated], [
        symbol,
        range,
        quote?.source,
        false,
        true,
      ]);
      assert(bars.length >= 20 && bars.length <= 500, `${symbol} ${range}: ${bars.length}`);
      assertEquals(bars.toSorted(([a], [b]) => a - b), bars);
      assertEquals(Number(bars.at(-1)?.[4]), Number(quote?.price), `${symbol} ${range}`);
    }
  }
});

Deno.test("GET /v1/quotes/{symbol}/history takes the symbol in any case, and a day by default", async () => {
  await using test = createAppUnderTest();
  const { symbol, range, interval_s } = await (await test.send("/v1/quotes/eth-usd/history"))
    .json();
  assertEquals([symbol, range, interval_s], ["ETH-USD", "1d", 300]);
});

Deno.test("GET /v1/quotes/{symbol}/history counts as watching, and has an ETag", async () => {
  await using test = createAppUnderTest();
  const path = "/v1/quotes/BTC-USD/history";
  const response = await test.send(path);
  assert(test.fetched.some((url) => url.endsWith("/BTC-USD/ticker")));
  const repeated = await test.send(path, {
    headers: { "if-none-match": response.headers.get("etag") ?? "" },
  });
  assertEquals([repeated.status, await repeated.text()], [304, ""]);
});

Deno.test("GET /v1/quotes/{symbol}/history refuses unknown symbols and ranges before it polls", async () => {
  await using test = createAppUnderTest();
  assertEquals(await refusalOf(await test.send("/v1/quotes/DOGE/history")), [
    400,
    "unknown_symbol",
  ]);
  for (const query of ["range=2d", "range=1d&range=1y"]) {
    assertEquals(await refusalOf(await test.send(`/v1/quotes/BTC-USD/history?${query}`)), [
      400,
      "bad_parameters",
    ]);
  }
  assertEquals([test.fetched, test.clock.timers], [[], 0]);
});

Deno.test("GET /v1/quotes/{symbol}/history has recorded bars of a source without a history", async () => {
  await using test = createAppUnderTest();
  const MONDAY = 1_700_492_400_000; // the market of spot metals is open
  await test.clock.advance(MONDAY - test.clock.now());
  await using client = await test.follow("/v1/quotes/stream?symbols=XAU-USD");
  await test.clock.advance(16 * 60_000);
  const { bars, source } = await (await test.send("/v1/quotes/XAU-USD/history?range=1h")).json();
  assertEquals([source, bars.length], ["gold-api", 4]);
  assert(client.frames.length > 4);
});
