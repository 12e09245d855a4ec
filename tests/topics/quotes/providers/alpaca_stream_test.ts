import { assertEquals, assertThrows } from "@std/assert";
import { createAlpacaStream } from "../../../../lib/topics/quotes/providers/alpaca_stream.ts";
import { UpstreamFailure } from "../../../../lib/upstream/failure.ts";

const stream = createAlpacaStream({ AAPL: "AAPL", BRK: "BRK.B" }, { id: "id", secret: "secret" });

/** A message of a trade, as the documentation has it. */
const TRADE =
  `{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.550,"s":1,"t":"2021-02-22T15:51:44.208123456Z","c":["@","I"],"z":"C"}`;

Deno.test("the stream of Alpaca logs in, and is ready once that is accepted", () => {
  assertEquals(JSON.parse(stream.login ?? ""), { action: "auth", key: "id", secret: "secret" });
  assertEquals(stream.parse(`[{"T":"success","msg":"connected"}]`), []);
  assertEquals(stream.parse(`[{"T":"success","msg":"authenticated"}]`), [{ type: "ready" }]);
  assertEquals(stream.subscribe(["AAPL", "BRK"]).map((message) => JSON.parse(message)), [
    { action: "subscribe", trades: ["AAPL", "BRK.B"] },
  ]);
});

Deno.test("the stream of Alpaca reads trades with the digits that were sent", () => {
  assertEquals(stream.parse(`[${TRADE},{"T":"subscription","trades":["AAPL"]}]`), [{
    type: "price",
    price: { symbol: "AAPL", price: "126.550", as_of: "2021-02-22T15:51:44.208Z" },
  }]);
});

Deno.test("the stream of Alpaca keeps the other trades of a message with an unreadable one", () => {
  const messages = [
    TRADE.replace("126.550", "null"),
    TRADE.replace("2021-02-22T15:51:44.208123456Z", "today"),
    TRADE.replace("AAPL", "MSFT"),
    TRADE.replace("AAPL", "BRK.B"),
  ];
  assertEquals(stream.parse(`[${messages.join(",")}]`), [
    { type: "unreadable", symbol: "AAPL" },
    { type: "unreadable", symbol: "AAPL" },
    {
      type: "price",
      price: { symbol: "BRK", price: "126.550", as_of: "2021-02-22T15:51:44.208Z" },
    },
  ]);
});

Deno.test("the stream of Alpaca ends with an error, such as that of a second connection", () => {
  const error = `[{"T":"error","code":406,"msg":"connection limit exceeded"}]`;
  assertThrows(() => stream.parse(error), UpstreamFailure, "Alpaca answered with an error");
  assertThrows(() => stream.parse("{}"));
});
