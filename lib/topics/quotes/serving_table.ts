/**
 * The serving provider of each symbol, with hysteresis: a preferred provider takes a symbol back once it has recovered.
 *
 * @module
 */
import type { Provider } from "./providers/provider.ts";

/**
 * Good answers in a row after which a preferred provider takes a symbol back. Two are possible within the time in which
 * a circuit breaker counts its three failures: a way back takes as much proof as the way out.
 */
const RECOVERY_ANSWERS = 3;

/** The serving provider of each symbol, by name. */
export class ServingTable {
  readonly #providers: readonly Pick<Provider, "name" | "symbols">[];
  readonly #serving = new Map<string, string>();
  readonly #recoveries = new Map<string, { readonly answers: number; readonly elapsed: number }>();

  /** @param providers In order of preference. */
  constructor(providers: readonly Pick<Provider, "name" | "symbols">[]) {
    this.#providers = providers;
  }

  /** Returns the serving provider of a symbol: at first the most preferred one. */
  serving(symbol: string): string | undefined {
    return this.#serving.get(symbol) ?? this.#candidates(symbol)[0];
  }

  /** Lists the candidates that are preferred to the serving one. */
  preferred(symbol: string): readonly string[] {
    const names = this.#candidates(symbol);
    return names.slice(0, names.findIndex((name) => name === this.serving(symbol)));
  }

  /** Makes a candidate serve a symbol. All recoveries start again. */
  switchTo(symbol: string, name: string): void {
    this.#serving.set(symbol, name);
    for (const candidate of this.#candidates(symbol)) this.failed(symbol, candidate);
  }

  /**
   * Counts a good answer of a preferred provider. The same answer counts once.
   *
   * @param receivedElapsed Monotonic time of its receipt.
   * @returns True once the provider has recovered.
   */
  answered(symbol: string, name: string, receivedElapsed: number): boolean {
    const key = `${name} ${symbol}`;
    const before = this.#recoveries.get(key);
    const isSame = before?.elapsed === receivedElapsed;
    const answers = (before?.answers ?? 0) + (isSame ? 0 : 1);
    this.#recoveries.set(key, { answers, elapsed: receivedElapsed });
    return answers >= RECOVERY_ANSWERS;
  }

  /** Starts the recovery of a preferred provider again. */
  failed(symbol: string, name: string): void {
    this.#recoveries.delete(`${name} ${symbol}`);
  }

  #candidates(symbol: string): string[] {
    return this.#providers.filter(({ symbols }) => symbols.includes(symbol)).map(({ name }) =>
      name
    );
  }
}
