// @ts-check
/**
 * What a ticker says about a symbol. No DOM, no clock.
 *
 * @module
 */
import { decimalWords } from "../format/values.js";
import {
  changeWords,
  directionOf,
  freshnessOf,
  sentenceOf,
  sourceWords,
  unitWords,
  waitingWords,
} from "../format/quote_text.js";

/** @import { Known } from "../format/quote_text.js" */
/** @import { Quote } from "../format/types.js" */

/**
 * The symbols of an attribute: in its order, each once, as the server writes them.
 *
 * @param {string | null} text Such as "BTC-USD, xau-usd".
 */
export function symbolsOf(text) {
  return [...new Set((text ?? "").toUpperCase().split(/[\s,]+/).filter(Boolean))];
}

/**
 * All that an item says: `label` for who hears it, in English; the texts, by the name of their part, for who sees it.
 *
 * @param {Known & { hasSnapshot: boolean }} known
 * @param {string} locale
 */
export function itemWords(known, locale) {
  const { symbol, quote, statuses, hasSnapshot } = known;
  if (quote === undefined) {
    const isOffered = statuses.some(({ symbols }) => symbols.includes(symbol));
    const why = hasSnapshot && !isOffered ? "not offered here" : waitingWords(known);
    return {
      freshness: hasSnapshot ? "missing" : "waiting",
      direction: "none",
      label: `${symbol || "Prices"}, ${why}`,
      texts: {
        symbol,
        name: "",
        price: "",
        unit: "",
        change: "",
        freshness: hasSnapshot ? why : "",
        simulated: "",
      },
    };
  }
  const { kind, text } = freshnessOf(quote, known);
  const { change, amount } = changeWords(quote, locale);
  return {
    freshness: kind,
    direction: directionOf(quote),
    label: sentenceOf(quote, text),
    texts: {
      symbol,
      name: quote.name,
      price: decimalWords(quote.price, quote.decimals, "auto", locale),
      unit: unitWords(quote),
      change: amount ? `${change} (${amount})` : change,
      freshness: text === "live" ? "" : text,
      simulated: quote.simulated ? "SIMULATED" : "",
    },
  };
}

/**
 * Who gives the prices, as they want to be named: a line for each source.
 *
 * @param {readonly Quote[]} quotes
 */
export function sourceLines(quotes) {
  const bySource = Map.groupBy(quotes, (quote) => {
    const { source, attribution } = sourceWords(quote);
    return attribution ? `${source} (${attribution})` : source;
  });
  return [...bySource].map(([source, given]) =>
    `${given.map(({ symbol }) => symbol).join(", ")}: ${source}`
  );
}
