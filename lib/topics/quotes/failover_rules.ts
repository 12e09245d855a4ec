/**
 * Who gives a symbol: the first that can, and not a new one every minute.
 *
 * @module
 */

/**
 * Good answers in a row that bring a symbol back to who gave it before. One may be luck, and two are still within the
 * time in which a breaker needs three failures to open: as much proof is asked for as it took to lose it.
 */
const GOOD_ANSWERS = 3;

/** Who gives a symbol, by the names of providers. */
export interface Succession {
  serving(symbol: string): string | undefined;
  /** Those that come before who gives it now: they are tried, and may get it back. */
  elders(symbol: string): readonly string[];
  /** Hands it to another. */
  pass(symbol: string, name: string): void;
  /** Counts a good answer of an elder. The same answer again counts nothing. @returns Whether it is to get the symbol back. */
  answered(symbol: string, name: string, receivedAt: string): boolean;
  /** An elder failed: it begins anew. */
  failed(symbol: string, name: string): void;
}

/** Creates a succession in which the first of each list serves. */
export function createSuccession(
  providers: readonly { readonly name: string; readonly symbols: readonly string[] }[],
): Succession {
  const servings = new Map<string, string>();
  const streaks = new Map<string, { readonly count: number; readonly receivedAt: string }>();
  const keyOf = (symbol: string, name: string) => `${name} ${symbol}`;

  /** All that could give it, in order. */
  function heirs(symbol: string): string[] {
    return providers.filter(({ symbols }) => symbols.includes(symbol)).map(({ name }) => name);
  }

  function serving(symbol: string): string | undefined {
    return servings.get(symbol) ?? heirs(symbol)[0];
  }

  return {
    serving,
    elders(symbol) {
      const names = heirs(symbol);
      return names.slice(0, names.findIndex((name) => name === serving(symbol)));
    },
    pass(symbol, name) {
      servings.set(symbol, name);
      for (const heir of heirs(symbol)) streaks.delete(keyOf(symbol, heir));
    },
    answered(symbol, name, receivedAt) {
      const key = keyOf(symbol, name);
      const streak = streaks.get(key);
      if (streak?.receivedAt === receivedAt) return streak.count >= GOOD_ANSWERS;
      const count = (streak?.count ?? 0) + 1;
      streaks.set(key, { count, receivedAt });
      return count >= GOOD_ANSWERS;
    },
    failed: (symbol, name) => void streaks.delete(keyOf(symbol, name)),
  };
}
