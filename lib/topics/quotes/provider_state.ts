/**
 * How a provider is doing, in words a user can be shown.
 *
 * @module
 */
import type { World } from "../../core/world.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { staleTime } from "./freshness.ts";
import { isoTime, type Provider } from "./provider.ts";
import type { Status } from "./quote.ts";

/** What is remembered of a provider's answers. */
export interface ProviderState {
  /**
   * It was asked.
   *
   * @param heardAt When it last gave a good answer, null where this time it gave none.
   * @param failure What went wrong with all or a part of it, null where nothing did.
   */
  asked(heardAt: number | null, failure: string | null): void;
  /** It was not asked, since another came first. */
  standBy(other: string): void;
  /** Its status now: null until it was asked. */
  status(): Status | null;
  /** When it becomes stale unless it is heard again, in milliseconds since the epoch: null where that cannot be. */
  staleTime(): number | null;
}

/** A state, and when it came into it, in milliseconds since the epoch. */
interface Noticed {
  readonly state: Status["state"];
  readonly since: number;
}

/** Creates the state of a provider that was never asked. */
export function createProviderState(
  { clock, log }: Pick<World, "clock" | "log">,
  { name, title, symbols, intervalMs }: Provider,
  { health }: Pick<Upstream, "health">,
): ProviderState {
  let heardAt: number | null = null;
  let failure: string | null = null;
  let standsBy: string | null = null;
  let noticed: Noticed | null = null;

  function silentFrom(): number | null {
    return heardAt === null || standsBy !== null ? null : staleTime(heardAt, intervalMs);
  }

  /** A half-open breaker has not proved yet that the provider is back. While it stands by, silence means nothing. */
  function stateAt(now: number): Status["state"] {
    if (heardAt === null || health().breaker !== "closed") return "down";
    const silent = silentFrom();
    return silent !== null && now >= silent ? "stale" : "live";
  }

  /** `since` moves with the state alone. Silence is noticed late, where nobody looks: its beginning is known. */
  function notice(now: number): Noticed {
    const state = stateAt(now);
    if (noticed?.state === state) return noticed;
    const fellSilent = state === "stale" && noticed?.state === "live";
    noticed = { state, since: fellSilent ? silentFrom() ?? now : now };
    log[state === "down" ? "warn" : "info"](`${title} is ${state}`, {
      provider: name,
      reason: reasonOf(state),
    });
    return noticed;
  }

  function reasonOf(state: Status["state"]): string | null {
    if (standsBy !== null) return `Stands by while ${standsBy} answers`;
    if (failure !== null || state === "live") return failure;
    return health().failure?.message ?? "Nothing was heard for twice its interval";
  }

  return {
    asked(heard, went) {
      heardAt = heard ?? heardAt;
      failure = went;
      standsBy = null;
      notice(clock.now());
    },
    standBy(other) {
      if (noticed !== null) standsBy = other;
    },
    status() {
      if (noticed === null) return null;
      const now = clock.now();
      const { state, since } = notice(now);
      const { breaker, nextTryAt } = health();
      return {
        provider: name,
        symbols: [...symbols],
        state,
        since: isoTime(since),
        reason: reasonOf(state),
        breaker,
        next_try_at: nextTryAt !== null && nextTryAt > now ? isoTime(nextTryAt) : null,
      };
    },
    staleTime: silentFrom,
  };
}
