/**
 * Where a stream begins: what its cursor is worth, and what it has missed.
 *
 * @module
 */
import { comparePositions, isPosition, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
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
  judge(position: Position): Promise<Cursor>;
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
  { head, epoch, reached }: Pick<Intake, "head" | "epoch" | "reached">,
  isAway: () => boolean,
): Starts {
  /** What this isolate has not received only the log can judge. */
  function canJudge(position: Position): boolean {
    return !isAway() || comparePositions(position, head()) <= 0;
  }

  async function judge(position: Position): Promise<Cursor> {
    const isHonoured = await log.honours(position);
    return { position: isHonoured ? position : head(), isHonoured };
  }

  const resume: Starts["of"] = async (follows, hasAll, text, withSnapshot) => {
    const position = text && isPosition(text) ? text : null;
    const born = epoch();
    try {
      if (born !== null && hasAll && (position === null || canJudge(position))) {
        const cursor = position === null
          ? { position: head(), isHonoured: false }
          : await judge(position);
        const missed = await missedBy(reader, follows, cursor);
        // A snapshot from before the cursor would never be brought up to it.
        if (withSnapshot) await reached(cursor.position);
        // While this was read, another log may have begun, which knows nothing of it.
        if (epoch() === born) return { cursor, missed, isPlaced: true };
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown;
    }
    const cursor = position === null ? undefined : { position, isHonoured: true };
    return { cursor, missed: NOTHING, isPlaced: false };
  };

  return {
    judge,
    of(follows, hasAll, text, withSnapshot) {
      if (!text && hasAll && epoch() !== null) return AT_HEAD;
      return resume(follows, hasAll, text, withSnapshot);
    },
  };
}
