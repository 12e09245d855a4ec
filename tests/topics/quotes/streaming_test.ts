/** Prices that a provider streams, and the polls beside them. */
import { assertEquals, assertObjectMatch } from "@std/assert";
import type {
  ProviderStream,
  ProviderStreamEvent,
  StreamedPrice,
} from "../../../lib/topics/quotes/providers/provider.ts";
import { Day, ProviderStatus } from "../../../lib/topics/quotes/quote.ts";
import { UpstreamFailure } from "../../../lib/upstream/failure.ts";
import type { FakeSocket } from "../../upstream/fake_sockets.ts";
import {
  createPollerUnderTest,
  FAILING,
  INTERVAL_MS,
  type PollerUnderTest,
  SECOND_INTERVAL_MS,
  summarize,
} from "./fake_providers.ts";

/** A stream whose messages are lists of events. */
const STREAM: ProviderStream = {
  url: "wss://first.example.com/",
  maxSilenceMs: 5000,
  subscribe: (symbols) => [`subscribe ${symbols.join(",")}`],
  parse: (message): ProviderStreamEvent[] => JSON.parse(message),
};

function send(socket: FakeSocket, ...events: readonly ProviderStreamEvent[]): void {
  socket.receive(JSON.stringify(events));
}

/** Sends a price. */
function tick(
  socket: FakeSocket,
  price: string,
  fields: Partial<StreamedPrice> = {},
): void {
  send(socket, {
    type: "price",
    price: { symbol: "BTC-USD", price, as_of: null, session: "always", ...fields },
  });
}

/** Starts a poller whose first provider streams both symbols at the prices that it also has when it is polled. */
async function startStreaming(
  streams: Parameters<typeof createPollerUnderTest>[1] = { first: STREAM },
): Promise<PollerUnderTest & { readonly stop: () => void }> {
  const test = createPollerUnderTest({}, streams);
  const stop = test.poller.start();
  await test.clock.advance(0);
  const { newest } = test.network;
  newest.open();
  tick(newest, "100.00");
  tick(newest, "10.00", { symbol: "ETH-USD" });
  await test.clock.advance(0);
  return { ...test, stop };
}

/** Lets time pass in seconds, each of which has a heartbeat. */
async function keepAlive({ clock, network }: PollerUnderTest, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1000);
    send(network.newest);
  }
}

/** Lists the published lines about a symbol, without repetitions of the first publication. */
function linesOf({ batches }: PollerUnderTest, word: string): string[] {
  return batches.flatMap(summarize).filter((line) => line.startsWith(word));
}

Deno.test("a streamed price is published at once, and polls call nothing while the stream delivers", async () => {
  const test = await startStreaming();
  const { clock, first, network, stop } = test;
  assertEquals(first.calledAt.length, 1);
  tick(network.newest, "100.50");
  await clock.advance(100);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 100.50 of first");
  await keepAlive(test, 25);
  assertEquals(first.calledAt.length, 1);
  assertEquals(linesOf(test, "first").at(-1), "first live");
  assertEquals(network.sockets.map(({ sent }) => sent), [["subscribe BTC-USD,ETH-USD"]]);
  stop();
});

Deno.test("streamed prices are conflated to 10 publications in a second, and the newest is among them", async () => {
  const test = await startStreaming();
  const { clock, batches, network, stop } = test;
  await clock.advance(1000);
  const before = batches.length;
  for (let price = 0; price < 500; price++) {
    tick(network.newest, `101.${String(price).padStart(3, "0")}`);
    await clock.advance(2);
  }
  await clock.advance(100);
  stop();
  assertEquals(batches.length - before, 11);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 101.499 of first");
  assertEquals(batches.slice(before).every((batch) => batch.length === 1), true);
});

Deno.test("a slow publication holds back the next one, and no queue grows", async () => {
  const test = createPollerUnderTest({}, { first: STREAM });
  const { clock, network, batches, publish } = test;
  const stop = test.poller.start();
  await clock.advance(0);
  network.newest.open();
  const published = Promise.withResolvers<void>();
  test.publish = async (events) => {
    await published.promise;
    await publish(events);
  };
  for (let price = 0; price < 100; price++) {
    tick(network.newest, `100.${String(price).padStart(2, "0")}`);
    await clock.advance(10);
  }
  const before = batches.length;
  published.resolve();
  await clock.advance(0);
  assertEquals(batches.slice(before).map(summarize), [["BTC-USD 100.09 of first"], [
    "BTC-USD 100.99 of first",
  ]]);
  stop();
});

Deno.test("polls resume at once when the connection is cut, and pause again once it delivers", async () => {
  const test = await startStreaming();
  const { clock, first, network, stop } = test;
  await keepAlive(test, 6);
  first.prices["BTC-USD"] = "100.70";
  network.newest.drop();
  await clock.advance(0);
  assertEquals(first.calledAt.length, 2);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 100.70 of first");
  await clock.advance(INTERVAL_MS);
  assertEquals(first.calledAt.length, 3);
  assertEquals(network.sockets.length, 2);
  network.newest.open();
  tick(network.newest, "100.80");
  tick(network.newest, "10.00", { symbol: "ETH-USD" });
  await keepAlive(test, 20);
  assertEquals([first.calledAt.length, network.newest.sent.length], [3, 1]);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 100.80 of first");
  stop();
});

Deno.test("a connection that falls silent is replaced, and prices do not go stale meanwhile", async () => {
  const test = await startStreaming();
  const { clock, first, network, stop } = test;
  await clock.advance(60_000);
  stop();
  assertEquals(network.sockets.length > 1, true);
  assertEquals(first.calledAt.length > 8, true);
  assertEquals(linesOf(test, "BTC").filter((line) => line.includes("stale")), []);
});

Deno.test("attempts to connect that fail do not disturb the rhythm of polls", async () => {
  const test = createPollerUnderTest({}, { first: STREAM });
  const { clock, first, network } = test;
  const stop = test.poller.start();
  for (let second = 0; second < 60; second++) {
    await clock.advance(1000);
    network.newest.drop();
  }
  stop();
  assertEquals(network.sockets.length > 4, true);
  const [startedAt = NaN] = first.calledAt;
  assertEquals(
    first.calledAt.map((at) => at - startedAt),
    Array.from({ length: 13 }, (_, poll) => poll * INTERVAL_MS),
  );
});

Deno.test("a message that is not JSON costs the connection, not the quotes", async () => {
  const test = await startStreaming();
  const { clock, first, network, stop } = test;
  network.newest.receive("<html>");
  await clock.advance(0);
  assertEquals([network.newest.isClosed, first.calledAt.length], [true, 2]);
  stop();
});

Deno.test("no price goes back in time: not by sequence, not by market time, not on a new connection", async () => {
  const test = await startStreaming();
  const { clock, network, stop } = test;
  const at = (seconds: number) => new Date(clock.now() + 1000 * seconds).toISOString();
  const [older, newer] = [at(-2), at(-1)];
  tick(network.newest, "101.00", { sequence: 7, as_of: newer });
  await clock.advance(200);
  tick(network.newest, "99.00", { sequence: 6, as_of: newer });
  tick(network.newest, "99.10", { as_of: older });
  await clock.advance(200);
  network.newest.drop();
  await clock.advance(1000);
  network.newest.open();
  tick(network.newest, "99.20", { sequence: 1, as_of: older });
  await clock.advance(200);
  tick(network.newest, "101.10", { sequence: 2, as_of: newer });
  await clock.advance(200);
  stop();
  assertEquals(linesOf(test, "BTC").filter((line) => line.includes(" 99.")), []);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 101.10 of first");
});

Deno.test("a market time in the future blocks no later price", async () => {
  const test = await startStreaming();
  const { clock, network, stop } = test;
  const at = (seconds: number) => new Date(clock.now() + 1000 * seconds).toISOString();
  tick(network.newest, "101.00", { as_of: at(3600) });
  await clock.advance(200);
  tick(network.newest, "102.00", { as_of: at(0) });
  await clock.advance(200);
  stop();
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 102.00 of first");
});

Deno.test("a poll that was sent before a streamed price and answered after it does not replace it", async () => {
  const test = createPollerUnderTest({}, { first: STREAM });
  const { clock, first, network } = test;
  const answer = Promise.withResolvers<void>();
  const { read } = first.connected.provider;
  Object.assign(first.connected.provider, {
    async read(...call: Parameters<typeof read>) {
      await answer.promise;
      return await read(...call);
    },
  });
  const stop = test.poller.start();
  await clock.advance(0);
  network.newest.open();
  tick(network.newest, "105.00");
  await clock.advance(500);
  assertEquals(linesOf(test, "BTC"), ["BTC-USD 105.00 of first"]);
  answer.resolve();
  await clock.advance(500);
  stop();
  assertEquals(linesOf(test, "BTC"), ["BTC-USD 105.00 of first"]);
});

Deno.test("a symbol that the stream refuses, cannot read or no longer delivers is polled, and only that one", async () => {
  for (
    const event of [
      { type: "refused", symbol: "BTC-USD" },
      { type: "unreadable", symbol: "BTC-USD" },
    ] as const
  ) {
    const test = await startStreaming();
    send(test.network.newest, event);
    await keepAlive(test, 11);
    assertEquals([test.first.calledAt.length, test.network.sockets.length], [3, 1], event.type);
    test.stop();
  }
  const test = await startStreaming();
  await keepAlive(test, 30);
  assertEquals(test.first.calledAt.length, 1);
  await keepAlive(test, 11);
  assertEquals(test.first.calledAt.length, 3);
  test.stop();
});

Deno.test("a stream connects while its provider serves, and the alternate's while that one does", async () => {
  const second = { ...STREAM, url: "wss://second.example.com/" };
  const test = createPollerUnderTest({}, { first: STREAM, second });
  const { clock, network } = test;
  const stop = test.poller.start();
  await clock.advance(SECOND_INTERVAL_MS);
  assertEquals(new Set(network.sockets.map(({ url }) => url)), new Set([STREAM.url]));
  test.first.prices = { ...FAILING };
  test.second.prices = { "BTC-USD": "100.10", "ETH-USD": "10.10" };
  await clock.advance(2 * SECOND_INTERVAL_MS);
  const open = network.sockets.filter(({ isClosed }) => !isClosed);
  assertEquals(open.map(({ url }) => url), [second.url]);
  open[0]?.open();
  if (open[0] !== undefined) tick(open[0], "100.20");
  await clock.advance(200);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 100.20 of second");
  stop();
});

Deno.test("a stopped poller has no connection and no timer, and none of the isolates that poll for themselves has one", async () => {
  const test = await startStreaming();
  tick(test.network.newest, "101.00");
  test.stop();
  assertEquals(test.network.newest.isClosed, true);
  await test.clock.advance(60_000);
  assertEquals([test.network.sockets.length, test.clock.timers], [1, 0]);
  const stop = test.poller.start(4);
  await test.clock.advance(60_000);
  assertEquals(test.network.sockets.length, 1);
  stop();
});

Deno.test("a provider whose calls fail is live while its stream delivers", async () => {
  const test = createPollerUnderTest({}, { first: STREAM });
  const { clock, first, network } = test;
  first.prices = { ...FAILING };
  test.second.prices = { ...FAILING };
  first.health = {
    breaker: "open",
    nextTryAt: null,
    failure: new UpstreamFailure("network", "FIRST could not be reached"),
  };
  const stop = test.poller.start();
  await clock.advance(0);
  network.newest.open();
  tick(network.newest, "100.00");
  tick(network.newest, "10.00", { symbol: "ETH-USD" });
  await clock.advance(200);
  await keepAlive(test, 10);
  const statuses = test.batches.flat().filter(({ key }) => key === "status:first")
    .map(({ data }) => ProviderStatus.parse(data));
  const { state, breaker, reason } = statuses.at(-1) ?? {};
  assertEquals([state, breaker, reason], ["live", "closed", null]);
  stop();
});

Deno.test("a streamed price that jumps waits for a second one", async () => {
  const test = await startStreaming();
  const { clock, network, stop } = test;
  tick(network.newest, "1000.00");
  await clock.advance(200);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 100.00 of first");
  tick(network.newest, "1001.00");
  await clock.advance(200);
  assertEquals(linesOf(test, "BTC").at(-1), "BTC-USD 1001.00 of first");
  stop();
});

Deno.test("a stream with a login subscribes once it is accepted, and no more symbols than its terms allow", async () => {
  const test = createPollerUnderTest({}, {
    first: { ...STREAM, login: "key", maxSymbols: 1 },
  });
  const { clock, network } = test;
  const stop = test.poller.start();
  await clock.advance(0);
  network.newest.open();
  assertEquals(network.newest.sent, ["key"]);
  send(network.newest, { type: "ready" });
  await clock.advance(INTERVAL_MS);
  assertEquals(network.newest.sent, ["key", "subscribe BTC-USD"]);
  stop();
});

Deno.test("a stream that has nothing but prices keeps the polled figures, which are polled again every five minutes", async () => {
  const test = createPollerUnderTest({}, { first: { ...STREAM, hasPriceOnly: true } });
  const { clock, first, network } = test;
  const { read } = first.connected.provider;
  Object.assign(first.connected.provider, {
    read: async (...call: Parameters<typeof read>) => ({
      ...await read(...call),
      is_delayed: true,
      delay_s: 60,
      high: "100.20",
      low: "99.90",
    }),
  });
  const stop = test.poller.start();
  await clock.advance(0);
  network.newest.open();
  for (let second = 0; second < 590; second++) {
    tick(network.newest, `100.${String(second).padStart(3, "0")}`);
    await clock.advance(1000);
  }
  stop();
  assertEquals(first.calledAt.length, 2);
  const latest = (key: string) => test.batches.flat().filter((event) => event.key === key).at(-1);
  assertObjectMatch({ tick: latest("BTC-USD")?.data, day: latest("day:BTC-USD")?.data }, {
    tick: { price: "100.589", delay_s: 60 },
    day: { low: "99.90" },
  });
  const highs = test.batches.flat().filter(({ key }) => key === "day:BTC-USD")
    .map(({ data }) => Number(Day.parse(data).high));
  assertEquals([highs.toSorted(), (highs.at(-1) ?? 0) > 100.5], [highs, true]);
});
