/**
 * The metrics interface: domain events with labels from fixed sets. Nothing that a client sends becomes a label.
 *
 * @module
 */

/** The metric kind of a topic that is defined without one. */
export const OTHER_KIND = "other";

/** The metric kind of a stream of topics of more than one kind. */
export const SEVERAL_KINDS = "several";

/** Returns the metric kind of a stream: that of its topics, or {@linkcode SEVERAL_KINDS} if their kinds differ. */
export function kindOfStream(topics: readonly { readonly metricKind: string }[]): string {
  const [kind = OTHER_KIND, ...otherKinds] = new Set(topics.map(({ metricKind }) => metricKind));
  return otherKinds.length === 0 ? kind : SEVERAL_KINDS;
}

/** The reasons for which streams end: those of the frame `bye`, and `gone` if the client disconnected. */
export const END_REASONS = [
  "drain",
  "max_age",
  "finished",
  "slow",
  "revoked",
  "fault",
  "gone",
] as const;

/** The reasons for which streams are refused. */
export const REFUSAL_REASONS = ["isolate", "client", "rate", "drain"] as const;

/**
 * The outcomes of a publication.
 *
 * | outcome    | means                                                       |
 * | ---------- | ----------------------------------------------------------- |
 * | `appended` | it is in the log                                            |
 * | `repeated` | its key is known, and it is in the log once                 |
 * | `conflict` | its key is known with another body                          |
 * | `fenced`   | another isolate holds the lease                             |
 * | `refused`  | the topic does not accept its type, shape or size           |
 * | `away`     | the shared store is unavailable                             |
 * | `fault`    | an error of the server                                      |
 */
export const PUBLISH_OUTCOMES = [
  "appended",
  "repeated",
  "conflict",
  "fenced",
  "refused",
  "away",
  "fault",
] as const;

/** The outcomes of a call to a provider: `ok`, or the kind of the failure (explained in `upstream/failure.ts`). */
export const CALL_OUTCOMES = [
  "ok",
  "timeout",
  "too_large",
  "blocked",
  "network",
  "http",
  "type",
  "shape",
  "waiting",
] as const;

/** The states of a circuit breaker (`upstream/breaker.ts`). */
export const BREAKER_STATES = ["closed", "half-open", "open"] as const;

/** An outcome of a publication. */
export type PublishOutcome = typeof PUBLISH_OUTCOMES[number];

/**
 * Counts events. Each method is named for its event, is synchronous and never throws. `topic` is the metric kind of a topic
 * or a stream.
 */
export interface Metrics {
  /** Counts an opened stream. */
  opened(topic: string): void;
  /** Counts an ended stream. */
  closed(topic: string, reason: typeof END_REASONS[number]): void;
  /** Counts a stream that was refused by the budget, by a rate limit, or while the isolate drains. */
  refused(reason: typeof REFUSAL_REASONS[number]): void;
  /** Counts the events of one publication. */
  published(topic: string, outcome: PublishOutcome, events: number): void;
  /** Counts a call to a provider. */
  called(provider: string, outcome: typeof CALL_OUTCOMES[number]): void;
  /** Counts a request that uses a deprecated feature. */
  deprecated(use: string): void;
  /** Registers a provider's circuit breaker. `state` is called for each scrape. */
  guarded(provider: string, state: () => typeof BREAKER_STATES[number]): void;
  /** Counts an ended task or an expired claim. */
  tasked(outcome: string): void;
  /** Counts an ended answer of a chat. */
  answered(outcome: string): void;
}

/** Metrics that count nothing. */
export const noMetrics: Metrics = Object.freeze({
  opened() {},
  closed() {},
  refused() {},
  published() {},
  called() {},
  deprecated() {},
  guarded() {},
  tasked() {},
  answered() {},
});

/** The figures of the streams of one kind. */
export interface StreamFigures {
  /** Streams that have not ended. */
  readonly open: number;
  /** Streams with pending events. */
  readonly lagging: number;
  /** Streams blocked for {@linkcode HUNG_MS} or longer. */
  readonly hung: number;
  /** Events delivered since the start, once per client, including those of ended streams. */
  readonly delivered: number;
}

/** The time after which a blocked stream counts as hung, in milliseconds. The hub ends a blocked stream later. */
export const HUNG_MS = 10_000;

/** The open tasks of all isolates. */
export interface QueueStats {
  /** The number of tasks in each open state. */
  readonly counts: Readonly<Record<string, number>>;
  /** The age of the oldest waiting task in seconds, 0 if none is waiting. */
  readonly oldestAgeS: number;
}

/** The figures that are read for each scrape, instead of being counted as events. */
export interface Figures {
  readonly streams: ReadonlyMap<string, StreamFigures>;
  /** Slots in use, including those of ended streams whose sockets are not free yet. */
  readonly slots: { readonly inUse: number; readonly limit: number };
  readonly store: { readonly isUp: boolean; readonly commands: number };
  readonly queue: QueueStats;
  /** The answers of chats that this isolate produces. */
  readonly openRuns: number;
}
