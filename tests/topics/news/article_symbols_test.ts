import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createSymbolFinder } from "../../../lib/topics/news/article_symbols.ts";
import { CATALOGUE } from "../../../lib/topics/quotes/catalogue.ts";
import { anyCharacter } from "../../support/any_character.ts";
import { HELD_OUT_HEADLINES, KNOWN_HEADLINES, type LabelledHeadline } from "./headlines.ts";

const find = createSymbolFinder(CATALOGUE);

function symbolsOf(title: string, summary = ""): readonly string[] {
  return find({ title, summary });
}

/** Compares the found symbols of headlines with their labels. */
function measure(headlines: readonly LabelledHeadline[]) {
  let [right, found, labelled] = [0, 0, 0];
  for (const [headline, labels] of headlines) {
    const expected = new Set(labels.split(" ").filter((label) => label !== ""));
    const actual = symbolsOf(headline);
    right += actual.filter((symbol) => expected.has(symbol)).length;
    found += actual.length;
    labelled += expected.size;
  }
  return { precision: right / found, recall: right / labelled };
}

for (const [name, headlines] of Object.entries({ KNOWN_HEADLINES, HELD_OUT_HEADLINES })) {
  Deno.test(`the symbols of ${name} are found with few false hits`, () => {
    const { precision, recall } = measure(headlines);
    assertEquals(headlines.length, 100);
    assert(precision >= 0.95 && recall >= 0.9, `precision ${precision}, recall ${recall}`);
  });
}

const TICKERS: Readonly<Record<string, readonly string[]>> = {
  "Acme (NYSE: BRK.B, BA; NASDAQ: AAPL)": ["AAPL", "BA", "BRK.B"],
  "Acme (NASDAQGS:MSFT) and (LSE: V)": ["MSFT"],
  "Buy $AAPL, $BTC and $BRK.B, not $V1 or US$ADA": ["AAPL", "BRK.B", "BTC-USD"],
  "Apple AAPL.O and <BRKb.N>, not EA.NAME": ["AAPL"],
  "<.SPX> <.GDAXI> <XAU=> <CLc1> <JPY=>": ["DAX", "SPX", "USD-JPY", "WTI", "XAU-USD"],
  "EUR/USD, GBPUSD, BTC-USD, ETH/USDT, XAUUSD and NOKSEK": [
    ...["BTC-USD", "ETH-USD", "EUR-USD", "GBP-USD", "XAU-USD"],
  ],
};

for (const [text, symbols] of Object.entries(TICKERS)) {
  Deno.test(`the tickers of "${text}" are ${symbols.join(" ")}`, () => {
    assertEquals(symbolsOf(text), symbols);
  });
}

Deno.test("symbols are found in the summary too, once each and sorted", () => {
  assertEquals(symbolsOf("Apple rises", "Nvidia and Apple lead."), ["AAPL", "NVDA"]);
});

Deno.test("only the given instruments are found, by their names if there are no others", () => {
  const [gold] = CATALOGUE.filter(({ symbol }) => symbol === "XAU-USD");
  assert(gold);
  const findOwn = createSymbolFinder([gold, { ...gold, symbol: "ACME", name: "Acme (Holding)" }]);
  const title = "Acme (Holding) buys gold, silver and Apple";
  assertEquals(findOwn({ title, summary: "" }), ["ACME", "XAU-USD"]);
  assertEquals(createSymbolFinder([])({ title, summary: "" }), []);
});

Deno.test("any text has symbols of the catalogue only", () => {
  const known = new Set(CATALOGUE.map(({ symbol }) => symbol));
  const text = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.array(fc.constantFrom("Gold", "$", "(NYSE:", "AAPL", ".O", "<", ">", "/", "USD", " ", "\n"))
      .map((parts) => parts.join("")),
  );
  fc.assert(fc.property(text, text, (title, summary) => {
    const found = find({ title, summary });
    assertEquals(found, [...new Set(found)].toSorted());
    assert(found.every((symbol) => known.has(symbol)));
  }));
});
