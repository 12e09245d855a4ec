// @ts-check
/**
 * Texts of a ticker. They use neither the DOM nor a clock.
 *
 * @module
 */
import {
  changeTexts,
  describeFreshness,
  directionOf,
  missingPriceText,
  quoteSentence,
  sourceTexts,
  unitText,
} from "../format/quote_text.js";
import { formatDecimal } from "../format/values.js";

/** @import { SymbolData } from "../format/quote_text.js" */
/** @import { QuoteData } from "../format/types.js" */

/** The data of an item. @typedef {SymbolData & { hasSnapshot: boolean }} TickerItemData */

/**
 * Parses the symbols of an attribute, in order, without duplicates, in upper case.
 *
 * @param {string | null} text Null if the attribute is missing. Such as "BTC-USD, xau-usd".
 */
export function parseSymbols(text) {
  return [...new Set((text ?? "").toUpperCase().split(/[\s,]+/).filter(Boolean))];
}

/**
 * Writes an item: `label` for screen readers, in English, and the visible texts by the name of their part. An item with the
 * symbol "" is a placeholder until the first snapshot.
 *
 * @param {TickerItemData} data
 * @param {string} locale The locale of numbers.
 */
export function tickerItemTexts(data, locale) {
  const { symbol, quote, statuses, hasSnapshot } = data;
  if (quote === undefined) {
    const isOffered = statuses.some(({ symbols }) => symbols.includes(symbol));
    const reason = hasSnapshot && !isOffered ? "not offered here" : missingPriceText(data);
    return {
      freshness: hasSnapshot ? "missing" : "waiting",
      direction: "none",
      label: `${symbol || "Prices"}, ${reason}`,
      texts: {
        symbol,
        name: "",
        price: "",
        unit: "",
        change: "",
        freshness: hasSnapshot ? reason : "",
        simulated: "",
      },
    };
  }
  const { kind, text } = describeFreshness(quote, data);
  const { change, amount } = changeTexts(quote, locale);
  return {
    freshness: kind,
    direction: directionOf(quote),
    label: quoteSentence(quote, text),
    texts: {
      symbol,
      name: quote.name,
      price: formatDecimal(quote.price, quote.decimals, "auto", locale),
      unit: unitText(quote),
      change: amount ? `${change} (${amount})` : change,
      freshness: text === "live" ? "" : text,
      simulated: quote.simulated ? "SIMULATED" : "",
    },
  };
}

/**
 * Names the sources of quotes with their attribution, in one line per source.
 *
 * @param {readonly QuoteData[]} quotes
 */
export function sourceLines(quotes) {
  const bySource = Map.groupBy(quotes, (quote) => {
    const { source, attribution } = sourceTexts(quote);
    return attribution ? `${source} (${attribution})` : source;
  });
  return [...bySource].map(([source, sourceQuotes]) =>
    `${sourceQuotes.map(({ symbol }) => symbol).join(", ")}: ${source}`
  );
}
