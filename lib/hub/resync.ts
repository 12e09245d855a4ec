/**
 * Clients that came while the log did not answer, and those whose log was lost: they are given a place as soon as it is
 * known.
 *
 * @module
 */
import type { Clock } from "../core/clock.ts";
import type { Place } from "../core/position.ts";
import { StoreAway } from "../store/errors.ts";
import { encodeFrames, type Frame } from "../wire/sse.ts";
import type { Audience } from "./broadcast_group.ts";
import type { ClientStream } from "./client_stream.ts";
import { heartbeat } from "./heartbeat.ts";
import { type Cursor, gapFrames, type Missed, missedBy, topicFrames } from "./initial_frames.ts";
import type { LogReader } from "./replay.ts";
import type { Starts } from "./resume.ts";
import type { Windows } from "./windows.ts";

/** How long until the log is asked again that did not answer, in milliseconds. */
const AGAIN_MS = 1000;

/** A client without a place. */
export interface Unplaced {
  readonly client: ClientStream;
  readonly audience: Audience;
  /** The place it came with, null where it has none. */
  readonly cursor: Place | null;
  /** Where another log began, if that is why. */
  readonly birth: Place | null;
}

/** Places clients. */
export interface Placing {
  add(unplaced: Unplaced): void;
  /** Those who wait are nobody but these. */
  restart(all: readonly Unplaced[]): void;
  /** Places all it can, now. */
  run(): void;
  stop(): void;
}

/** What placing needs. */
export interface PlacingContext {
  readonly clock: Clock;
  readonly windows: Pick<Windows, "refill" | "isFilled">;
  readonly reader: LogReader;
  readonly head: () => Place;
  /** Whether this isolate stands in the log, and that is not known to be away. */
  readonly isReadable: () => boolean;
  readonly starts: Pick<Starts, "judge">;
  readonly onFault: (thrown: unknown) => void;
}

/** Log topics of a client's. */
function hasLogs({ audience: { follows } }: Unplaced): boolean {
  return follows.some(({ window }) => window.topic.kind === "log");
}

/** What a client is told with its place. A log that begins anew says so by the id of its last gap. */
function framesOf(
  { audience: { follows }, birth }: Unplaced,
  { isHonoured, place }: Cursor,
  { gaps }: Missed,
  now: number,
): Frame[] {
  const told = gapFrames(gaps);
  if (isHonoured) return told;
  const last = told.length - 1;
  return [
    ...told.map((frame, i) => birth !== null && i === last ? { ...frame, id: birth } : frame),
    ...follows.flatMap(topicFrames),
    heartbeat(place, now),
  ];
}

/** Creates a waiting room nobody is in. */
export function createPlacing(context: PlacingContext): Placing {
  const { clock, windows, reader, head, isReadable, starts, onFault } = context;
  const waiting = new Set<Unplaced>();
  let isRunning = false;
  let callOff: (() => void) | undefined;

  /** Where a client begins whose cursor is worth nothing: all of a new log's events are new to it, or its snapshot tells. */
  function beginning(each: Unplaced): Place {
    return each.birth !== null && hasLogs(each) ? each.birth : head();
  }

  async function cursorOf(each: Unplaced): Promise<Cursor> {
    if (each.cursor !== null) return await starts.judge(each.cursor);
    return { place: beginning(each), isHonoured: false };
  }

  /** Whether it can be told its place now. Who has no room waits, as long as it may. */
  function canPlace({ client, audience: { follows } }: Unplaced): boolean {
    return client.hasRoom() && windows.isFilled(follows.map(({ window }) => window.topic));
  }

  async function place(each: Unplaced): Promise<void> {
    if (!canPlace(each)) return;
    const { client, audience } = each;
    const judged = await cursorOf(each);
    const missed = await missedBy(reader, audience.follows, judged);
    // While this was read, the log may have been lost once more.
    if (!canPlace(each) || !waiting.delete(each)) return;
    const cursor = judged.isHonoured ? judged : { ...judged, place: beginning(each) };
    const frames = framesOf(each, cursor, missed, clock.now());
    audience.place(client, cursor.place, missed.told, encodeFrames(...frames));
  }

  async function placeAll(): Promise<void> {
    for (const each of waiting) if (each.client.index < 0) waiting.delete(each);
    if (waiting.size === 0 || !isReadable()) return;
    await windows.refill();
    const results = await Promise.allSettled([...waiting].map(place));
    const failed = results.filter((each) => each.status === "rejected");
    // One fault tells as much as many of the same.
    const fault = failed.find(({ reason }) => !(reason instanceof StoreAway));
    if (fault) throw fault.reason;
  }

  function again(): void {
    callOff ??= clock.after(AGAIN_MS, () => {
      callOff = undefined;
      run();
    });
  }

  async function run(): Promise<void> {
    if (isRunning || waiting.size === 0) return;
    isRunning = true;
    try {
      await placeAll();
    } catch (thrown) {
      onFault(thrown);
    }
    isRunning = false;
    if (waiting.size > 0) again();
  }

  return {
    add(unplaced) {
      waiting.add(unplaced);
      again();
    },
    restart(all) {
      waiting.clear();
      for (const each of all) waiting.add(each);
      void run();
    },
    run: () => void run(),
    stop() {
      waiting.clear();
      callOff?.();
      callOff = undefined;
    },
  };
}
