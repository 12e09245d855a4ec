import { assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { createCoinbaseStream } from "../../../../lib/topics/quotes/providers/coinbase_stream.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { readFrames } from "../samples.ts";

const stream = createCoinbaseStream({ "BTC-USD": "BTC-USD", "ETHER": "ETH-USD" });

/** A message of the channel `ticker`. */
const TICKER = {
  type: "ticker",
  sequence: 7,
  product_id: "BTC-USD",
  price: "80228.06",
  open_24h: "78434.74",
  time: "2026-08-27T09:41:12.123456Z",
};

const parse = (message: object) => stream.parse(JSON.stringify(message));

Deno.test("the stream of Coinbase subscribes each product by itself, since an invalid one refuses its whole message", () => {
  assertEquals(
    stream.subscribe(["BTC-USD", "ETHER"]).map((message) => JSON.parse(message).product_ids),
    [["BTC-USD"], ["ETH-USD"]],
  );
});

Deno.test("the stream of Coinbase reads the prices of recorded frames, with the change of 24 hours", () => {
  const events = readFrames("coinbase_ws_frames").map((frame) => {
    try {
      return stream.parse(frame);
    } catch (thrown) {
      return thrown;
    }
  });
  const [subscriptions, ether, bitcoin, heartbeat, error] = events;
  assertEquals([subscriptions, heartbeat], [[], []]);
  assertObjectMatch({ ether, bitcoin }, {
    ether: [{ type: "price", price: { symbol: "ETHER", price: "1285.22", sequence: 37475248783 } }],
    bitcoin: [{
      type: "price",
      price: {
        symbol: "BTC-USD",
        price: "80228.06",
        baseline: "78434.74",
        basis: "rolling_24h",
        high: "80529.99",
        low: "77601.02",
        volume: "6736.34239815",
        bid: "80227.99",
        ask: "80228.07",
        as_of: "2026-08-27T09:41:12.123456Z",
        session: "always",
      },
    }],
  });
  assertEquals(
    error instanceof UpstreamFailure && error.message,
    "Coinbase answered with an error",
  );
});

Deno.test("the stream of Coinbase keeps a price whose figures are missing or senseless", () => {
  for (const open_24h of [undefined, null, "", 5, "1e999"]) {
    const [event] = parse({ ...TICKER, open_24h, high_24h: open_24h, best_bid: open_24h });
    assertObjectMatch(event ?? {}, {
      type: "price",
      price: { price: "80228.06", baseline: null, basis: "none", high: null, bid: null },
    });
  }
});

Deno.test("the stream of Coinbase tells which product has no readable price", () => {
  for (
    const fault of [
      { price: "" },
      { price: null },
      { price: "NaN" },
      { price: "0.00" },
      { price: "-1" },
      { price: 80228.06 },
      { time: undefined },
      { time: "yesterday" },
      { sequence: "7" },
    ]
  ) {
    assertEquals(parse({ ...TICKER, ...fault }), [{ type: "unreadable", symbol: "BTC-USD" }]);
  }
});

Deno.test("the stream of Coinbase ignores other types and products", () => {
  assertEquals(parse({ ...TICKER, product_id: "SOL-USD" }), []);
  assertEquals(parse({ ...TICKER, type: "l2update" }), []);
  assertEquals(parse({ type: "status", products: [] }), []);
});

Deno.test("the stream of Coinbase names the products that it refuses", () => {
  assertEquals(
    parse({
      type: "error",
      message: "Failed to subscribe",
      reason: "ETH-USD is not a valid product",
    }),
    [{ type: "refused", symbol: "ETHER" }],
  );
  assertThrows(() => parse({ type: "error", message: "Rate limited" }), UpstreamFailure);
  assertThrows(() => stream.parse("<html>"));
  assertThrows(() => stream.parse("[]"));
});
