import { assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import {
  createKrakenStream,
  streamNameOf,
} from "../../../../lib/topics/quotes/providers/kraken_stream.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { readFrames } from "../samples.ts";

const stream = createKrakenStream({ "BTC-USD": "XBTUSD", "USDT-USD": "USDTUSD", NOPE: "NOPEUSD" });

/** Creates a message of the channel `ticker` from the text of its data. */
const ticker = (data: string) => `{"channel":"ticker","type":"update","data":[${data}]}`;

Deno.test("streamNameOf() knows all forms of a pair's name", () => {
  const names = {
    XBTUSD: "BTC/USD",
    XXBTZUSD: "BTC/USD",
    "XBT/USD": "BTC/USD",
    ETHUSD: "ETH/USD",
    XETHZUSD: "ETH/USD",
    XDGUSD: "DOGE/USD",
    XTZUSD: "XTZ/USD",
    SOLUSDT: "SOL/USDT",
    USDTUSD: "USDT/USD",
    ETHXBT: "ETH/BTC",
    "1INCHEUR": "1INCH/EUR",
  };
  assertEquals(
    Object.fromEntries(Object.keys(names).map((pair) => [pair, streamNameOf(pair)])),
    names,
  );
});

Deno.test("the stream of Kraken subscribes all pairs at once, by the names of the stream", () => {
  assertEquals(stream.subscribe(["BTC-USD", "NOPE"]).map((message) => JSON.parse(message)), [{
    method: "subscribe",
    params: {
      channel: "ticker",
      symbol: ["BTC/USD", "NOPE/USD"],
      event_trigger: "trades",
      snapshot: true,
    },
  }]);
});

Deno.test("the stream of Kraken reads recorded frames with the digits that were sent, and names the pair that it refuses", () => {
  const events = readFrames("kraken_ws_v2_frames").map((frame) => stream.parse(frame));
  const [status, accepted, refused, snapshot, update, heartbeat, pong] = events;
  assertEquals([status, accepted, heartbeat, pong], [[], [], [], []]);
  assertEquals(refused, [{ type: "refused", symbol: "NOPE" }]);
  assertObjectMatch({ snapshot, update }, {
    snapshot: [{
      type: "price",
      price: {
        symbol: "USDT-USD",
        price: "0.99981",
        baseline: "0.99976",
        basis: "rolling_24h",
        high: "1.00000",
        volume: "270638277.50461281",
        bid: "0.99980",
        as_of: "2026-09-24T03:54:18.054886Z",
      },
    }],
    update: [{ type: "price", price: { symbol: "BTC-USD", price: "80225.9", as_of: null } }],
  });
});

Deno.test("the stream of Kraken keeps the other pairs of a message with an unreadable one", () => {
  for (const last of ["null", '"x"', "{}", "-0", ""]) {
    const data = `{"symbol":"BTC/USD"${last === "" ? "" : `,"last":${last}`}},` +
      `{"symbol":"USDT/USD","last":1.00010},7`;
    assertObjectMatch({ events: stream.parse(ticker(data)) }, {
      events: [
        { type: "unreadable", symbol: "BTC-USD" },
        { type: "price", price: { symbol: "USDT-USD", price: "1.00010" } },
      ],
    });
  }
});

Deno.test("the stream of Kraken keeps a price without a change", () => {
  for (const change of ["null", '"much"', "{}"]) {
    const data = `{"symbol":"BTC/USD","last":1.5,"change":${change}}`;
    const [event] = stream.parse(ticker(data));
    assertEquals(event?.type === "price" && [event.price.price, event.price.basis], [
      "1.5",
      "none",
    ]);
  }
});

Deno.test("the stream of Kraken ignores a pair that is subscribed twice, and ends with an error that names no pair", () => {
  const refusal = (error: string) =>
    JSON.stringify({ method: "subscribe", success: false, error, symbol: "BTC/USD" });
  assertEquals(stream.parse(refusal("Already subscribed")), []);
  assertEquals(stream.parse(refusal("Currency pair not supported BTC/USD")), [
    { type: "refused", symbol: "BTC-USD" },
  ]);
  const error = JSON.stringify({ method: "subscribe", success: false, error: "Exceeded rate" });
  assertThrows(() => stream.parse(error), UpstreamFailure, "Kraken answered with an error");
  assertThrows(() => stream.parse("{"));
});
