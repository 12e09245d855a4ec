/**
 * The poller of symbols that share providers: asks them, keeps what is known, tells what changed.
 *
 * @module
 */
import { messageOf } from "../../core/logger.ts";
import type { Runtime } from "../../core/runtime.ts";
import { createBook } from "./quote_cache.ts";
import { createChain } from "./failover.ts";
import { type ConnectedProvider, createCorrespondent } from "./provider_client.ts";
import type { SpanAt } from "./market_hours.ts";
import { keepPolling } from "./poll_loop.ts";
import { isoTime, type Provider } from "./providers/provider.ts";
import { createProviderState, type Role } from "./provider_state.ts";
import { createQuorum } from "./divergence.ts";
import type { Quote, Snapshot, Status } from "./quote.ts";
import { createSuccession } from "./failover_rules.ts";
import { createTeller, type Outlet } from "./change_publisher.ts";

/** What a poller needs. */
export interface PollerOptions {
  readonly runtime: Pick<Runtime, "clock" | "random" | "log">;
  readonly spanAt: SpanAt;
  /** In order: the first that gives a symbol serves it, as long as it can. Those who are first set the pace. */
  readonly providers: readonly ConnectedProvider[];
  readonly outlet: Outlet;
  /** Whether the quotes are to say that they are simulated. */
  readonly simulated: boolean;
  /** How far two sources may differ, in percent, before it is said. */
  readonly quorumBoundPct: number;
}

/** Says how things are at the time of serving. */
export interface Judge {
  /** A quote, fresh or stale as it is now. */
  judge(quote: Quote): Quote;
  /** How a provider is doing now. */
  judgeStatus(status: Status): Status;
  /** Whom the first answer is waited for. Empty once it came, or failed. */
  awaited(): readonly Status[];
}

/** Keeps quotes coming. It leaves the quotes and statuses of others as they are. */
export interface Poller extends Judge {
  /**
   * Polls from now on: at once where the last poll is a TTL ago. One start at a time.
   *
   * @param slowness How many times longer than usual its intervals are.
   * @returns What ends it.
   */
  start(slowness?: number): () => void;
  /** Resolves once what is known is no older than its TTL, or nobody could tell. It joins a poll that is under way. */
  refresh(): Promise<void>;
  /** When a client does well to ask again, in whole seconds. */
  readonly nextPollDelayS: number;
}

/** Those that are the first choice for some symbol. */
function firsts(providers: readonly Provider[]): Provider[] {
  return providers.filter(({ symbols }, position) =>
    symbols.some((symbol) =>
      !providers.slice(0, position).some((before) => before.symbols.includes(symbol))
    )
  );
}

/** Creates a poller that knows nothing and does nothing yet. */
export function createPoller(
  { runtime, spanAt, providers: connected, outlet, simulated, quorumBoundPct }: PollerOptions,
): Poller {
  const { clock, log } = runtime;
  const providers = connected.map(({ provider }) => provider);
  const pacemakers = firsts(providers);
  const intervalMs = Math.min(...pacemakers.map((each) => each.intervalMs));
  const closedIntervalMs = Math.min(
    ...pacemakers.map((each) => each.closedIntervalMs ?? each.intervalMs),
  );
  const ttlMs = Math.min(...pacemakers.map((each) => each.ttlMs));
  const succession = createSuccession(providers);
  const quorum = createQuorum(quorumBoundPct);
  const patience = () => slowness;
  const book = createBook({ clock, spanAt, providers, simulated, patience });
  const members = connected.map((each) => {
    const role = () => roleOf(each.provider);
    return createCorrespondent(
      log,
      each,
      createProviderState({ runtime, spanAt, role, patience, ...each }),
    );
  });
  const states = members.map(({ state }) => state);
  const tell = createTeller(log, known, outlet);
  let onHeard = () => {};
  const heard = () => onHeard();
  const chain = createChain({ clock, log, members, book, succession, quorum, tell, heard });
  const createdAt = clock.now();
  let toldAt = createdAt;
  let pollBeganAt = -Infinity;
  let polledAt = -Infinity;
  let polling: Promise<void> | null = null;
  let isRunning = false;
  let slowness = 1;

  function roleOf({ name, symbols }: Provider): Role {
    const served = symbols.filter((symbol) => succession.serving(symbol) === name);
    const other = served.length > 0
      ? undefined
      : providers.find((each) =>
        symbols.some((symbol) => succession.serving(symbol) === each.name)
      );
    return {
      standsByFor: other?.title ?? null,
      remarks: quorum.remarks(served),
      nextAskAt: pollBeganAt + slowness * intervalMs,
    };
  }

  function known(): Snapshot {
    toldAt = clock.now();
    return { quotes: book.quotes(), status: statuses() };
  }

  function statuses(): Status[] {
    return states.map((state) => state.status()).filter((status) => status !== null);
  }

  function awaited(): Status[] {
    return members
      .filter(({ provider, state }) => pacemakers.includes(provider) && state.status() === null)
      .map(({ provider: { name, symbols, title } }) => ({
        provider: name,
        symbols: [...symbols],
        state: "stale",
        since: isoTime(createdAt),
        reason: `Nothing was heard from ${title} yet`,
        breaker: "closed",
        next_try_at: null,
      }));
  }

  async function poll(): Promise<void> {
    await tell(); // what went stale while nobody watched, before it is fresh again
    pollBeganAt = clock.now();
    await chain.poll();
  }

  function refresh(): Promise<void> {
    if (polling === null && clock.now() - polledAt < ttlMs) return Promise.resolve();
    polling ??= poll()
      .catch((thrown) => log.error("A poll broke off", { reason: messageOf(thrown) }))
      .finally(() => {
        polledAt = clock.now();
        polling = null;
      });
    return polling;
  }

  /** After what was told last, so that nothing is passed over that changes while that is being published. */
  function nextChangeTime(): number | null {
    const times = [
      ...book.changeTimes(toldAt),
      ...states.flatMap((state) => state.changeTimes(toldAt)),
    ];
    const next = Math.min(...times);
    return Number.isFinite(next) ? next : null;
  }

  function isClosed(): boolean {
    const quotes = book.quotes();
    return quotes.length > 0 && quotes.every(({ session }) => session === "closed");
  }

  return {
    start(times = 1) {
      slowness = times;
      isRunning = true;
      const running = keepPolling(runtime, {
        intervalMs: () => times * (isClosed() ? closedIntervalMs : intervalMs),
        ttlMs: times * ttlMs,
        opensAt: () => isClosed() ? nextChangeTime() : null,
        polledAt: () => polledAt,
        refresh,
        tell,
        nextChangeTime,
      });
      onHeard = running.heard;
      return () => {
        isRunning = false;
        running.stop();
      };
    },
    refresh,
    judge: book.judge,
    judgeStatus(status) {
      // Who does not ask knows nothing better than what it was told.
      const own = members.find(({ provider }) => provider.name === status.provider);
      return (isRunning ? own?.state.status() : null) ?? status;
    },
    awaited,
    nextPollDelayS: Math.max(1, Math.ceil(intervalMs / 1000)),
  };
}
