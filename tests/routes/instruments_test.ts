import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { QuotesSnapshot, WireInstrument } from "../../lib/topics/quotes/quote.ts";
import { createAppUnderTest, refusalOf } from "./support.ts";

const InstrumentsAnswer = z.strictObject({ instruments: z.array(WireInstrument.strict()) });

/** Gets the instruments of an app with these settings. */
async function listInstruments(env: Readonly<Record<string, string>>, path = "/v1/instruments") {
  await using test = createAppUnderTest(env);
  const response = await test.send(path);
  assertEquals(response.status, 200);
  return InstrumentsAnswer.parse(await response.json()).instruments;
}

Deno.test("GET /v1/instruments lists the instruments with their properties and providers, in order of preference", async () => {
  const instruments = await listInstruments({
    SYMBOLS: "wti,BTC-USD,US10Y",
    FRED_API_KEY: "a-key",
    UNOFFICIAL_SOURCES: "yahoo",
  });
  const fred = "This product uses the FRED® API but is not endorsed or certified by the " +
    "Federal Reserve Bank of St. Louis.";
  const yahoo = "Yahoo Finance, unofficial, delayed";
  const realTime = { is_delayed: false, delay_s: null };
  assertEquals(instruments.slice(0, 2), [
    {
      symbol: "WTI",
      name: "WTI crude",
      class: "oil",
      currency: "USD",
      unit: "bbl",
      decimals: 2,
      hours: "cme",
      sources: [
        { provider: "yahoo", attribution: yahoo, is_delayed: true, delay_s: 600 },
        { provider: "fred", attribution: fred, is_delayed: true, delay_s: null },
      ],
      simulated: true,
    },
    {
      symbol: "BTC-USD",
      name: "Bitcoin",
      class: "crypto",
      currency: "USD",
      unit: "coin",
      decimals: 2,
      hours: "always",
      sources: [
        { provider: "coinbase", attribution: "Coinbase", ...realTime },
        { provider: "kraken", attribution: "Kraken", ...realTime },
      ],
      simulated: true,
    },
  ]);
  assertEquals(instruments[2]?.sources.map(({ delay_s }) => delay_s), [900, null]);
});

Deno.test("GET /v1/instruments lists an instrument without a provider, and filters by class", async () => {
  const env = { SYMBOLS: "BTC-USD,DAX,SPX", UNOFFICIAL_SOURCES: "none" };
  const indices = await listInstruments(env, "/v1/instruments?class=indices");
  assertEquals(indices.map(({ symbol, sources }) => [symbol, sources]), [["DAX", []], ["SPX", []]]);
  assertEquals(await listInstruments(env, "/v1/instruments?class=fx"), []);
});

Deno.test("GET /v1/instruments polls nothing, has an ETag, and refuses unknown classes and parameters", async () => {
  await using test = createAppUnderTest();
  const response = await test.send("/v1/instruments");
  const etag = response.headers.get("etag") ?? "";
  assert(etag !== "");
  const again = await test.send("/v1/instruments", { headers: { "if-none-match": etag } });
  assertEquals([again.status, await again.text()], [304, ""]);
  for (const query of ["class=stocks", "symbols=BTC-USD"]) {
    const refusal = await refusalOf(await test.send(`/v1/instruments?${query}`));
    assertEquals(refusal, [400, "bad_parameters"]);
  }
  assertEquals(test.fetched, []);
});

Deno.test("an instrument of the settings is quoted like those of the catalogue: one line adds it", async () => {
  await using test = createAppUnderTest({
    SYMBOLS: "GOOG,SOL-USD",
    INSTRUMENTS: `{ "GOOG": { "name": "Alphabet", "class": "equities", "currency": "USD",
      "sources": { "yahoo": "GOOG" } } }`,
  });
  const body = await (await test.send("/v1/quotes")).json();
  const { quotes } = QuotesSnapshot.parse(body);
  assertEquals(quotes.map(({ symbol, name, unit, source }) => [symbol, name, unit, source]), [
    ["GOOG", "Alphabet", "share", "yahoo"],
    ["SOL-USD", "Solana", "coin", "coinbase"],
  ]);
  assertEquals((await test.send("/v1/quotes?symbols=BTC-USD")).status, 400);
});

const THIRTY = [
  ...["BTC-USD", "SOL-USD", "DOGE-USD", "TRX-USD", "SHIB-USD", "XAU-USD", "XPT-USD", "COPPER"],
  ...["BRENT", "NATGAS", "GASOLINE", "SPX", "DAX", "FTSE", "N225", "HSI", "NIFTY", "VIX"],
  ...["AAPL", "BRK.B", "NVDA", "SPY", "EUR-USD", "USD-JPY", "EUR-CHF", "USD-INR", "US10Y"],
  ...["US30Y", "BVSP", "ASX200"],
];

Deno.test("GET /v1/quotes has a quote of each of 30 symbols of every class, in the order of the setting", async () => {
  const symbols = THIRTY.toReversed();
  await using test = createAppUnderTest({ SYMBOLS: symbols.join() });
  const { quotes } = QuotesSnapshot.parse(await (await test.send("/v1/quotes")).json());
  assertEquals(quotes.map(({ symbol }) => symbol), symbols);
  assertEquals(new Set(quotes.map((quote) => quote.class)).size, 8);
});

Deno.test("the page groups 30 symbols by class, with their units", async () => {
  await using test = createAppUnderTest({ SYMBOLS: THIRTY.toReversed().join() });
  const pending = test.send("/");
  await test.clock.advance(2000); // the page waits briefly for prices and histories
  const page = await (await pending).text();
  const titles = [...page.matchAll(/scope="rowgroup"[^>]*>([^<]+)</g)].map(([_, title]) => title);
  assertEquals(titles, [
    ...["Crypto", "Metals", "Oil", "Energy", "Indices", "Shares", "Currencies", "Interest rates"],
  ]);
  const units = [...page.matchAll(/data-field="unit">([^<]+)</g)].map(([_, unit]) => unit);
  assertEquals([...new Set(units)].toSorted(), [
    ...["CHF per EUR", "INR per USD", "JPY per USD", "USD", "USD per EUR", "USD per MMBtu"],
    ...["USD per barrel", "USD per gallon", "USD per lb", "USD per troy oz", "percent", "points"],
  ]);
});
