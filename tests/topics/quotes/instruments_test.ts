import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, readConfig } from "../../../lib/core/config.ts";
import { CATALOGUE } from "../../../lib/topics/quotes/catalogue.ts";
import { instrumentsFor } from "../../../lib/topics/quotes/instruments.ts";

/** Returns the instruments of settings, as an operator writes them. */
function select(SYMBOLS: string, definitions: unknown = {}) {
  return [
    ...instrumentsFor(readConfig({ SYMBOLS, INSTRUMENTS: JSON.stringify(definitions) })).values(),
  ];
}

Deno.test("the catalogue has at least 120 instruments of every class but other, each with its own symbol and tickers", () => {
  assert(CATALOGUE.length >= 120);
  assertEquals(new Set(CATALOGUE.map(({ symbol }) => symbol)).size, CATALOGUE.length);
  assertEquals(
    [...new Set(CATALOGUE.map((instrument) => instrument.class))].toSorted(),
    ["crypto", "energy", "equities", "fx", "indices", "metals", "oil", "rates"],
  );
  const tickers = CATALOGUE.flatMap((instrument) =>
    Object.entries(instrument.tickers).map((entry) => entry.join(" "))
  );
  assertEquals(new Set(tickers).size, tickers.length);
  for (const { symbol, tickers } of CATALOGUE) {
    assert(/^[A-Z0-9][A-Z0-9.-]{0,15}$/.test(symbol), symbol);
    assert(Object.keys(tickers).length > 0, symbol);
  }
});

Deno.test("instrumentsFor() selects the nine without a setting, and else those of SYMBOLS in its order", () => {
  assertEquals(
    [...instrumentsFor({}).keys()].join(" "),
    "BTC-USD ETH-USD XAU-USD XAG-USD BRENT WTI SPX DJI IXIC",
  );
  assertEquals(select("nvda, EUR-USD,BTC-USD").map(({ symbol }) => symbol), [
    "NVDA",
    "EUR-USD",
    "BTC-USD",
  ]);
});

Deno.test("instrumentsFor() gives an instrument of the settings the usual properties of its class", () => {
  const definition = {
    name: "Alphabet C",
    class: "equities",
    currency: "USD",
    sources: { yahoo: "GOOG" },
  };
  assertEquals(select("GOOG", { GOOG: definition }), [{
    symbol: "GOOG",
    name: "Alphabet C",
    class: "equities",
    currency: "USD",
    unit: "share",
    decimals: 2,
    hours: "nyse",
    tickers: { yahoo: "GOOG" },
  }]);
  const [other] = select("GOOG", {
    GOOG: { ...definition, unit: "lot", decimals: 4, hours: "lse" },
  });
  assertEquals([other?.unit, other?.decimals, other?.hours], ["lot", 4, "lse"]);
});

Deno.test("instrumentsFor() replaces the sources of an instrument of the catalogue, and keeps its other properties", () => {
  const [known] = select("BTC-USD");
  const [bitcoin] = select("BTC-USD", { "BTC-USD": { sources: { kraken: "XBTUSD" } } });
  assert(known !== undefined);
  assertEquals(bitcoin, { ...known, tickers: { kraken: "XBTUSD" } });
});

Deno.test("instrumentsFor() names every unknown symbol and every incomplete definition", () => {
  const { message } = assertThrows(() =>
    select("BTC-USD,LUNA,FOO", {
      FOO: { name: "Foo", class: "stocks", currency: "USD", sources: {} },
      BAR: { name: "Bar", class: "other", sources: {} },
    }), ConfigError);
  for (const name of ["LUNA", "FOO", "BAR"]) assert(message.includes(name), message);
});
