/**
 * The symbols of an article: the instruments that its text names, by ticker or by name.
 *
 * @module
 */
import type { Article } from "./article.ts";
import { SYMBOL_NAMES, type SymbolNames } from "./symbol_names.ts";

/** The text in which instruments are found. */
export type ArticleText = Pick<Article, "title" | "summary">;

/** Finds the symbols of the instruments that a text names, sorted. */
export type FindSymbols = (text: ArticleText) => readonly string[];

/** An instrument that articles may be about. */
export interface NamedInstrument {
  readonly symbol: string;
  readonly name: string;
  /** `equities` for shares, which exchanges list under their symbol. */
  readonly class: string;
}

/** A share of a US exchange in parentheses or not, or several: `(NYSE: BRK.B, BA)`. */
const EXCHANGE_TICKERS =
  /\b(?:NYSE(?: American| Arca)?|NASDAQ(?:GS|GM|CM)?|Nasdaq(?:GS|GM|CM)?|AMEX|Cboe)\s*:\s*([A-Z][A-Z.]{0,5}(?:\s*[,;/]\s*[A-Z][A-Z.]{0,5}\b(?!\s*:))*)/g;

/** A ticker as people write it in messages: `$AAPL`. */
const CASHTAG = /(?<![\p{L}\p{N}$])\$([A-Z]{1,5}(?:\.[A-Z])?)(?![\p{L}\p{N}])/gu;

/** A code of Reuters for a share of a US exchange: `AAPL.O`. */
const REUTERS_SHARE = /(?<![\p{L}\p{N}.])([A-Z]{1,5})\.(?:OQ?|N|K|P)(?![\p{L}\p{N}.])/gu;

/** A code of Reuters in angle brackets: an index, a future or a rate. */
const REUTERS_CODE = /<([.A-Z0-9a-z]+=?)>/g;

/** The codes of Reuters that differ from symbols. */
const REUTERS_SYMBOLS: Readonly<Record<string, string>> = {
  ...{ ".INX": "SPX", ".GDAXI": "DAX", ".FCHI": "CAC", ".STOXX50E": "STOXX50", ".KS11": "KOSPI" },
  ...{
    ".NSEI": "NIFTY",
    ".BSESN": "SENSEX",
    ".AXJO": "ASX200",
    ".GSPTSE": "TSX",
    ".FTMIB": "FTSEMIB",
  },
  ...{
    "LCOc1": "BRENT",
    "CLc1": "WTI",
    "NGc1": "NATGAS",
    "HOc1": "HEATING-OIL",
    "RBc1": "GASOLINE",
  },
  ...{ "HGc1": "COPPER", "BRKb": "BRK.B", "US10YT=": "US10Y", "US30YT=": "US30Y" },
  ...{ "JPY=": "USD-JPY", "CHF=": "USD-CHF", "CAD=": "USD-CAD", "CNY=": "USD-CNY" },
};

/** Two codes of currencies, coins or metals: `EUR/USD`, `BTC-USD`, `XAUUSD`. */
const PAIR =
  /(?<![\p{L}\p{N}])([A-Z]{3,5})[/-]?(USDT?|EUR|GBP|JPY|CHF|CAD|CNY|HKD|SGD|INR|KRW|MXN|BRL|SEK|NOK|PLN|TRY|ZAR)(?![\p{L}\p{N}])/gu;

/** A name, and the symbol that it may mean. */
interface Meaning extends SymbolNames {
  readonly symbol: string;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("'", "['’]");
}

/** Tests if a matched name begins with a capital, as a proper name does. */
function isCapitalised(name: string): boolean {
  return /^[\p{Lu}\p{N}]/u.test(name);
}

/** Creates a finder of instruments. Its cost grows with the length of the text and hardly with their number. */
export function createSymbolFinder(instruments: Iterable<NamedInstrument>): FindSymbols {
  const all = [...instruments];
  const symbols = new Set(all.map(({ symbol }) => symbol));
  const shares = new Set(all.filter((one) => one.class === "equities").map(({ symbol }) => symbol));
  /** The meanings of each name, in small letters. */
  const meanings = new Map<string, Meaning[]>();
  for (const { symbol, name } of all) {
    const known = Object.hasOwn(SYMBOL_NAMES, symbol) ? SYMBOL_NAMES[symbol] : undefined;
    for (const each of known?.names ?? [name]) {
      const key = each.toLowerCase();
      meanings.set(key, [...meanings.get(key) ?? [], { symbol, ...known }]);
    }
  }
  // The longest name first: "Bitcoin Cash" is not Bitcoin.
  const names = [...meanings.keys()].toSorted((a, b) => b.length - a.length).map(escapeRegExp);
  const anyName = names.length === 0
    ? null
    : new RegExp(`(?<![\\p{L}\\p{N}])(?:${names.join("|")})(?![\\p{L}\\p{N}])`, "giu");

  /** Returns the symbols among some candidates. */
  function known(...candidates: readonly (string | undefined)[]): string[] {
    return candidates.filter((symbol) => symbol !== undefined).filter((symbol) =>
      symbols.has(symbol)
    );
  }

  function byTicker(text: string): string[] {
    const listed = [...text.matchAll(EXCHANGE_TICKERS)].flatMap(([, list = ""]) =>
      list.split(/[,;/]/)
    )
      .map((ticker) => ticker.trim().replace(/\.$/, "")).filter((ticker) => shares.has(ticker));
    const tagged = [...text.matchAll(CASHTAG)].flatMap(([, tag = ""]) => known(tag, `${tag}-USD`));
    const shareCodes = [...text.matchAll(REUTERS_SHARE)].flatMap(([, ticker = ""]) => ticker)
      .filter((ticker) => shares.has(ticker));
    const codes = [...text.matchAll(REUTERS_CODE)].flatMap(([, code = ""]) =>
      known(REUTERS_SYMBOLS[code], code.slice(1), code.replace("=", "-USD"))
    );
    const pairs = [...text.matchAll(PAIR)].flatMap(([, base, quote = ""]) =>
      known(`${base}-${quote.replace("USDT", "USD")}`)
    );
    return [...listed, ...tagged, ...shareCodes, ...codes, ...pairs];
  }

  function byName(text: string): string[] {
    if (anyName === null) return [];
    return [...text.matchAll(anyName)].flatMap((match) => {
      const [name] = match;
      const before = text.slice(0, match.index);
      const after = text.slice(match.index + name.length);
      const key = name.toLowerCase().replaceAll("’", "'");
      return (meanings.get(key) ?? []).filter((meaning) =>
        (meaning.anyCase || isCapitalised(name)) &&
        !meaning.notAfter?.test(before) && !meaning.notBefore?.test(after) &&
        (meaning.context?.test(text) ?? true)
      ).map(({ symbol }) => symbol);
    });
  }

  return ({ title, summary }) => {
    const text = `${title}\n${summary}`;
    return [...new Set([...byTicker(text), ...byName(text)])].toSorted();
  };
}
