/**
 * Parameters of streams and lists, read into what the hub understands.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Problem } from "../core/problem.ts";
import { SourceName } from "../topics/news/article.ts";

/** The largest URL, in characters, and the most names a list may have. */
export const MAX_URL_CHARACTERS = 4096;
export const MAX_TOPICS = 32;
export const MAX_SYMBOLS = 100;
export const MAX_SOURCES = 20;

/** Deliveries a second a client may ask for. */
export const MAX_RATES = ["0.1", "0.2", "0.5", "1", "2", "5", "10"] as const;

const CursorParam = z.string().optional();

/** The parameters of every stream. The `Last-Event-ID` header wins over the cursor in the URL. */
export const StreamQuery = z.object({
  last_event_id: CursorParam.meta({
    description: "The last id seen: the stream goes on from there.",
  }),
  lastEventId: CursorParam.meta({ description: "The same, as some clients spell it." }),
  snapshot: z.enum(["0", "1"]).optional().meta({
    description: "1: every topic opens as without a cursor, and catches up all the same.",
  }),
  max_rate: z.enum(MAX_RATES).optional().meta({
    description:
      "Deliveries a second, at most. State values give way to newer ones, log events wait.",
  }),
  ticket: z.string().optional().meta({
    description: "Of `POST /v1/tickets`, where no Authorization header can be sent.",
  }),
});

/** The symbol filter. */
export const SymbolsQuery = z.object({
  symbols: z.string().optional().meta({ example: "BTC-USD,ETH-USD" }),
});

/** The source filter. */
export const SourceQuery = z.object({
  source: z.string().optional().meta({
    description: "Names of sources: feeds, and those that publishers name.",
    example: "fed,ecb",
  }),
});

/** What the parameters of a stream mean. */
export interface StreamInput {
  readonly cursor: string | undefined;
  readonly withSnapshot: boolean;
  readonly maxRate: number | undefined;
}

/** Reads the parameters of a stream. An empty cursor is none. */
export function streamInput(
  query: z.infer<typeof StreamQuery>,
  lastEventId: string | undefined,
): StreamInput {
  return {
    cursor: lastEventId || query.last_event_id || query.lastEventId || undefined,
    withSnapshot: query.snapshot === "1",
    maxRate: query.max_rate === undefined ? undefined : Number(query.max_rate),
  };
}

/** The names in a comma-separated list: unique and sorted. */
export function namesIn(text: string | undefined): string[] {
  const names = (text ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  return [...new Set(names)].sort();
}

/**
 * Reads a symbol filter in its canonical form: upper case, unique, sorted. Naming all symbols is naming none: null.
 *
 * @throws {Problem} 400 `unknown_symbol` naming those we do not have, or `too_many_symbols`.
 */
export function symbolFilter(text: string | undefined, known: readonly string[]): string[] | null {
  const symbols = namesIn(text?.toUpperCase());
  if (symbols.length > MAX_SYMBOLS) {
    throw new Problem(400, "too_many_symbols", `At most ${MAX_SYMBOLS} symbols may be named.`);
  }
  const unknown = symbols.filter((symbol) => !known.includes(symbol));
  if (unknown.length > 0) {
    throw new Problem(400, "unknown_symbol", `We have ${known.join(", ")}.`, {
      errors: unknown.map((symbol) => ({
        field: "symbols",
        detail: `${symbol.slice(0, 32)} is not one of them`,
      })),
    });
  }
  return symbols.length === 0 || symbols.length === known.length ? null : symbols;
}

/**
 * Reads a source filter in its canonical form: lower case, unique, sorted. A source that nobody knows passes: publishers
 * bring their own when they like, and a reader who waits for one must not be turned away.
 *
 * @throws {Problem} 400 `bad_source` naming what cannot be a source's name, or `too_many_sources`.
 */
export function sourceFilter(text: string | undefined): string[] | null {
  const sources = namesIn(text?.toLowerCase());
  if (sources.length > MAX_SOURCES) {
    throw new Problem(400, "too_many_sources", `At most ${MAX_SOURCES} sources may be named.`);
  }
  const bad = sources.filter((source) => !SourceName.safeParse(source).success);
  if (bad.length > 0) {
    throw new Problem(400, "bad_source", "A source is named by letters, digits, -, . and _.", {
      errors: bad.map((source) => ({
        field: "source",
        detail: `${source.slice(0, 64)} is no name of a source`,
      })),
    });
  }
  return sources.length === 0 ? null : sources;
}
