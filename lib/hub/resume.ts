/**
 * Where a stream begins: what its cursor is worth, and what it has missed.
 *
 * @module
 */
import { comparePlaces, isPlace, type Place } from "../core/position.ts";
import { StoreAway } from "../store/errors.ts";
import type { EventLog } from "../store/event_log.ts";
import type { Intake } from "./log_consumer.ts";
import type { LogReader } from "./replay.ts";
import { type Cursor, type Missed, missedBy } from "./initial_frames.ts";
import type { Follow } from "./merge.ts";

/** Where a stream begins. */
export interface Start {
  /** Undefined where the client has none. */
  readonly cursor: Cursor | undefined;
  readonly missed: Missed;
  /** False where the log did not answer: then the cursor is taken at its word. */
  readonly isPlaced: boolean;
}

/** Finds where streams begin. */
export interface Starts {
  /** What a cursor is worth. Rejects where the log does not say. */
  judge(place: Place): Promise<Cursor>;
  /**
   * Where a stream begins that comes with this cursor, if it has one: at once, where it has none.
   *
   * @param hasAll Whether its windows have what the log keeps.
   */
  of(
    follows: readonly Follow[],
    hasAll: boolean,
    text: string | undefined,
    withSnapshot: boolean,
  ): Start | Promise<Start>;
}

const NOTHING: Missed = { gaps: [], told: new Map() };

/** Where who comes without a cursor begins. */
const AT_HEAD: Start = { cursor: undefined, missed: NOTHING, isPlaced: true };

/** Creates what finds where streams begin. */
export function createStarts(
  log: Pick<EventLog, "honours">,
  reader: LogReader,
  { head, birth, reached }: Pick<Intake, "head" | "birth" | "reached">,
  isAway: () => boolean,
): Starts {
  /** What this isolate has not received only the log can judge. */
  function canJudge(place: Place): boolean {
    return !isAway() || comparePlaces(place, head()) <= 0;
  }

  async function judge(place: Place): Promise<Cursor> {
    const isHonoured = await log.honours(place);
    return { place: isHonoured ? place : head(), isHonoured };
  }

  const resume: Starts["of"] = async (follows, hasAll, text, withSnapshot) => {
    const place = text && isPlace(text) ? text : null;
    const born = birth();
    try {
      if (born !== null && hasAll && (place === null || canJudge(place))) {
        const cursor = place === null ? { place: head(), isHonoured: false } : await judge(place);
        const missed = await missedBy(reader, follows, cursor);
        // A snapshot from before the cursor would never be brought up to it.
        if (withSnapshot) await reached(cursor.place);
        // While this was read, another log may have begun, which knows nothing of it.
        if (birth() === born) return { cursor, missed, isPlaced: true };
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreAway)) throw thrown;
    }
    const cursor = place === null ? undefined : { place, isHonoured: true };
    return { cursor, missed: NOTHING, isPlaced: false };
  };

  return {
    judge,
    of(follows, hasAll, text, withSnapshot) {
      if (!text && hasAll && birth() !== null) return AT_HEAD;
      return resume(follows, hasAll, text, withSnapshot);
    },
  };
}
