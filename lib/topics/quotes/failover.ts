/**
 * Providers of the same symbols: one serves, the next takes over where it fails, the others are witnesses.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { type Logger, messageOf } from "../../core/logger.ts";
import type { Book } from "./quote_cache.ts";
import type { Correspondent } from "./provider_client.ts";
import type { Reading } from "./providers/provider.ts";
import type { Quorum } from "./divergence.ts";
import type { Succession } from "./failover_rules.ts";

/** How often a witness is asked: about every 30 s, since it comes with a poll and those are jittered. */
const WITNESS_MS = 25_000;

/** What a chain is made of. */
export interface ChainOptions {
  readonly clock: Clock;
  readonly log: Pick<Logger, "error">;
  readonly members: readonly Correspondent[];
  readonly book: Book;
  readonly succession: Succession;
  readonly quorum: Quorum;
  /** Tells what changed. Never rejects. */
  readonly tell: () => Promise<void>;
  /** Something was heard outside of a poll. */
  readonly heard: () => void;
}

/** Asks the providers of a chain. */
export interface Chain {
  /** Asks those who serve, and tells. Elders and witnesses are asked too, and nobody waits for them. */
  poll(): Promise<void>;
}

/** Creates a chain nobody of which was asked yet. */
export function createChain(
  { clock, log, members, book, succession, quorum, tell, heard }: ChainOptions,
): Chain {
  const asked = new Set<Correspondent>();
  let witnessedAt: number | null = null;

  function isServing({ provider }: Correspondent, symbol: string): boolean {
    return succession.serving(symbol) === provider.name;
  }

  function servedBy(each: Correspondent): string[] {
    return each.provider.symbols.filter((symbol) => isServing(each, symbol));
  }

  function pass(symbol: string, { provider }: Correspondent): void {
    succession.pass(symbol, provider.name);
    quorum.forget(symbol);
  }

  /** Hands a symbol to who has a fresh price of it, unless the price is not to be believed. @returns Whether it did. */
  function hand(reading: Reading, to: Correspondent): boolean {
    if (!book.isFresh(reading, to.provider) || !book.take(reading, to.provider)) return false;
    pass(reading.symbol, to);
    return true;
  }

  /** Kept while its breaker is closed and something fresh of it is known: one failure is no reason to change. */
  function isGivenUp({ provider, upstream }: Correspondent, symbol: string): boolean {
    return upstream.health().breaker !== "closed" || !book.isFreshOf(symbol, provider.name);
  }

  async function replace(failing: Correspondent, lost: readonly string[]): Promise<void> {
    let left = lost.filter((symbol) => isGivenUp(failing, symbol));
    for (const other of members.filter((each) => each !== failing)) {
      const wanted = left.filter((symbol) => other.provider.symbols.includes(symbol));
      if (wanted.length === 0) continue;
      for (const reading of await other.ask(wanted)) {
        if (!isServing(failing, reading.symbol) || !hand(reading, other)) continue;
        left = left.filter((symbol) => symbol !== reading.symbol);
      }
    }
  }

  async function serve(each: Correspondent): Promise<void> {
    const wanted = servedBy(each);
    if (wanted.length === 0) return;
    const readings = await each.ask(wanted);
    for (const reading of readings) {
      // An elder may have got it back meanwhile.
      if (isServing(each, reading.symbol)) book.take(reading, each.provider);
    }
    // Who answers and has nothing new fails its symbols as well.
    const lost = wanted.filter((symbol) =>
      !readings.some((one) => one.symbol === symbol) ||
      !book.isFreshOf(symbol, each.provider.name)
    );
    await replace(each, lost);
    await tell();
  }

  function isElder({ provider }: Correspondent, symbol: string): boolean {
    return succession.elders(symbol).includes(provider.name);
  }

  /** The first that neither serves nor is left alone. Elders are asked anyway, and are witnesses too. */
  function witnessOf(symbol: string): Correspondent | undefined {
    return members.find((each) =>
      each.provider.symbols.includes(symbol) && !isServing(each, symbol) &&
      each.upstream.health().breaker !== "open"
    );
  }

  function bearWitness(witness: Correspondent, symbol: string, reading: Reading): void {
    const serving = members.find((each) => isServing(each, symbol));
    const held = serving && book.heldOf(symbol, serving.provider.name);
    if (serving === undefined || held === undefined) return;
    quorum.compare({
      serving: held,
      servingTitle: serving.provider.title,
      witness: reading,
      witnessTitle: witness.provider.title,
    });
  }

  /** Nobody waits for it, so nobody would hear of a fault of ours. */
  async function look(each: Correspondent, wanted: readonly string[]): Promise<void> {
    asked.add(each);
    try {
      const readings = await each.ask(wanted);
      for (const symbol of wanted) {
        const reading = readings.find((one) => one.symbol === symbol);
        if (reading && book.isFresh(reading, each.provider)) takeLook(each, reading);
        else succession.failed(symbol, each.provider.name);
      }
      await tell();
      heard();
    } catch (thrown) {
      log.error("A look at a provider broke off", { reason: messageOf(thrown) });
    } finally {
      asked.delete(each);
    }
  }

  function takeLook(each: Correspondent, reading: Reading): void {
    const { symbol, received_at } = reading;
    if (isServing(each, symbol)) return; // it took over while it was asked
    bearWitness(each, symbol, reading);
    if (!isElder(each, symbol)) return;
    if (succession.answered(symbol, each.provider.name, received_at)) hand(reading, each);
  }

  function lookAround(): void {
    const now = clock.now();
    witnessedAt ??= now;
    const isWitnessDue = now - witnessedAt >= WITNESS_MS;
    if (isWitnessDue) witnessedAt = now;
    for (const each of members.filter((one) => !asked.has(one))) {
      const wanted = each.provider.symbols.filter((symbol) =>
        !isServing(each, symbol) &&
        (isElder(each, symbol) || isWitnessDue && witnessOf(symbol) === each)
      );
      if (wanted.length > 0) void look(each, wanted);
    }
  }

  return {
    async poll() {
      lookAround();
      const results = await Promise.allSettled(members.map(serve));
      const fault = results.find((each) => each.status === "rejected");
      if (fault !== undefined) throw fault.reason;
    },
  };
}
