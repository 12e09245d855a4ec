/**
 * The interval at which runs append to the log, because each append costs commands.
 *
 * @module
 */

/** The share of its age that passes between two appends of a run. A run of a minute has 37 of them in Redis. */
const APPENDS_PER_AGE = { redis: 6, memory: 50 } as const;

/**
 * The appends of all runs of this isolate to a shared log, by the second. A busy isolate receives about so many events
 * from the log's one connection: more would delay every other event behind them.
 */
const MAX_APPENDS_PER_SECOND = 100;

/** Returns the time between two appends of a run that has an age, both in milliseconds. */
export function appendIntervalMs(
  ageMs: number,
  { storeKind, flushMs, openRuns }: {
    readonly storeKind: keyof typeof APPENDS_PER_AGE;
    readonly flushMs: number;
    /** The open runs of this isolate. */
    readonly openRuns: number;
  },
): number {
  const shareMs = storeKind === "redis" ? 1000 * openRuns / MAX_APPENDS_PER_SECOND : 0;
  return Math.max(flushMs, ageMs / APPENDS_PER_AGE[storeKind], shareMs);
}
