/**
 * Clients that stand behind the windows, or may: they are given pages of the log.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { StoreUnavailable } from "../store/errors.ts";
import type { ClientStream, EndReason, SharedCursor } from "./client_stream.ts";
import { isBehind, type LogReader, type Loss } from "./replay.ts";
import { encodeGaps } from "./initial_frames.ts";
import { type Follow, joinBytes } from "./merge.ts";

/** What giving pages needs of an audience. */
export interface PagingContext {
  readonly clock: Clock;
  readonly follows: readonly Follow[];
  readonly readLog: LogReader["read"];
  /** About the most that is given at once, in bytes. */
  readonly pieceBytes: number;
  /** Where the audience stands. */
  readonly position: () => Position;
  readonly give: (
    client: ClientStream,
    chunk: Uint8Array,
    next: SharedCursor,
    events: number,
  ) => void;
  readonly end: (client: ClientStream, reason: EndReason) => void;
  /** Told of what must not happen. */
  readonly onFault: (thrown: unknown) => void;
}

/** Whether something after a place has left one of the windows. */
export function isAnyBehind(follows: readonly Follow[], position: Position): boolean {
  return follows.some((follow) => isBehind(follow, position));
}

/**
 * Creates what gives a client pages, as long as it has room and stands behind.
 *
 * @returns Whether what comes next may be given at once: not where the log does not answer, or the client was let go of.
 */
export function createPaging(
  { clock, follows, readLog, pieceBytes, position, give, end, onFault }: PagingContext,
): (client: ClientStream) => Promise<boolean> {
  /** Says what is gone through no fault of the client's. */
  function miss(client: ClientStream, losses: readonly Loss[]): void {
    const after = client.standing.position;
    client.told = new Map([
      ...client.told,
      ...losses.map(({ topic, lost }) => [topic, lost] as const),
    ]);
    client.lastFrameAt = clock.now();
    client.send(encodeGaps(losses.map(({ topic, oldest }) => ({ topic, after, before: oldest }))));
  }

  return async (client) => {
    client.isPaging = true;
    try {
      while (
        client.isPlaced && client.isWritable() && isAnyBehind(follows, client.standing.position)
      ) {
        const own = client.standing;
        const from = own.position;
        const to = position();
        if (comparePositions(from, to) >= 0) break;
        const reading = await readLog(follows, from, to, pieceBytes, client.told);
        if (client.standing !== own) break; // its place was given up while a page was read
        if ("events" in reading) {
          const { events, to: position } = reading;
          give(client, joinBytes(events), { position }, events.length);
        } else if (reading.every(({ lost }) => comparePositions(lost, client.mayMissTo) <= 0)) {
          miss(client, reading);
        } else {
          end(client, "slow");
          return false;
        }
      }
      return client.isWritable();
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable) return false; // it keeps its place, and is looked after again
      onFault(thrown);
      end(client, "fault");
      return false;
    } finally {
      client.isPaging = false;
    }
  };
}
