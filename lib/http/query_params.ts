/**
 * The query parameters of streams and lists.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { MAX_REPEATED_CHARACTERS, Problem } from "../core/problem.ts";
import { SourceName } from "../topics/news/article.ts";
import { foldWords, type NewsFilter } from "../topics/news/news_filter.ts";

/** The length to which a URL is limited. */
export const MAX_URL_CHARACTERS = 4096;

/** The number of topics that a request may name. */
export const MAX_TOPICS = 32;

/** The number of symbols that a filter may name. */
export const MAX_FILTER_SYMBOLS = 100;

/** The number of sources that a filter may name. */
export const MAX_FILTER_SOURCES = 20;

/** The values of `max_rate`, in deliveries per second. */
export const MAX_RATE_VALUES = ["0.1", "0.2", "0.5", "1", "2", "5", "10"] as const;

const CursorParam = z.string().optional();

/** The parameters of every stream. The `Last-Event-ID` header takes precedence over the cursor in the URL. */
export const StreamQuery = z.object({
  last_event_id: CursorParam.meta({
    description: "The last id received: the stream continues after it.",
  }),
  lastEventId: CursorParam.meta({
    description: "An alias of `last_event_id`, as polyfills of EventSource send it.",
  }),
  snapshot: z.enum(["0", "1"]).optional().meta({
    description: "`1`: every topic opens as if no cursor had been sent, and catch-up follows.",
  }),
  max_rate: z.enum(MAX_RATE_VALUES).optional().meta({
    description: "The most deliveries per second. State values are conflated, log events wait.",
  }),
  ticket: z.string().optional().meta({
    description:
      "A ticket of `POST /v1/tickets`, for clients that cannot send an `Authorization` header.",
  }),
});

/** The symbol filter. */
export const SymbolsQuery = z.object({
  symbols: z.string().optional().meta({ example: "BTC-USD,ETH-USD" }),
});

/** The source filter. */
export const SourceQuery = z.object({
  source: z.string().optional().meta({
    description: "The names of sources: feeds, and sources of publishers.",
    example: "fed,ecb",
  }),
});

/** The longest search for words, in UTF-16 units. */
const MAX_SEARCH_CHARACTERS = 200;

/** The search for words. */
export const SearchQuery = z.object({
  q: z.string().optional().meta({
    description:
      "Words that the title or the summary of an article contains. Case and accents are ignored.",
    example: "rate cut",
  }),
});

/** The parsed parameters of a stream. */
export interface StreamInput {
  /** The cursor, whose form is not checked yet. */
  readonly cursor: string | undefined;
  /** True if every topic opens as if no cursor had been sent. */
  readonly withSnapshot: boolean;
  /** The most deliveries per second. */
  readonly maxRate: number | undefined;
}

/**
 * Parses the parameters of a stream. An empty cursor counts as absent.
 *
 * @param headerCursor The `Last-Event-ID` header, which takes precedence.
 */
export function parseStreamInput(
  query: z.infer<typeof StreamQuery>,
  headerCursor: string | undefined,
): StreamInput {
  return {
    cursor: headerCursor || query.last_event_id || query.lastEventId || undefined,
    withSnapshot: query.snapshot === "1",
    maxRate: query.max_rate === undefined ? undefined : Number(query.max_rate),
  };
}

/** Parses a comma-separated list of names. Returns them unique and sorted. */
export function parseNames(list: string | undefined): string[] {
  if (list === undefined) return [];
  const names = list.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return [...new Set(names)].toSorted();
}

/**
 * Parses a symbol filter to its canonical form: upper case, unique, sorted. Returns null, which stands for
 * no filter, if the list is empty or names every symbol.
 *
 * @param served All symbols that exist.
 * @throws {Problem} 400 `unknown_symbol`, naming the unknown ones, or `too_many_symbols`.
 */
export function parseSymbolFilter(
  list: string | undefined,
  served: readonly string[],
): string[] | null {
  const symbols = parseNames(list?.toUpperCase());
  if (symbols.length > MAX_FILTER_SYMBOLS) {
    throw new Problem(
      400,
      "too_many_symbols",
      `\`symbols\` may name at most ${MAX_FILTER_SYMBOLS} symbols.`,
    );
  }
  const unknown = symbols.filter((symbol) => !served.includes(symbol));
  if (unknown.length > 0) throw unknownSymbols("symbols", unknown, served);
  return symbols.length === 0 || symbols.length === served.length ? null : symbols;
}

/** Creates the problem of symbols that do not exist. */
function unknownSymbols(
  field: string,
  unknown: readonly string[],
  served: readonly string[],
): Problem {
  return new Problem(400, "unknown_symbol", `The symbols are ${served.join(", ")}.`, {
    errors: unknown.map((symbol) => ({
      field,
      detail: `\`${symbol.slice(0, MAX_REPEATED_CHARACTERS)}\` is unknown`,
    })),
  });
}

/**
 * Parses one symbol to upper case.
 *
 * @param served All symbols that exist.
 * @throws {Problem} 400 `unknown_symbol`.
 */
export function parseSymbol(text: string, served: readonly string[]): string {
  const symbol = text.toUpperCase();
  if (!served.includes(symbol)) throw unknownSymbols("symbol", [symbol], served);
  return symbol;
}

/**
 * Parses a source filter to its canonical form: lower case, unique, sorted. Returns null, which stands for no
 * filter, if the list is empty. Unknown sources are accepted, because publishers may add sources at any time, and a client may wait for one.
 *
 * @throws {Problem} 400 `bad_source`, listing the names that no source may have, or `too_many_sources`.
 */
export function parseSourceFilter(list: string | undefined): string[] | null {
  const sources = parseNames(list?.toLowerCase());
  if (sources.length > MAX_FILTER_SOURCES) {
    throw new Problem(
      400,
      "too_many_sources",
      `\`source\` may name at most ${MAX_FILTER_SOURCES} sources.`,
    );
  }
  const invalid = sources.filter((source) => !SourceName.safeParse(source).success);
  if (invalid.length > 0) {
    throw new Problem(
      400,
      "bad_source",
      "The name of a source has letters, digits, `-`, `.` and `_` only.",
      {
        errors: invalid.map((source) => ({
          field: "source",
          detail: `\`${source.slice(0, MAX_REPEATED_CHARACTERS)}\` is not the name of a source`,
        })),
      },
    );
  }
  return sources.length === 0 ? null : sources;
}

/**
 * Parses a search to its words: folded, unique, sorted. Returns null, which stands for no filter, if it is empty.
 *
 * @throws {Problem} 400 `bad_search` if the search is too long or has no words.
 */
function parseSearch(search: string | undefined): string[] | null {
  if (search === undefined || search.trim() === "") return null;
  const words = foldWords(search);
  if (search.length > MAX_SEARCH_CHARACTERS || words.length === 0) {
    throw new Problem(
      400,
      "bad_search",
      `\`q\` must contain words, in at most ${MAX_SEARCH_CHARACTERS} characters.`,
    );
  }
  return words;
}

/** The parameters of the filter of news. */
export const NewsFilterQuery = z.object({
  ...SourceQuery.shape,
  ...SymbolsQuery.shape,
  ...SearchQuery.shape,
});

/**
 * Parses the filter of news to its canonical form.
 *
 * @param served The symbols that are quoted here.
 * @throws {Problem} 400, naming the parameter that is invalid.
 */
export function parseNewsFilter(
  query: z.infer<typeof NewsFilterQuery>,
  served: readonly string[],
): NewsFilter {
  return {
    sources: parseSourceFilter(query.source),
    symbols: parseSymbolFilter(query.symbols, served),
    words: parseSearch(query.q),
  };
}
