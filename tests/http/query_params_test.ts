import { assert, assertEquals, assertThrows } from "@std/assert";
import { MAX_REPEATED_CHARACTERS, Problem } from "../../lib/core/problem.ts";
import {
  MAX_FILTER_SYMBOLS,
  MAX_RATE_VALUES,
  parseNames,
  parseStreamInput,
  parseSymbolFilter,
  StreamQuery,
} from "../../lib/http/query_params.ts";

const KNOWN = ["ETH-USD", "BTC-USD", "XAU-USD"];

Deno.test("parseNames() normalises any spelling of a list", () => {
  assertEquals(parseNames(" b,a ,,b,a,"), ["a", "b"]);
  assertEquals([parseNames(undefined), parseNames(""), parseNames(" , ")], [[], [], []]);
});

Deno.test("parseSymbolFilter() is canonical: upper case, unique, sorted", () => {
  assertEquals(parseSymbolFilter("xau-usd, ETH-USD,Eth-usd", KNOWN), ["ETH-USD", "XAU-USD"]);
});

Deno.test("parseSymbolFilter() treats all symbols as no filter", () => {
  for (const text of [undefined, "", ",", [...KNOWN, "btc-usd"].join(",")]) {
    assertEquals(parseSymbolFilter(text, KNOWN), null);
  }
});

Deno.test("parseSymbolFilter() names every unknown symbol, truncated, and the known ones", () => {
  const text = `btc-usd,doge-usd,${"x".repeat(1000)}`;
  const { status, code, message, options } = assertThrows(
    () => parseSymbolFilter(text, KNOWN),
    Problem,
  );
  assertEquals([status, code, message], [
    400,
    "unknown_symbol",
    "The symbols are ETH-USD, BTC-USD, XAU-USD.",
  ]);
  assertEquals(options.errors, [
    { field: "symbols", detail: "`DOGE-USD` is unknown" },
    { field: "symbols", detail: `\`${"X".repeat(MAX_REPEATED_CHARACTERS)}\` is unknown` },
  ]);
});

Deno.test("parseSymbolFilter() accepts at most MAX_FILTER_SYMBOLS distinct symbols", () => {
  assertEquals(MAX_FILTER_SYMBOLS, 100);
  const served = Array.from({ length: MAX_FILTER_SYMBOLS + 1 }, (_, n) => `S${n}`);
  const accepted = served.slice(1);
  const repeated = [...accepted, ...accepted].join(",");
  assertEquals(parseSymbolFilter(repeated, served)?.length, MAX_FILTER_SYMBOLS);
  const tooMany = served.join(",");
  const { status, code } = assertThrows(() => parseSymbolFilter(tooMany, served), Problem);
  assertEquals([status, code], [400, "too_many_symbols"]);
});

Deno.test("StreamQuery accepts the rates of MAX_RATE_VALUES and no others", () => {
  assertEquals(MAX_RATE_VALUES.map(Number), [0.1, 0.2, 0.5, 1, 2, 5, 10]);
  for (const max_rate of MAX_RATE_VALUES) {
    const query = StreamQuery.parse({ max_rate });
    assertEquals(parseStreamInput(query, undefined).maxRate, Number(max_rate));
  }
  for (const max_rate of ["", "0", "3", "1.0", "-1", "100", "fast"]) {
    assert(!StreamQuery.safeParse({ max_rate }).success, max_rate);
  }
});

Deno.test("parseStreamInput() prefers the header's cursor, and treats an empty one as none", () => {
  const cursorOf = (query: Record<string, string>, header?: string) =>
    parseStreamInput(StreamQuery.parse(query), header).cursor;
  const both = { last_event_id: "2-2", lastEventId: "3-3" };
  assertEquals(cursorOf(both, "1-1"), "1-1");
  assertEquals(cursorOf(both, ""), "2-2");
  assertEquals(cursorOf({ last_event_id: "", lastEventId: "3-3" }), "3-3");
  assertEquals(cursorOf({ last_event_id: "" }, ""), undefined);
});

Deno.test("parseStreamInput() requests snapshots for `snapshot=1`", () => {
  const withSnapshot = (query: Record<string, string>) =>
    parseStreamInput(StreamQuery.parse(query), undefined).withSnapshot;
  assertEquals([{ snapshot: "1" }, { snapshot: "0" }, {}].map(withSnapshot), [true, false, false]);
});
