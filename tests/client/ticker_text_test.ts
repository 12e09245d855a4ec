import { assertEquals } from "@std/assert";
import type { QuoteData, StatusData } from "../../lib/client/format/types.js";
import { parseSymbols, sourceLines, tickerItemTexts } from "../../lib/client/ticker/text.js";
import type { TickerItemData } from "../../lib/client/ticker/text.js";

const QUOTE: QuoteData = {
  symbol: "SPX",
  name: "S&P 500",
  class: "indices",
  price: "7738.79",
  change: "-9.30",
  change_pct: -0.12,
  basis: "prev_close",
  currency: "USD",
  unit: "points",
  decimals: 2,
  session: "open",
  as_of: null,
  received_at: "2026-03-05T14:00:00.000Z",
  ...{ prev_close: null, open: null, high: null, low: null, volume: null, bid: null, ask: null },
  next_open: null,
  is_delayed: true,
  delay_s: 900,
  is_stale: false,
  source: "yahoo",
  attribution: "Yahoo Finance, unofficial",
  simulated: false,
};

const STATUS: StatusData = {
  provider: "yahoo",
  symbols: ["SPX"],
  state: "live",
  since: "2026-03-05T14:00:00.000Z",
  reason: null,
  next_try_at: null,
};

/** Writes the item of SPX. @param changes Of its quote; null for an item without a quote. @param data Other data of the item. */
function item(
  changes: Partial<QuoteData> | null,
  data: Partial<TickerItemData> = {},
  locale = "en-US",
) {
  const quote = changes === null ? undefined : { ...QUOTE, ...changes };
  const defaults = { statuses: [STATUS], isFollowing: true, hasSnapshot: true };
  return tickerItemTexts({ symbol: "SPX", quote, ...defaults, ...data }, locale);
}

const LABELS: readonly (readonly [label: string, item: ReturnType<typeof item>])[] = [
  [
    "S&P 500, 7,738.79 points, down 0.12\u00a0% since close, delayed by 15\u00a0min",
    item({}),
  ],
  [
    "S&P 500, 7,738.79 points, up 9.30 since close, live, simulated",
    item({ change: "9.30", change_pct: null, is_delayed: false, simulated: true }),
  ],
  [
    "S&P 500, 7,738.79 points, market closed",
    item({ change: null, change_pct: null, session: "closed" }),
  ],
  [
    "S&P 500, 7,738.79 points, close of 27 Nov",
    item({
      ...{ change: null, change_pct: null, session: "closed", delay_s: null },
      as_of: "2026-11-27T18:00:00.000Z",
    }),
  ],
  [
    "S&P 500, 7,738.79 points, unchanged in 24 h, stale",
    item({ change: "0.00", basis: "rolling_24h", is_stale: true }),
  ],
  [
    "S&P 500, 7,738.79 points, last known",
    item({ change: null, change_pct: null }, { isFollowing: false }),
  ],
  ["SPX, waiting for the first price from yahoo", item(null)],
  ["SPX, no price yet: yahoo down", item(null, { statuses: [{ ...STATUS, state: "down" }] })],
  ["SPX, not offered here", item(null, { statuses: [] })],
  ["SPX, waiting for the first price", item(null, { statuses: [], hasSnapshot: false })],
  [
    "SPX, down, no source configured",
    item(null, { statuses: [{ ...STATUS, provider: "none", reason: "no source configured" }] }),
  ],
];

for (const [label, labelledItem] of LABELS) {
  Deno.test(`tickerItemTexts() labels an item for screen readers: ${label}`, () =>
    assertEquals(labelledItem.label, label));
}

Deno.test("tickerItemTexts() writes all digits of a price in the locale, and the freshness unless it is live", () => {
  const { texts } = item({ price: "123456789012345678.90" }, {}, "de-DE");
  assertEquals(texts.price, "123.456.789.012.345.678,90");
  assertEquals(texts.change, "▼\u00a0−0,12\u00a0% (−9,30)");
  assertEquals(texts.freshness, "delayed by 15\u00a0min");
  assertEquals(item({ is_delayed: false }).texts.freshness, "");
});

Deno.test("tickerItemTexts() is waiting until a snapshot has arrived", () => {
  assertEquals(item(null, { hasSnapshot: false }).freshness, "waiting");
  assertEquals(item(null).freshness, "missing");
});

Deno.test("sourceLines() names each source once, with its attribution", () => {
  const bitcoin = { ...QUOTE, symbol: "BTC-USD", source: "coinbase", attribution: "Coinbase" };
  assertEquals(sourceLines([QUOTE, { ...QUOTE, symbol: "DJI" }, bitcoin]), [
    "SPX, DJI: yahoo (Yahoo Finance, unofficial)",
    "BTC-USD: Coinbase",
  ]);
});

Deno.test("parseSymbols() accepts any case, spaces, line breaks and duplicates", () => {
  assertEquals(parseSymbols(" btc-usd,, XAU-USD\n BTC-USD"), ["BTC-USD", "XAU-USD"]);
  assertEquals([parseSymbols(null), parseSymbols(" ,")], [[], []]);
});
