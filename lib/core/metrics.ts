/**
 * What happens, for who counts it: domain events, in words of fixed sets. Nothing a caller sends becomes a label.
 *
 * @module
 */

/** The metric kind of a topic that names none. */
export const OTHER_KIND = "other";

/** The metric kind of a stream of topics of more than one kind. */
export const SEVERAL_KINDS = "several";

/** Returns the metric kind of a stream of these topics. */
export function kindOfStream(topics: readonly { readonly metricKind: string }[]): string {
  const [kind = OTHER_KIND, ...more] = new Set(topics.map(({ metricKind }) => metricKind));
  return more.length === 0 ? kind : SEVERAL_KINDS;
}

/** Why streams end: what `bye` says, or `gone` where the client left by itself. */
export const END_REASONS = [
  "drain",
  "max_age",
  "finished",
  "slow",
  "revoked",
  "fault",
  "gone",
] as const;

/** Why streams are refused. */
export const REFUSAL_REASONS = ["isolate", "client", "rate", "drain"] as const;

/**
 * What becomes of a publication.
 *
 * | outcome    | means                                                       |
 * | ---------- | ----------------------------------------------------------- |
 * | `appended` | it is in the log                                            |
 * | `repeated` | it came before, under the same key, and is in the log once  |
 * | `conflict` | its key came before, with another body                      |
 * | `fenced`   | another isolate leads by now                                |
 * | `refused`  | its type, shape or size is not what the topic takes         |
 * | `away`     | the shared store did not answer                             |
 * | `fault`    | ours                                                        |
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

/** What becomes of a call to a provider: `ok`, or how it failed (`upstream/failure.ts`). */
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

/** The states of a breaker (`upstream/breaker.ts`). */
export const BREAKER_STATES = ["closed", "half-open", "open"] as const;

/** The states of a task that is open (`topics/tasks/task.ts`). */
export const TASK_STATES = ["waiting", "claimed", "running"] as const;

/** What becomes of a task: its two ends, and `lapsed`, where its worker was not heard of and it waits for another. */
export const TASK_OUTCOMES = ["completed", "failed", "lapsed"] as const;
/** Ways to ask that are to go (`http/deprecation.ts`). */
export const DEPRECATED_USES = ["session_long_poll"] as const;

/** What becomes of a publication. */
export type PublishOutcome = typeof PUBLISH_OUTCOMES[number];

/** A way to ask that is to go. */
export type DeprecatedUse = typeof DEPRECATED_USES[number];

/** Counts what happens. Its methods return at once and never throw. A `topic` is the metric kind of a topic or a stream. */
export interface Metrics {
  /** A stream was opened. */
  opened(topic: string): void;
  /** A stream ended. */
  closed(topic: string, reason: typeof END_REASONS[number]): void;
  /** A stream was refused, since a budget or a rate is used up, or we are going. */
  refused(reason: typeof REFUSAL_REASONS[number]): void;
  /** Events were published together, or were to be. */
  published(topic: string, outcome: PublishOutcome, events: number): void;
  /** A provider was called. */
  called(provider: string, outcome: typeof CALL_OUTCOMES[number]): void;
  /** Something was asked in a way that is to go. */
  deprecated(use: DeprecatedUse): void;
  /** A provider has a breaker, which tells its state whenever it is asked. */
  guarded(provider: string, state: () => typeof BREAKER_STATES[number]): void;
  /** Something became of a task. */
  tasked(outcome: typeof TASK_OUTCOMES[number]): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = Object.freeze({
  opened() {},
  closed() {},
  refused() {},
  published() {},
  called() {},
  deprecated() {},
  guarded() {},
  tasked() {},
});

/** How the streams of one kind are doing. */
export interface StreamFigures {
  /** Streams that have not ended. */
  readonly open: number;
  /** Those that are owed something they had no room for yet. */
  readonly lagging: number;
  /** Those that have had no room for {@linkcode HUNG_MS}. */
  readonly hung: number;
  /** Events handed to clients since the start, once for each client: by streams that have ended too. */
  readonly delivered: number;
}

/** A stream without room hangs from then on, in milliseconds: a sixth of the time after which it is let go. */
export const HUNG_MS = 10_000;

/** The tasks that are open, on whatever isolate. */
export interface Queue {
  readonly counts: Readonly<Record<typeof TASK_STATES[number], number>>;
  /** Since when the oldest of those that wait is there, in seconds: 0 where none waits. */
  readonly oldestAgeS: number;
}

/** What is not counted as it happens, but looked at when somebody asks. */
export interface Figures {
  readonly streams: ReadonlyMap<string, StreamFigures>;
  /** Seats that are taken: also by streams that have ended and whose sockets the system has not let go of. */
  readonly slots: { readonly inUse: number; readonly limit: number };
  readonly store: { readonly isUp: boolean; readonly commands: number };
  readonly queue: Queue;
}
