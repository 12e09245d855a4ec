/**
 * How a provider is doing, in words a user can be shown.
 *
 * @module
 */
import type { Runtime } from "../../core/runtime.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { type Freshness, freshnessOf, type Held, hold } from "./freshness.ts";
import type { SpanAt } from "./market_hours.ts";
import { isoTime, type Provider, type Reading } from "./providers/provider.ts";
import type { Status } from "./quote.ts";
import { delayWords } from "./status_text.ts";

/** What a provider is to the others. */
export interface Role {
  /** Who serves in its place: null where it serves itself. */
  readonly standsByFor: string | null;
  /** What else is to be said of its quotes. */
  readonly remarks: readonly string[];
  /** About when it is asked again, in ms since the epoch. */
  readonly nextAskAt: number;
}

/** What is remembered of a provider's answers. */
export interface ProviderState {
  /**
   * It was asked.
   *
   * @param readings What it answered: none where it failed altogether.
   * @param failures What went wrong, by symbol.
   */
  asked(readings: readonly Reading[], failures: ReadonlyMap<string, string>): void;
  /** Its status now: null until it was asked. */
  status(): Status | null;
  /** When it is another one after `from`, unless it is heard, in milliseconds since the epoch. */
  changeTimes(from: number): number[];
}

/** A state, and when it came into it, in milliseconds since the epoch. */
interface Noticed {
  readonly state: Status["state"];
  readonly since: number;
}

/** What a provider's state needs. */
export interface ProviderStateOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  readonly spanAt: SpanAt;
  readonly provider: Provider;
  readonly upstream: Pick<Upstream, "health">;
  /** What it is to the others now. */
  readonly role: () => Role;
  /** How many times longer than usual the intervals are now. */
  readonly patience: () => number;
}

/** Creates the state of a provider that was never asked. */
export function createProviderState(
  { runtime: { clock, log }, spanAt, provider, upstream: { health }, role, patience }:
    ProviderStateOptions,
): ProviderState {
  const { name, title, symbols, intervalMs } = provider;
  const heard = new Map<string, Held>();
  const failed = new Map<string, string>();
  let noticed: Noticed | null = null;

  function markets(now: number): Freshness[] {
    return [...heard.values()].map((each) =>
      freshnessOf(spanAt, each, patience() * intervalMs, now)
    );
  }

  function isAllClosed(all: readonly Freshness[]): boolean {
    return all.length > 0 && all.every(({ session }) => session === "closed");
  }

  /**
   * A half-open breaker has not proved yet that the provider is back. While it stands by it is seldom asked: then silence
   * means nothing, unless it is how it answered.
   */
  function stateAt(now: number): Status["state"] {
    if (heard.size === 0 || health().breaker !== "closed") return "down";
    const all = markets(now);
    if (isAllClosed(all)) return "closed";
    const isSilent = all.every(({ isStale, session }) => isStale || session === "closed");
    if (isSilent && (failed.size > 0 || role().standsByFor === null)) return "stale";
    return [...heard.values()].some((each) => each.is_delayed) ? "delayed" : "live";
  }

  /** Silence and closing hours are noticed late, where nobody looks: their beginning is known. */
  function beginning(state: Status["state"], now: number): number {
    // Who was down had said so: what came before is over.
    if (noticed === null || noticed.state === "down") return now;
    if (state !== "stale" && state !== "closed") return now;
    const began = Math.max(...markets(now).map(({ since }) => since));
    return Math.min(now, Math.max(began, noticed.since));
  }

  /** `since` moves with the state alone. */
  function notice(now: number): Noticed {
    const state = stateAt(now);
    if (noticed?.state === state) return noticed;
    noticed = { state, since: beginning(state, now) };
    log[state === "down" ? "warn" : "info"](`${title} is ${state}`, {
      provider: name,
      reason: reasonOf(state),
    });
    return noticed;
  }

  /** It may answer, and say nothing new. */
  function isTalking(): boolean {
    const from = clock.now() - 2 * patience() * intervalMs;
    return [...heard.values()].some(({ received_at }) => Date.parse(received_at) > from);
  }

  function wordsOf(state: Status["state"]): string | null {
    switch (state) {
      case "down":
      case "stale":
        return failed.values().next().value ?? health().failure?.message ??
          `Nothing ${isTalking() ? "new " : ""}was heard for twice its interval`;
      case "closed":
        return "Its markets are closed";
      case "delayed":
        return delayWords([...heard.values()]);
      case "live":
        return null;
    }
  }

  function reasonOf(state: Status["state"]): string | null {
    const { standsByFor, remarks } = role();
    const isDown = state === "down";
    const words = standsByFor !== null && !isDown
      ? `Stands by while ${standsByFor} answers`
      : wordsOf(state);
    // What is wrong comes before what is so.
    const all = new Set(
      [...failed.values(), ...isDown ? [] : remarks, words].filter((each) => each !== null),
    );
    return all.size === 0 ? null : [...all].join("; ");
  }

  /** When who is left alone is tried again: not before its upstream allows it, and not before anybody is asked. */
  function nextTryTime(now: number): string | null {
    const { nextTryAt } = health();
    const at = nextTryAt === null ? null : Math.max(nextTryAt, role().nextAskAt);
    return at !== null && at > now ? isoTime(at) : null;
  }

  return {
    asked(readings, failures) {
      for (const reading of readings) {
        heard.set(reading.symbol, hold(reading, heard.get(reading.symbol), intervalMs));
        failed.delete(reading.symbol);
      }
      for (const [symbol, message] of failures) failed.set(symbol, message);
      notice(clock.now());
    },
    status() {
      if (noticed === null) return null;
      const now = clock.now();
      const { state, since } = notice(now);
      return {
        provider: name,
        symbols: [...symbols],
        state,
        since: isoTime(since),
        reason: reasonOf(state),
        breaker: health().breaker,
        next_try_at: nextTryTime(now),
      };
    },
    changeTimes: (from) => markets(from).map(({ until }) => until),
  };
}
