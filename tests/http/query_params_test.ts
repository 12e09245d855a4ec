import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../lib/core/problem.ts";
import {
  MAX_FILTER_SYMBOLS,
  MAX_RATES,
  namesIn,
  streamInput,
  StreamQuery,
  symbolFilter,
} from "../../lib/http/query_params.ts";

const KNOWN = ["ETH-USD", "BTC-USD", "XAU-USD"];

Deno.test("namesIn() makes any spelling of a list the same list", () => {
  assertEquals(namesIn(" b,a ,,b,a,"), ["a", "b"]);
  assertEquals([namesIn(undefined), namesIn(""), namesIn(" , ")], [[], [], []]);
});

Deno.test("symbolFilter() is canonical: upper case, unique, sorted", () => {
  assertEquals(symbolFilter("xau-usd, ETH-USD,Eth-usd", KNOWN), ["ETH-USD", "XAU-USD"]);
});

Deno.test("symbolFilter() takes naming all for naming none", () => {
  for (const text of [undefined, "", ",", [...KNOWN, "btc-usd"].join(",")]) {
    assertEquals(symbolFilter(text, KNOWN), null);
  }
});

Deno.test("symbolFilter() names every unknown symbol, truncated, and the known ones", () => {
  const text = `btc-usd,doge-usd,${"x".repeat(1000)}`;
  const { status, code, message, options } = assertThrows(
    () => symbolFilter(text, KNOWN),
    Problem,
  );
  assertEquals([status, code, message], [
    400,
    "unknown_symbol",
    "The symbols are ETH-USD, BTC-USD, XAU-USD.",
  ]);
  assertEquals(options.errors, [
    { field: "symbols", detail: "`DOGE-USD` is unknown" },
    { field: "symbols", detail: `\`${"X".repeat(32)}\` is unknown` },
  ]);
});

Deno.test("symbolFilter() takes 100 symbols, counted once each, and no more", () => {
  const many = Array.from({ length: MAX_FILTER_SYMBOLS + 1 }, (_, n) => `S${n}`);
  assertEquals(MAX_FILTER_SYMBOLS, 100);
  const most = many.slice(1);
  assertEquals(symbolFilter([...most, ...most].join(","), many)?.length, 100);
  const { status, code } = assertThrows(() => symbolFilter(many.join(","), many), Problem);
  assertEquals([status, code], [400, "too_many_symbols"]);
});

Deno.test("StreamQuery takes the contract's rates and no others", () => {
  assertEquals(MAX_RATES.map(Number), [0.1, 0.2, 0.5, 1, 2, 5, 10]);
  for (const max_rate of MAX_RATES) {
    const query = StreamQuery.parse({ max_rate });
    assertEquals(streamInput(query, undefined).maxRate, Number(max_rate));
  }
  for (const max_rate of ["", "0", "3", "1.0", "-1", "100", "fast"]) {
    assert(!StreamQuery.safeParse({ max_rate }).success, max_rate);
  }
});

Deno.test("streamInput() lets the header's cursor win, and takes an empty one for none", () => {
  const cursorOf = (query: Record<string, string>, header?: string) =>
    streamInput(StreamQuery.parse(query), header).cursor;
  const both = { last_event_id: "2-2", lastEventId: "3-3" };
  assertEquals(cursorOf(both, "1-1"), "1-1");
  assertEquals(cursorOf(both, ""), "2-2");
  assertEquals(cursorOf({ last_event_id: "", lastEventId: "3-3" }), "3-3");
  assertEquals(cursorOf({ last_event_id: "" }, ""), undefined);
});

Deno.test("streamInput() requests snapshots for `snapshot=1`", () => {
  const asks = (query: Record<string, string>) =>
    streamInput(StreamQuery.parse(query), undefined).withSnapshot;
  assertEquals([asks({ snapshot: "1" }), asks({ snapshot: "0" }), asks({})], [true, false, false]);
});
