import { assertEquals, assertThrows } from "@std/assert";
import { createFinnhubStream } from "../../../../lib/topics/quotes/providers/finnhub_stream.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";
import { readSample } from "../samples.ts";

const stream = createFinnhubStream({ TSLA: "TSLA", BRK: "BRK.B" }, "a key/");

Deno.test("the stream of Finnhub has its key in the address, and subscribes each symbol by itself", () => {
  assertEquals(stream.url, "wss://ws.finnhub.io/?token=a%20key%2F");
  assertEquals(stream.subscribe(["TSLA", "BRK"]).map((message) => JSON.parse(message)), [
    { type: "subscribe", symbol: "TSLA" },
    { type: "subscribe", symbol: "BRK.B" },
  ]);
});

Deno.test("the stream of Finnhub reads recorded trades", () => {
  assertEquals(stream.parse(readSample("finnhub_ws_trade")), [{
    type: "price",
    price: { symbol: "TSLA", price: "122.1", as_of: "2022-12-29T21:21:27.195Z" },
  }]);
});

Deno.test("the stream of Finnhub keeps the other trades of a message with an unreadable one", () => {
  const message = JSON.stringify({
    type: "trade",
    data: [
      { s: "TSLA", p: null, t: 1672348887195 },
      { s: "BRK.B", p: 300.5, t: 1672348887195 },
      { s: "AAPL", p: 130, t: 1672348887195 },
      { s: "TSLA", p: 0, t: 1672348887195 },
      { s: "TSLA", p: 1, t: -1 },
      null,
    ],
  });
  const unreadable = { type: "unreadable", symbol: "TSLA" } as const;
  assertEquals(stream.parse(message), [
    unreadable,
    { type: "price", price: { symbol: "BRK", price: "300.5", as_of: "2022-12-29T21:21:27.195Z" } },
    unreadable,
    unreadable,
  ]);
});

Deno.test("the stream of Finnhub ignores pings and other types, and ends with an error", () => {
  assertEquals(stream.parse(`{"type":"ping"}`), []);
  assertEquals(stream.parse(`{"type":"news","data":{}}`), []);
  assertThrows(() => stream.parse(`{"type":"error","msg":"Invalid API key"}`), UpstreamFailure);
  assertThrows(() => stream.parse("no"));
});
