/**
 * The serving provider of each symbol, with hysteresis: a preferred provider takes a symbol back once it has recovered.
 *
 * @module
 */
import type { Provider } from "./providers/provider.ts";

/**
 * Good responses in a row after which a preferred provider takes a symbol back. A circuit breaker opens after as many
 * failures, so a return takes as much proof as a fail-over.
 */
const RECOVERY_RESPONSES = 3;

/** The serving provider of each symbol, by name. */
export class ServingTable {
  /** The names of the candidates in order of preference, by symbol. */
  readonly #candidatesBySymbol = new Map<string, string[]>();
  readonly #serving = new Map<string, string>();
  readonly #recoveries = new Map<
    string,
    { readonly responses: number; readonly receivedElapsed: number }
  >();

  /** @param providers In order of preference. */
  constructor(providers: readonly Pick<Provider, "name" | "symbols">[]) {
    for (const { name, symbols } of providers) {
      for (const symbol of symbols) {
        const candidates = this.#candidatesBySymbol.get(symbol);
        if (candidates === undefined) this.#candidatesBySymbol.set(symbol, [name]);
        else candidates.push(name);
      }
    }
  }

  /** Returns the serving provider of a symbol: initially the most preferred one. Undefined for an unknown symbol. */
  serving(symbol: string): string | undefined {
    return this.#serving.get(symbol) ?? this.#candidates(symbol)[0];
  }

  /** Lists the candidates that are preferred to the serving provider. */
  preferred(symbol: string): readonly string[] {
    const names = this.#candidates(symbol);
    const serving = this.serving(symbol);
    return names.slice(0, names.findIndex((name) => name === serving));
  }

  /** Makes a candidate serve a symbol. The recovery of every candidate starts again. */
  switchTo(symbol: string, name: string): void {
    this.#serving.set(symbol, name);
    for (const candidate of this.#candidates(symbol)) this.recordFailure(symbol, candidate);
  }

  /**
   * Counts a good response of a preferred provider. The same response counts once.
   *
   * @param receivedElapsed Monotonic time of the receipt, which identifies the response.
   * @returns True once the provider has recovered.
   */
  recordSuccess(symbol: string, name: string, receivedElapsed: number): boolean {
    const key = `${name} ${symbol}`;
    const previous = this.#recoveries.get(key);
    const isSameResponse = previous?.receivedElapsed === receivedElapsed;
    const responses = (previous?.responses ?? 0) + (isSameResponse ? 0 : 1);
    this.#recoveries.set(key, { responses, receivedElapsed });
    return responses >= RECOVERY_RESPONSES;
  }

  /** Counts a failure: the recovery of the provider starts again. */
  recordFailure(symbol: string, name: string): void {
    this.#recoveries.delete(`${name} ${symbol}`);
  }

  #candidates(symbol: string): readonly string[] {
    return this.#candidatesBySymbol.get(symbol) ?? [];
  }
}
